"""The page New scenario: every step, what keeps it closed, and the scenario at the end."""

import json
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

from app_pages.widgets.starting.benchmark_files import mapping_of_benchmark_rows
from planner.export.input_workbook import write_scenario_input_workbook
from planner.scenario.archive import zip_scenario
from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.scenario.upload import store_upload
from tests.support.page.new_page import (
    entered,
    field,
    give_files,
    next_step,
    pressed,
    step_of,
    to_curves,
)
from tests.support.page.page_app import opened, settle, solved, unescaped
from tests.support.scenarios.benchmark_files import vllm

GPU = "A100-PCIe-80GB"
PROFILES = {"profiles.csv": TEMPLATE_TEXTS["profiles.csv"]}
SCORES = {"scores.csv": TEMPLATE_TEXTS["scores.csv"]}
LOG = "time,class,input_tokens\n" + "".join(
    f"{60 * k},{'chat' if k % 3 else 'code'},100\n" for k in range(180)
)


def with_curves() -> AppTest:
    """At step 4, with the curves of the template."""
    app = give_files(to_curves("small", "large"), "new-runs", PROFILES)
    assert "6 points of 2 options" in unescaped(app)
    return next_step(app)


def with_scores() -> AppTest:
    """At step 5, with scores of one's own."""
    app = entered(with_curves(), scores_from="upload")
    return next_step(give_files(app, "new-scores", SCORES))


def finished(app: AppTest) -> AppTest:
    """The scenario made and solved; the draft is on its last step."""
    assert step_of(app) == "7. Solve"
    pressed(app, "finish-draft")
    return solved(settle(app, "upload"))


def test_nothing_leads_on_from_an_empty_step() -> None:
    app = next_step(opened("new"))
    assert step_of(app) == "1. GPUs"
    assert "no GPU type is chosen" in unescaped(app)
    app = entered(app, gpus=["H100-SXM-80GB", "my own"])
    assert "no GPU type" not in unescaped(app)
    app = next_step(app)
    assert "pools.1.gpu: the GPU is not in the catalogue" in unescaped(app)
    app = next_step(entered(app, **{"memory_my own": 40.0, "nodes_my own": None}))
    assert "pools.1.nodes" in unescaped(app)
    app = next_step(entered(app, **{"nodes_my own": 2}))
    assert step_of(app) == "2. LLMs"
    app = next_step(app)
    assert "no LLM is chosen" in unescaped(app)
    assert "nothing says which of them run" in unescaped(next_step(entered(app, llms=["small"])))
    assert step_of(pressed(app, "back-step")) == "1. GPUs"
    assert field(app, "nodes my own").value == 2


def test_estimate_stand_in_and_one_rate_become_a_plan() -> None:
    """And what was entered stays while another page is looked at."""
    app = entered(to_curves("llama-3.2-3b"), degrees=[1])
    draft = app.session_state["draft"]
    draft.step = 1
    app.run()
    app = entered(app, all_run=True)
    app = next_step(next_step(app))
    assert "there is no curve of this LLM" in unescaped(app)
    app = settle(pressed(app, "start-estimate"), "new-estimate").run()
    assert "1 options estimated" in unescaped(app)
    app = next_step(app)
    assert "there are no scores" in unescaped(next_step(app))
    app = settle(entered(app, scores_from="example"), "new-named-scores")
    assert "These scores are a stand-in" in unescaped(app)
    app = next_step(next_step(app))
    assert "the arrival rate is blank" in unescaped(app)
    app = next_step(entered(app, rate=3.0))
    app.switch_page("views/compare.py").run()
    app.switch_page("views/new.py").run()
    app = next_step(app)
    assert "SLOs:row 1: the limit is blank" in unescaped(app)
    assert "nothing says over what it holds" in unescaped(app)
    app = entered(app, slo_0_limit=2000.0, slo_0_scope="all", objective="cost")
    second = pressed(app, "add-slo")
    usual = {"slo 1 metric": "tpot", "slo 1 statistic": "mean", "slo 1 scope": "all"}
    assert {name: field(second, name).value for name in usual} == usual
    app = pressed(second, "remove-slo")
    assert "the quality to be reached is blank" in unescaped(next_step(app))
    assert "Mean made-up score of one LLM alone: llama-3.2-3b" in unescaped(app)
    app = pressed(pressed(app, "usual-floor"), "usual-headroom")
    mean = float(unescaped(app).split("alone: llama-3.2-3b ")[1][:5])
    assert abs(field(app, "floor").value - mean) < 1e-3  # that of the only LLM
    app = entered(app, floor=0.1)
    assert (field(app, "headroom rate").value, field(app, "headroom slo").value) == (20.0, 20.0)
    app = next_step(entered(app, headroom_slo=None))
    assert "3 req/s" in unescaped(app)
    assert "LLMs, each must run: llama-3.2-3b" in unescaped(app)
    assert "at least 0.1; planned for 20 % more requests" in unescaped(app)
    app = finished(app)
    shown = app.session_state["shown"].content
    assert shown["scenario"] == "my-cluster, stand-in scores"
    assert shown["status"] == "optimal"
    assert shown["slo"][0]["scope"] == "all"
    assert shown["objective"]["of"] == "cost"
    assert shown["context"]["scores_provenance"] == "placeholder"
    assert shown["context"]["headroom"]["rate_pct"] == 20.0
    for view in ("plan", "export", "router"):
        app.switch_page(f"views/{view}.py").run()
        assert "The scores are a stand-in" in app.warning[0].value, view


