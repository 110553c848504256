"""The sheet Alternatives."""

from pathlib import Path

import openpyxl
import pytest

from planner.cli.commands.plan import PlanOptions, run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.report_cases import texts, written


def test_alternatives_are_shown(small: PlanAndScenario, tmp_path: Path) -> None:
    source = run_plan_on_scenario(
        small.loaded.scenario.path,
        (),
        Interrupt(),
        quiet=True,
        options=PlanOptions(near=2, loss_pct=50.0),
    )
    path = written(source, tmp_path / "near.xlsx")
    frame = build_report(source.plan, source.loaded)["tables"]["alternatives"]
    assert len(frame)
    rows = list(
        openpyxl.load_workbook(path, data_only=True)["Alternatives"].iter_rows(values_only=True)
    )
    start = next(k for k, row in enumerate(rows) if row[0] == "Why it is listed")
    assert [row[1] for row in rows[start + 1 : start + 1 + len(frame)]] == pytest.approx(
        list(frame.iloc[:, 1])
    )
    assert "Other setups nearly as good" in texts(path, "Summary")
