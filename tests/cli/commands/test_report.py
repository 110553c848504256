"""The command report: reads a plan, writes what is named, says what is wrong."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from planner.cli.commands.report import ReportOptions, run_report
from planner.cli.terminal.interrupt import Interrupt
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import write_plan_file
from tests.support.paths import EXAMPLES
from tests.support.plans.cells_plans import write_day_plan
from tests.support.plans.report_cases import small_source


@pytest.fixture
def small() -> PlanAndScenario:
    return small_source()


def requested(**changes: Any) -> ReportOptions:
    return ReportOptions(
        **{"xlsx": None, "charts": None, "scenario": None, "kinds": "", "quiet": True} | changes
    )


def test_report_reads_a_plan(
    small: PlanAndScenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan_file(small.plan, tmp_path / "plan.json")
    code = run_report(
        tmp_path / "plan.json",
        requested(xlsx=str(tmp_path / "r.xlsx"), charts=str(tmp_path / "c"), kinds="baselines"),
        Interrupt(),
    )
    assert code == 0
    assert "Baselines" in openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames
    assert "r.xlsx" in capsys.readouterr().out
    assert (tmp_path / "c" / "routing.png").exists()


def test_report_reads_a_plan_over_classes_and_cases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, book = write_day_plan(tmp_path), tmp_path / "r.xlsx"
    assert run_report(plan, requested(xlsx=str(book)), Interrupt()) == 0
    assert "Class results" in openpyxl.load_workbook(book, read_only=True).sheetnames
    # The terminal breaks lines between words.
    assert f"workbook written to {book}" in " ".join(capsys.readouterr().out.split())
    assert run_report(plan, requested(xlsx=str(book), kinds="baselines"), Interrupt()) == 2
    assert "no study knows plans of classes and cases yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({}, "there is nothing to write"),
        ({"xlsx": "{0}/r.xlsx", "kinds": "frontiers"}, "did you mean frontier?"),
        ({"xlsx": "{0}/no/r.xlsx"}, "--xlsx cannot be written: there is no folder"),
        ({"charts": "{0}/plan.json"}, "--charts names a file"),
    ],
)
def test_report_shows_bad_input(
    changes: dict[str, str],
    reported: str,
    small: PlanAndScenario,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_plan_file(small.plan, tmp_path / "plan.json")
    wanted = {key: value.format(tmp_path) for key, value in changes.items()}
    assert run_report(tmp_path / "plan.json", requested(**wanted), Interrupt()) == 2
    assert reported in capsys.readouterr().err


def test_libraries_are_imported_when_something_is_written() -> None:
    code = (
        "import sys, planner.cli.commands.plan, planner.cli.commands.report;"
        " sys.exit(bool({'matplotlib', 'xlsxwriter', 'openpyxl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES.parent).returncode == 0
