"""The files of a report on classes and cases: workbook and charts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.export.cells.cells_report_content import build_cells_report
from planner.scenario.assemble import LoadResult
from planner.scenario.templates import template_workbook_inputs
from reports.cells_content import CellsReport

__all__ = ["write_cells_report_files"]


def write_cells_report_files(
    content: Mapping[str, Any], loaded: LoadResult, xlsx: str | None, charts: str | None
) -> dict[str, str]:
    """Write workbook, with its inputs, and charts of a plan of `loaded`; what was written -> where.
    OSError when that is not possible.
    """
    report: CellsReport = build_cells_report(content, loaded)
    written: dict[str, str] = {}
    if xlsx is not None:
        # Imported here because XlsxWriter is not needed before.
        from reports.workbook.cells.cells_workbook import write_cells_workbook

        inputs = template_workbook_inputs(
            loaded.scenario,
            loaded.tables,
            Path(os.path.realpath(xlsx)).parent,
            demand=loaded.demand,
        )
        write_cells_workbook(Path(xlsx), report, inputs)
        written["workbook"] = xlsx
    if charts is not None:
        # Imported here because matplotlib takes half a second.
        from reports.cells_charts import write_cells_charts

        written["charts"] = (
            ", ".join(map(str, write_cells_charts(Path(charts), report)))
            or "nowhere: there is no setup to draw"
        )
    return written
