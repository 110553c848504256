"""`plan --save`: what cannot be kept is said before the search, and a save that fails after it
leaves the report.
"""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.commands import plan as plan_command
from planner.library.library_errors import library_fault
from tests.support.kept.kept_plans import kept_scenario_folder
from tests.support.paths import EXAMPLES


def test_a_library_that_cannot_be_written_is_said_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "scenario.yaml"))
    scenario = kept_scenario_folder(tmp_path)

    def never(*_: object, **__: object) -> None:
        pytest.fail("the search began")

    monkeypatch.setattr(plan_command, "run_plan_on_scenario", never)
    for words in (("--save",), ("--tag", "x"), ("--save-as", "a\x07"), ("--note", "x")):
        done = CliRunner().invoke(app, ["plan", str(scenario), *words])
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("damage", ["a page", "a later planner's"])
def test_a_library_that_is_damaged_or_newer_is_said_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """A page of the stored files, on which neither the version nor the tables' names lie."""
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))
    scenario, charts = kept_scenario_folder(tmp_path), tmp_path / "charts"
    assert CliRunner().invoke(app, ["plan", str(scenario), "--save"]).exit_code == 0
    file = tmp_path / "kept" / "library.db"
    if damage == "a page":
        content = bytearray(file.read_bytes())
        content[-4096:] = b"\x55" * 4096
        file.write_bytes(content)
    else:
        with sqlite3.connect(file) as other:
            other.execute("UPDATE planner_version SET version_num = '9999'")
        other.close()
    before = file.read_bytes()

    def never(*_: object, **__: object) -> None:
        pytest.fail("the search began")

    monkeypatch.setattr(plan_command, "run_plan_on_scenario", never)
    done = CliRunner().invoke(app, ["plan", str(scenario), "--charts", str(charts), "--tag", "b"])
    assert (done.exit_code, done.stdout, charts.exists()) == (2, "", False)
    words = "this library is damaged" if damage == "a page" else "newer"
    assert words in done.stderr
    assert "to plan without keeping, leave out --save" in done.stderr
    assert file.read_bytes() == before


def test_the_report_comes_also_when_the_plan_could_not_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise library_fault("L", "the disk is full", "free space")

    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))
    monkeypatch.setattr("planner.library.record_keeping.keep_plan", refuse)
    done = CliRunner().invoke(app, ["plan", str(kept_scenario_folder(tmp_path)), "--save"])
    assert done.exit_code == 2
    assert "optimal: quality" in done.stdout
    assert "plan written" not in done.stdout
    assert "L: the disk is full; free space\nThe plan was not kept; --json PATH" in done.stderr


@pytest.mark.slow
def test_a_plan_of_cases_is_kept_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path))
    scenario = str(EXAMPLES / "day" / "scenario.yaml")
    done = CliRunner().invoke(app, ["plan", scenario, "--save-as", "a day"])
    assert done.exit_code == 0
    assert "plan written to the library as 2 (a day)" in done.stdout
    shown = CliRunner().invoke(app, ["library", "show", "a day"])
    assert shown.exit_code == 0
    verdict = next(line for line in done.stdout.splitlines() if line.startswith("optimal"))
    assert verdict in shown.stdout
    compared = CliRunner().invoke(app, ["library", "compare", "2", "a day"])
    assert (compared.exit_code, "What differs" in compared.stdout) == (0, True)
