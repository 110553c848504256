"""The files of a report: workbook and charts of a plan and its scenario, for `plan --xlsx`, `plan
--charts` and `report`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from planner.errors import DataError
from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.templates import template_workbook_inputs
from profiles.io.faults import Fault
from reports.content import Report

__all__ = ["check_report_chart_folder", "write_report_files", "write_report_workbook"]

Studies = tuple[Mapping[str, pd.DataFrame], Sequence[str]]


def check_report_chart_folder(folder: Path) -> None:
    """Raise DataError before the search rather than after it: a name that is a file, a parent that
    is missing, no right to write.
    """
    problem = ""
    above = Path(os.path.realpath(folder)).parent
    if folder.exists() and not folder.is_dir():
        problem = "--charts names a file"
    elif not folder.is_dir() and not above.is_dir():
        problem = "--charts names a folder in a folder that does not exist"
    elif not os.access(folder if folder.is_dir() else above, os.W_OK):
        problem = "--charts names a folder that is not writable"
    if problem:
        raise DataError([Fault(str(folder), "", "", problem, "name another folder")])


def write_report_files(
    source: PlanAndScenario, xlsx: str | None, charts: str | None, studies: Studies = ({}, ())
) -> dict[str, str]:
    """Write workbook and charts; what was written -> where. OSError when that is not possible.

    studies: tables computed in addition to the plan (planner.export.report_studies), and sentences
    on them.
    """
    report = build_report(source.plan, source.loaded, *studies)
    written: dict[str, str] = {}
    if xlsx is not None:
        write_report_workbook(source, report, Path(xlsx))
        written["workbook"] = xlsx
    if charts is not None:
        # Imported here because matplotlib takes half a second.
        from reports.charts import write_charts

        written["charts"] = (
            ", ".join(map(str, write_charts(Path(charts), report)))
            or "nowhere: there is no setup to draw"
        )
    return written


def write_report_workbook(source: PlanAndScenario, report: Report, path: Path) -> tuple[str, ...]:
    """Write the report of a plan as a workbook with its inputs; the inputs left out, a
    sentence each. OSError when it cannot be written.
    """
    # Imported here because XlsxWriter is not needed before.
    from reports.workbook.report.write import write_workbook

    loaded = source.loaded
    inputs = template_workbook_inputs(
        loaded.scenario, loaded.tables, Path(os.path.realpath(path)).parent
    )
    write_workbook(path, report, inputs)
    return inputs.notes
