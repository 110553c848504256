"""Plans and workbooks that the tests of reports share."""

from pathlib import Path

import pandas as pd
import pytest

from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.templates import template_workbook_inputs
from reports.workbook.report.write import write_workbook
from tests.support.plans import report_cases
from tests.support.plans.report_cases import NOISE, written


@pytest.fixture(scope="session")
def trio() -> PlanAndScenario:
    return report_cases.trio_source()


@pytest.fixture(scope="session")
def trio_book(trio: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(trio, tmp_path_factory.mktemp("trio") / "trio.xlsx")


@pytest.fixture(scope="session")
def small() -> PlanAndScenario:
    return report_cases.small_source()


@pytest.fixture(scope="session")
def full_book(small: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small plan with all studies."""
    return written(small, tmp_path_factory.mktemp("full") / "full.xlsx", report_cases.studies())


@pytest.fixture(scope="session")
def conflict_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An infeasible scenario."""
    return written(report_cases.infeasible(), tmp_path_factory.mktemp("conflict") / "none.xlsx")


@pytest.fixture(scope="session")
def hostile() -> PlanAndScenario:
    return report_cases.hostile_source()


@pytest.fixture(scope="session")
def hostile_book(hostile: PlanAndScenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Names and notices that spreadsheets would run, cut or drop."""
    path = tmp_path_factory.mktemp("hostile-book") / "hostile.xlsx"
    report = build_report(hostile.plan, hostile.loaded)
    notices = [NOISE, "=" + "x" * 40_000, "\U0001f600" * 20_000]
    tables = {**report["tables"], "notices": pd.DataFrame({"Notice": notices}, dtype=object)}
    inputs = template_workbook_inputs(hostile.loaded.scenario, hostile.loaded.tables, path.parent)
    write_workbook(path, {**report, "tables": tables}, inputs)
    return path
