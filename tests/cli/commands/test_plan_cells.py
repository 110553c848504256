"""The command plan on a scenario with classes and cases: streams, exit codes, refused options."""

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.paths import EXAMPLES

DAY = str(EXAMPLES / "day" / "scenario.yaml")
QUICK = ("--time-limit", "20", "--rel-gap", "0.5")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["plan", *words], env={"COLUMNS": "100"})


def test_json_on_standard_output_is_alone() -> None:
    outcome = run(DAY, *QUICK, "--json", "-")
    content = json.loads(outcome.stdout)
    assert content["schema"] == 2
    assert content["status"] in ("optimal", "feasible")
    assert outcome.exit_code == (0 if content["status"] == "optimal" else 4)
    assert "Notice: requests sent outside cost nothing in node-lost" in outcome.stderr


def test_a_file_and_few_words(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    book, charts = tmp_path / "plan.xlsx", tmp_path / "charts"
    files = ("--json", str(file), "--xlsx", str(book), "--charts", str(charts))
    outcome = run(DAY, *QUICK, "--quiet", *files)
    assert outcome.exit_code in (0, 4)
    assert outcome.stderr == ""
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("day: one setup for all cases on 2 x 4 A100")
    assert len(lines) == 3
    assert "checked by the verifier" in lines[2]
    assert json.loads(file.read_text(encoding="utf-8"))["schema"] == 2
    assert openpyxl.load_workbook(book, read_only=True).sheetnames[:3] == [
        *("Summary", "Assumptions", "Case results")
    ]
    assert {path.stem for path in charts.iterdir()} == {"cases", "gpu-map"}
    words = ["route", str(file), "--class", "chat", "--case", "day", "--quiet"]
    again = CliRunner().invoke(app, words)
    assert again.exit_code in (0, 6)
    assert again.output.startswith("day, class chat in case day: ")


@pytest.mark.parametrize(
    "words",
    [
        ("--write-model", "model.mps"),
        ("--marginals",),
        ("--near", "2"),
        ("--robust-to", "bursts=2"),
    ],
    ids=lambda words: words[0],
)
def test_options_that_do_not_know_cells_are_refused(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(DAY, *words)
    assert outcome.exit_code == 2
    assert f"{DAY}:{words[0]}: this option of plan does not know classes" in outcome.output
    assert not list(tmp_path.iterdir())


def test_an_impossible_case_is_named_with_exit_code_3() -> None:
    outcome = run(DAY, *QUICK, "--set", "cases.0.arrival_rate_rps.batch=3000")
    assert outcome.exit_code == 3
    assert "The case day cannot be served even alone" in outcome.stdout


def test_a_scheduled_fleet_says_what_starts(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    scheduled = (
        "--set",
        "fleet={mode: scheduled, start_usd_per_gpu: 0.1}",
        "--set",
        "cases.3.of=day",
    )
    free = ("--set", "objective={maximize: quality}")
    outcome = run(DAY, *QUICK, *scheduled, *free, "--what-if-lost", "--json", str(file))
    assert outcome.exit_code in (0, 4), outcome.output
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("day: 3 setups in a cycle on 2 x 4 A100")
    assert " starts); checked by" in lines[2]
    for change in ("  day -> evening: ", "  evening -> night: ", "  night -> day: "):
        assert sum(line.startswith(change) for line in lines) == 1
    assert "of a100: breaks" in outcome.stdout
    content = json.loads(file.read_text(encoding="utf-8"))
    assert [setup["cases"] for setup in content["setups"]] == [
        *(["day", "node-lost"], ["evening"], ["night"])
    ]
    assert content["cost"]["starts_usd_per_h"] > 0