def test_benchmark_files_are_mapped_and_read() -> None:
    app = to_curves("qwen3-8b")
    runs = {
        f"run-tp2-{rate}.json": json.dumps(vllm(request_rate=rate, request_throughput=rate))
        for rate in (2.0, 4.0)
    }
    app = give_files(app, "new-runs", runs)
    assert "Held against your measurements" in unescaped(app)
    # One GPU type, degree in the names, whole GPUs by default: nothing lacks.
    assert "2 points of 1 option:" in unescaped(app)
    points = app.session_state["draft"].values["measured"].frame
    assert list(points["tp_degree"]) == [2, 2]
    assert set(points["gpu"]) == {GPU}
    assert step_of(next_step(app)) == "4. Scores"


def test_measured_curves_that_slos_leave_out_are_said_and_estimated_instead() -> None:
    """Without p95 TTFT in the files, the LLM is estimated where that is wanted, and only there."""
    lacking = {f"p{p}_ttft_ms": "absent" for p in (90, 95, 99)} | {"median_ttft_ms": "absent"}
    app = to_curves("llama-3.2-3b", gpu="H100-SXM-80GB")
    draft = app.session_state["draft"]
    draft.values |= {"degrees": [1], "rate": 1.0, "scores from": "example"}
    files = {"run-tp1.json": json.dumps(vllm(model_id="llama-3.2-3b", **lacking))}
    app = give_files(app, "new-runs", files)
    assert "1 point of 1 option:" in unescaped(app)
    assert "Everything was measured" in unescaped(app)
    draft.step = 5
    app.run()
    left = "llama-3.2-3b on H100-SXM-80GB (TP 1): no p95 TTFT, which an SLO limits"
    assert left not in unescaped(app)
    app = entered(app, slo_0_limit=2000.0, slo_0_scope="each_llm")
    assert left in unescaped(app)
    assert "No other curve of llama-3.2-3b: no plan can use it" in unescaped(app)
    draft.values["estimate all"] = True  # the tick of step 3
    app = next_step(app.run())
    assert "1 pair of LLM and GPU type is to be estimated and is not yet" in unescaped(app)
    draft.values["estimate all"] = False
    app = settle(pressed(app.run(), "start-estimate"), "new-estimate").run()
    assert draft.values["estimate all"]
    assert "Estimated, as the files lack what an SLO limits" in unescaped(app)
    assert "no plan can use it" not in unescaped(app)
    app = next_step(app)
    assert step_of(app) == "7. Solve"
    assert "Curves of options: 1 estimated" in unescaped(app)
    draft.step = 5
    app = entered(app.run(), slo_0_statistic="mean")
    assert left not in unescaped(app)
    app = next_step(app)
    assert "Curves of options: 1 measured" in unescaped(app)


