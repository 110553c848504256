"""The page New scenario: every step, what keeps it closed, and the scenario at the end."""

import json

from streamlit.testing.v1 import AppTest

from planner.scenario.templates import TEMPLATE_TEXTS
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
    assert step_of(pressed(app, "back-step")) == "1. GPUs"
    assert field(app, "nodes my own").value == 2


def test_estimate_stand_in_and_one_rate_become_a_plan() -> None:
    """And what was entered stays while another page is looked at."""
    app = next_step(entered(to_curves("llama-3.2-3b"), degrees=[1]))
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
    assert "the quality to be reached is blank" in unescaped(next_step(app))
    app = next_step(entered(app, floor=0.1))
    assert "3 req/s" in unescaped(app)
    app = finished(app)
    shown = app.session_state["shown"].content
    assert shown["scenario"] == "my-cluster, stand-in scores"
    assert shown["status"] == "optimal"
    assert shown["slo"][0]["scope"] == "all"
    assert shown["objective"]["of"] == "cost"


def test_benchmark_files_are_mapped_and_read() -> None:
    app = to_curves("qwen3-8b")
    runs = {
        f"run-tp2-{rate}.json": json.dumps(vllm(request_rate=rate, request_throughput=rate))
        for rate in (2.0, 4.0)
    }
    app = give_files(app, "new-runs", runs)
    # One GPU type, degree in the names, whole GPUs by default: nothing lacks.
    assert "2 points of 1 option." in unescaped(app)
    points = app.session_state["draft"].values["measured"].frame
    assert list(points["tp_degree"]) == [2, 2]
    assert set(points["gpu"]) == {GPU}
    assert step_of(next_step(app)) == "4. Scores"


def test_what_files_do_not_say_is_asked_for_and_strangers_are_named() -> None:
    app = give_files(to_curves("llama-3.2-3b"), "new-runs", {"a.json": json.dumps(vllm())})
    assert "nothing says the tensor-parallel degree" in unescaped(app)
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
    app = entered(with_scores(), demand="day")
    assert "there are no cases of a day yet" in unescaped(next_step(app))
    app = give_files(app, "new-day", {"log.csv": LOG})
    assert "cases of" in unescaped(app)
    app = settle(entered(app, levels=2), "new-day").run()
    app = finished(next_step(pressed(next_step(app), "remove-slo")))
    content = app.session_state["edit"].base
    assert len(content["cases"]) <= 2
    assert sorted(one["name"] for one in content["classes"]) == ["chat", "code"]
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
