"""Curves of a new scenario: files looked at and imported, pairs estimated."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from app_pages.jobs.messages import JobContext
from app_pages.jobs.new_curves import (
    EstimateChoice,
    estimate_new_curves_job,
    identify_new_runs_job,
    import_new_curves_job,
)
from planner.errors import DataError, NoPlanInTimeError
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_charts import idle_job
from tests.support.scenarios.benchmark_files import vllm

CHOICE = EstimateChoice(
    pairs=(("llama-3.2-3b", "A100-PCIe-80GB"), ("my-own", "A100-PCIe-80GB")),
    tp_degrees=(1,),
    shares_pct=(100,),
    input_tokens=100,
    output_tokens=20,
    requests=400,
)


def stored(tmp_path: Path, name: str, **run: object) -> tuple[str, list[tuple[str, str]]]:
    """An empty folder, and a benchmark file as the server stores it."""
    (tmp_path / "0").write_text(json.dumps(vllm(**run)))
    (tmp_path / "new").mkdir()
    return str(tmp_path / "new"), [(name, str(tmp_path / "0"))]


def test_files_are_looked_at_and_then_imported(tmp_path: Path) -> None:
    folder, files = stored(tmp_path, "x-tp2.json", num_prompts=300, completed=300)
    options = identify_new_runs_job(folder, files, job=idle_job()).options
    assert [(one.own["llm"], dict(one.named)) for one in options] == [("qwen3-8b", {"tp": 2})]
    with pytest.raises(DataError, match="nothing says the GPU type"):
        import_new_curves_job(folder, options, {}, {"tp": 2, "share": 100}, job=idle_job())
    defaults = {"gpu": "A100-PCIe-80GB", "share": 100}
    stated = {options[0].file: {"tp": 2}}
    made = import_new_curves_job(folder, options, stated, defaults, job=idle_job())
    assert len(made.frame) == 1
    [line] = made.files
    assert "1 point taken; " in line
    assert made.noted == [line]
    lacking = "qwen3-8b on A100-PCIe-80GB has no p99 TTFT; no TPOT; no p99 E2E"
    assert made.summary == f"1 point taken. {lacking}."
    assert "300 requests are too few for p99" in line


def test_a_file_that_is_not_used_needs_no_option_and_gives_no_point(tmp_path: Path) -> None:
    given = []
    for name, rate in (("a-tp2.json", 2.0), ("b.json", 4.0)):
        (tmp_path / name).write_text(json.dumps(vllm(request_rate=rate, request_throughput=rate)))
        given.append((name, str(tmp_path / name)))
    (tmp_path / "new").mkdir()
    folder = str(tmp_path / "new")
    options = identify_new_runs_job(folder, given, job=idle_job()).options
    stated = {options[0].file: {"tp": 2, "use": True}, options[1].file: {"use": False}}
    defaults = {"gpu": "A100-PCIe-80GB", "share": 100}
    made = import_new_curves_job(folder, options, stated, defaults, job=idle_job())
    assert list(made.frame["rate_rps"]) == [2.0]
    assert [line for line in made.files if line.endswith("b.json: passed over: not used")]
    with pytest.raises(DataError, match="nothing says the tensor-parallel degree"):
        import_new_curves_job(
            folder, options, {**stated, options[1].file: {"use": True}}, defaults, job=idle_job()
        )


def test_wrong_files_among_good_ones_are_named_and_left_out(tmp_path: Path) -> None:
    files = {
        "good.json": json.dumps(vllm()),
        "scores.csv": TEMPLATE_TEXTS["scores.csv"],
        "torn.json": json.dumps(vllm())[:-20],
        "rates.csv": TEMPLATE_TEXTS["profiles.csv"].replace(",6,500", ",six,500"),
        "curves.csv": TEMPLATE_TEXTS["profiles.csv"],
        "packed.zip": "PK",
    }
    given = []
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        given.append((name, str(tmp_path / name)))
    (tmp_path / "new").mkdir()
    folder = str(tmp_path / "new")
    runs = identify_new_runs_job(folder, given, job=idle_job())
    assert [Path(one.file).name for one in runs.options] == ["good.json"]
    refused = {Path(fault.file).name: fault.problem for fault in runs.refused}
    assert sorted(refused) == ["packed.zip", "rates.csv", "scores.csv", "torn.json"]
    assert (
        refused["scores.csv"] == "this is a score table, and a file of load tests is expected here"
    )
    defaults = {"gpu": "A100-PCIe-80GB", "tp": 1, "share": 100}
    made = import_new_curves_job(folder, runs.options, {}, defaults, job=idle_job())
    assert sorted(set(made.frame["llm"])) == ["large", "qwen3-8b", "small"]


def test_where_no_file_is_good_every_fault_is_raised(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("{")
    (tmp_path / "1").write_text("rate_rps,llm\n1,\n")
    (tmp_path / "new").mkdir()
    given = [("torn.json", str(tmp_path / "0")), ("empty.csv", str(tmp_path / "1"))]
    with pytest.raises(DataError) as error:
        identify_new_runs_job(str(tmp_path / "new"), given, job=idle_job())
    assert {Path(fault.file).name for fault in error.value.faults} == {"torn.json", "empty.csv"}


def test_runs_that_are_all_left_out_say_why(tmp_path: Path) -> None:
    folder, files = stored(tmp_path, "x.json", request_throughput=1.0)
    options = identify_new_runs_job(folder, files, job=idle_job()).options
    defaults = {"gpu": "A100-PCIe-80GB", "tp": 1, "share": 100}
    with pytest.raises(DataError) as error:
        import_new_curves_job(folder, options, {}, defaults, job=idle_job())
    assert [fault.file for fault in error.value.faults] == ["profile import", "left out"]


def test_pairs_are_estimated_and_others_left_out_with_reasons() -> None:
    made = estimate_new_curves_job(CHOICE, job=idle_job())
    assert set(made.frame["llm"]) == {"llama-3.2-3b"}
    assert set(made.frame["provenance"]) == {"estimated"}
    assert made.files == ["my-own: not in the catalogue; measure it"]
    assert "A100" in made.notices[0]
    with pytest.raises(DataError, match="uncalibrated estimates for AMD"):
        estimate_new_curves_job(
            replace(CHOICE, pairs=(("llama-3.2-3b", "MI300X-192GB"),)), job=idle_job()
        )


def test_a_cancelled_estimate_is_none() -> None:
    cancel = Event()
    cancel.set()
    with pytest.raises(NoPlanInTimeError, match="nothing was estimated"):
        estimate_new_curves_job(CHOICE, job=JobContext(lambda _: None, lambda _: None, cancel))