def test_files_say_their_losses_and_lengths_and_a_degree_that_cannot_hold_the_llm() -> None:
    """One LLM and one degree for all files that name none; two runs of different lengths."""
    app = to_curves("llama-3.3-70b", "qwen3-8b", gpu="H100-SXM-80GB")
    longer = {"total_input_tokens": 2_000_000, "num_prompts": 2000}
    unnamed = vllm(model_id="absent", tokenizer_id="absent", num_prompts=300, completed=300)
    runs = {"a.json": json.dumps(unnamed), "b-tp1.json": json.dumps(vllm(**longer))}
    app = give_files(app, "new-runs", runs)
    assert "Which LLM answered in the other run?" in [one.label for one in app.selectbox]
    app = next_step(app)
    for what in ("LLM", "TP degree"):
        assert f"Benchmark files: nothing says the {what} of the other run" in unescaped(app)
    assert app.session_state["draft"].values["measured"] is None
    app = settle(entered(app, measured_llm="llama-3.3-70b", measured_tp=1), "new-curves").run()
    said = unescaped(app)
    assert "llama-3.3-70b needs 131 GiB, and 1 x H100-SXM-80GB hold 72" in said
    assert "2 files read; 2 points taken" in said
    [became] = [one for one in app.expander if one.label.startswith("What became")]
    assert became.label == "What became of each file (2 files, 1 with notices)"
    assert not became.proto.expanded
    counts = {name: said.count(f"{name}: vLLM") for name in ("a.json", "b-tp1.json")}
    assert sorted(counts.values()) == [1, 2], "in sight is the file with a notice alone"
    shown = " ".join(one.value for one in app.caption)
    assert "above is their middle" in shown
    assert "qwen3-8b 1,000 / 33" in shown
    app = entered(app, input_tokens=500)
    assert not any("Taken from your files" in one.value for one in app.caption)
    app = settle(entered(app, measured_tp=2), "new-curves").run()
    assert "llama-3.3-70b needs" not in unescaped(app)


def test_rows_of_files_say_whether_they_are_used() -> None:
    edited = pd.DataFrame(
        [(True, "a", 2.0), (False, None, None)], columns=["use", "llm", "tp"]
    ).assign(gpu=None, share=None, replicas=None)
    rows = mapping_of_benchmark_rows(["a.json", "b.json"], edited)
    assert rows == {"a.json": {"use": True, "llm": "a", "tp": 2}, "b.json": {"use": False}}


def test_a_file_name_says_which_of_the_gpu_types_was_measured() -> None:
    app = to_curves("qwen3-8b")
    app.session_state["draft"].values["gpus"] = [GPU, "H100-SXM-80GB"]
    app = give_files(app, "new-runs", {"run-h100-tp2.json": json.dumps(vllm())})
    assert "1 point of 1 option:" in unescaped(app)
    points = app.session_state["draft"].values["measured"].frame
    assert set(points["gpu"]) == {"H100-SXM-80GB"}


def test_files_that_were_chosen_are_not_left_behind_unread() -> None:
    app = with_curves()
    given = ("mine.csv", SCORES["scores.csv"].encode(), "text/csv")
    app = entered(app, scores_from="upload")
    app.file_uploader(key="files-new-scores").set_value(given).run()
    app = next_step(app)
    assert step_of(app) == "4. Scores"
    assert "mine.csv: chosen, but not read yet; press Read these files" in unescaped(app)
    assert "there are no scores" not in unescaped(app)
    assert step_of(pressed(app, "back-step")) == "3. Curves"
    app = next_step(app)
    assert step_of(app) == "4. Scores"
    assert "not read yet" not in unescaped(app)


def test_what_files_do_not_say_is_asked_for_and_strangers_are_named() -> None:
    app = give_files(to_curves("llama-3.2-3b"), "new-runs", {"a.json": json.dumps(vllm())})
    assert "as soon as this is answered" in unescaped(app)
    assert "nothing says the TP degree of this run" in unescaped(next_step(app))
    app = settle(entered(app, measured_tp=1), "new-curves").run()
    assert "not among your LLMs, so not used: qwen3-8b" in unescaped(app)
    app = pressed(app, "add-llms")
    assert "not among your LLMs" not in unescaped(app)
    assert app.session_state["draft"].values["llms"] == ["llama-3.2-3b", "qwen3-8b"]
    app = pressed(app, "forget-new-runs")
    assert app.file_uploader(key="files-new-runs")


def test_wrong_files_are_named_as_what_they_are() -> None:
    app = give_files(to_curves("small"), "new-runs", SCORES)
    assert "this is a score table, and a file of load tests is expected here" in unescaped(app)
    assert "/tmp" not in unescaped(app)  # noqa: S108 - where uploads lie is nobody's business


