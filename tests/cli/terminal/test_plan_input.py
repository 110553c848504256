"""The plan of a command: refused when it fails its checks, unless the user wants to see it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.terminal.plan_input import load_plan_input
from planner.errors import DataError
from planner.version import VERSION
from tests.support.plans.old_examples import OLD_PLANS, old_example

SCENARIO = str(old_example("paper-trio"))
OLD = OLD_PLANS / "paper-trio.json"


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    content = json.loads(OLD.read_text(encoding="utf-8"))
    content |= {"planner_version": VERSION, "quality": 0.99}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_sound_plan_is_given_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert load_plan_input(OLD, SCENARIO).problems == ()
    assert capsys.readouterr().err == ""


def test_a_forged_plan_is_refused_or_loudly_marked(
    forged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="not sound"):
        load_plan_input(forged, SCENARIO)
    assert load_plan_input(forged, SCENARIO, unverified=True).problems
    assert capsys.readouterr().err.startswith("NOT VERIFIED: ")


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--xlsx", "r.xlsx"),
        ("simulate", "--minutes", "0.1"),
        ("route",),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_takes_a_plan_passes_the_gate(
    forged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *options = words
    line = [command, str(forged), "--scenario", SCENARIO, "--quiet", *options]
    refused = CliRunner().invoke(app, line)
    assert (refused.exit_code, "not sound" in refused.stderr) == (2, True)
    seen = CliRunner().invoke(app, [*line, "--unverified"])
    assert (seen.exit_code in (0, 6), "NOT VERIFIED" in seen.stderr) == (True, True), seen.output


def test_an_export_takes_no_unverified_plan(forged: Path, tmp_path: Path) -> None:
    line = ["export", str(forged), "--scenario", SCENARIO, "--to", str(tmp_path / "b")]
    assert CliRunner().invoke(app, line).exit_code == 2
    assert "No such option" in CliRunner().invoke(app, [*line, "--unverified"]).stderr
    assert not (tmp_path / "b").exists()
