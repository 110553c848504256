"""The files of a report: each table is read once for all of them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.paths import EXAMPLES
from tests.support.plans.export_cases import count_reads

ONCE = {"profiles.csv": 1, "scores.csv": 1}


def test_a_plan_with_its_workbook_reads_every_table_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, book = EXAMPLES / "percentile-slo" / "scenario.yaml", tmp_path / "report.xlsx"
    reads = count_reads(monkeypatch)
    done = CliRunner().invoke(app, ["plan", str(scenario), "--xlsx", str(book), "--quiet"])
    assert (done.exit_code, book.exists()) == (0, True), done.output
    assert reads == ONCE