def test_good_files_are_taken_and_wrong_ones_named() -> None:
    app = give_files(to_curves("small", "large"), "new-runs", {**PROFILES, **SCORES})
    said = unescaped(app)
    assert "1 file is not used; the others are." in said
    assert "- scores.csv: this is a score table" in said
    assert "6 points of 2 options" in said


def test_scores_of_ones_own_need_a_column_for_each_llm() -> None:
    app = entered(with_curves(), scores_from="upload")
    app = give_files(app, "new-scores", {"mine.csv": "prompt_id,small,Grande\np1,0.5,0.9\n"})
    assert "scores:large: no column is chosen" in unescaped(app)
    app = settle(entered(app, column_upload_large="Grande"), "new-named-scores").run()
    assert "1 prompts." in unescaped(app)
    assert step_of(next_step(app)) == "5. Demand"


def test_classes_become_a_plan_over_classes() -> None:
    app = entered(with_scores(), demand="classes")
    app = entered(app, class_0_name="chat", class_0_rate=3.0, class_1_name="chat", class_1_rate=1.0)
    assert "classes.1.name" in unescaped(next_step(app))
    app = next_step(entered(app, class_1_name="code"))
    app = next_step(pressed(app, "remove-slo"))
    app = finished(app)
    assert app.session_state["shown"].content["schema"] == 2
    assert [one["name"] for one in app.session_state["edit"].base["classes"]] == ["chat", "code"]


def test_a_log_becomes_the_cases_of_a_day() -> None:
    """With an SLO of a class, and lengths that the log lacks and the price of an LLM needs."""
    app = entered(with_curves(), scores_from="upload")
    outside = {"name": "api", "input price": 1.0, "output price": 4.0, "ttft p95": 700.0}
    app.session_state["draft"].values |= {
        **{f"outside 0 {name}": value for name, value in outside.items()},
        **{"outside rows": [0], "column upload api": "large"},
    }
    app = next_step(give_files(app, "new-scores", SCORES))
    app = entered(app, demand="day")
    assert "there are no cases of a day yet" in unescaped(next_step(app))
    app = give_files(app, "new-day", {"log.csv": LOG})
    assert "cases of" in unescaped(app)
    assert "does not say how long requests are" in unescaped(app)
    app = settle(entered(app, levels=2), "new-day").run()
    app = next_step(entered(app, demand_output_tokens=300))
    app = entered(app, slo_0_limit=900.0, slo_0_scope="all", slo_0_class="code")
    app = finished(next_step(app))
    content = app.session_state["edit"].base
    assert len(content["cases"]) <= 2
    classes = {one["name"]: one for one in content["classes"]}
    assert sorted(classes) == ["chat", "code"]
    assert [len(classes[name]["slo"]) for name in ("chat", "code")] == [0, 1]
    lengths = [(one["input_tokens"], one["output_tokens"]) for one in classes.values()]
    assert lengths == [(100.0, 300.0), (100.0, 300.0)]
    assert app.session_state["shown"].content["schema"] == 2


def test_owned_and_reserved_pools_are_stated_and_blank_ones_named() -> None:
    app = entered(opened("new"), gpus=["H100-SXM-80GB", GPU])
    app = entered(app, **{"paid_H100-SXM-80GB": "owned", f"paid_{GPU}": "reserved"})
    assert "pools.1.reserved.nodes: this field is blank" in unescaped(next_step(app))
    app = entered(app, **{f"reserved_nodes_{GPU}": 1, f"reserved_price_{GPU}": 0.9})
    app = next_step(app)
    assert step_of(app) == "2. LLMs"
    draft = app.session_state["draft"]
    assert draft.values["paid H100-SXM-80GB"] == "owned"
    draft.values |= {"rate": 1.0, "slo rows": []}
    draft.step = 6
    app.run()
    assert "1 x 8 H100-SXM-80GB (owned), 1 x 8 A100-PCIe-80GB (1 reserved)" in unescaped(app)


def test_several_pools_of_a_type_have_names_of_their_own() -> None:
    app = pressed(entered(opened("new"), gpus=[GPU]), f"add-pool {GPU}")
    assert field(app, f"name {GPU}").value == GPU
    app = next_step(entered(app, **{f"pool_1:_name_{GPU}": GPU}))
    assert "pools.1.name" in unescaped(app)
    second = {f"name_{GPU}": "second", f"nodes_{GPU}": 3, f"how many_{GPU}": "decided"}
    app = entered(app, **{f"pool_1:_{name}": value for name, value in second.items()})
    app = next_step(app)
    assert step_of(app) == "2. LLMs"
    draft = app.session_state["draft"]
    draft.values |= {"rate": 1.0, "slo rows": []}
    draft.step = 6
    app.run()
    assert f"1 x 8 {GPU}, second: 0 to 3 x 8 {GPU}" in unescaped(app)
    app = pressed(pressed(app, "to-step-0"), f"remove-pool {GPU}")
    assert step_of(next_step(app)) == "2. LLMs"


def test_nodes_to_be_bought_and_an_llm_outside_become_a_plan_that_opens_again(
    tmp_path: Path,
) -> None:
    """And SLOs of a class; what is taken away as a zip or a workbook is the same scenario."""
    app = pressed(pressed(with_scores(), "to-step-0"), f"add-pool {GPU}")
    second = {f"name_{GPU}": "bought", f"nodes_{GPU}": 2, f"how many_{GPU}": "decided"}
    app = entered(app, **{f"pool_1:_{name}": value for name, value in second.items()})
    app = pressed(next_step(app), "add-outside")
    app = next_step(entered(app, outside_0_name="api"))
    assert "llms.2.api: the LLM has no price" in unescaped(app)
    app = entered(app, outside_0_input_price=1.0)
    assert "llms.2.api.usd_per_1m_output_tokens" in unescaped(next_step(app))
    app = entered(app, outside_0_output_price=4.0, outside_0_rate=5.0)
    app = next_step(next_step(app))
    app = settle(entered(app, column_upload_api="large"), "new-named-scores").run()
    app = entered(next_step(app), demand="classes", class_0_name="chat", class_0_rate=3.0)
    app = entered(app, class_1_name="code", class_1_rate=1.0, class_1_demand_output_tokens=900)
    app = next_step(app)
    app = entered(app, slo_0_limit=900.0, slo_0_scope="all", slo_0_class="chat")
    assert "the plan decides the nodes of bought, and nothing limits" in unescaped(next_step(app))
    app = finished(next_step(entered(app, outside_0_ttft_p95=700.0, budget=40.0)))
    content = app.session_state["edit"].base
    assert [pool["nodes"] for pool in content["pools"]] == [1, {"at_least": 0, "at_most": 2}]
    assert [one["name"] for one in content["llms"]] == ["small", "large", "api"]
    assert content["llms"][2]["api"]["ttft_p95_ms"] == 700.0
    assert [len(one["slo"]) for one in content["classes"]] == [1, 0]
    assert [one["output_tokens"] for one in content["classes"]] == [250, 900]
    assert app.session_state["shown"].content["status"] == "optimal"
    assert app.session_state["shown"].content["checks"]["verified"]
    assert_opens_again(Path(app.session_state["edit"].path), tmp_path)


def assert_opens_again(scenario: Path, folder: Path) -> None:
    """A scenario that is downloaded, as a zip or a workbook, has its hash when it is opened."""
    write_scenario_input_workbook(scenario, [], folder / "again.xlsx")
    zipped = zip_scenario(load_scenario(scenario))
    (folder / "zipped").mkdir()
    again = store_upload(folder / "zipped", {"again.zip": zipped})
    hashes = {
        assemble_instance(path, cells=True, sizing=True).sha256
        for path in (scenario, again, folder / "again.xlsx")
    }
    assert len(hashes) == 1


def test_a_step_is_reached_by_its_name_and_none_past_one_that_lacks_something() -> None:
    app = with_curves()
    app = pressed(app, "to-step-0")
    assert step_of(app) == "1. GPUs"
    app = pressed(app, "to-step-6")
    assert step_of(app) == "4. Scores"
    assert "there are no scores" in unescaped(app)
    app = pressed(app, "to-step-1")
    assert step_of(app) == "2. LLMs"
    assert "there are no scores" not in unescaped(app)


def test_beginning_anew_forgets_everything() -> None:
    app = pressed(to_curves("small"), "forget-draft")
    assert step_of(app) == "1. GPUs"
    assert field(app, "gpus").value == []
