"""The workbook: a report's tables and words as sheets, written with XlsxWriter.

Sheets whose data was not computed are left out. Text is written as text: no cell, name, link or
chart title is read off what the user wrote. The input sheets (reports.workbook.input_sheets) go
last, so that the workbook can be read back as a scenario.

Beside a conflict the sheets of a setup tell the best effort, and each says so at its top.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from profiles.workbook_layout import REPORT_SHEETS, WorkbookInputs
from reports.style import looks_of, safe_text
from reports.workbook import (
    checks_sheets,
    gpus_sheets,
    latency_sheets,
    more_sheets,
    plan_sheets,
    summary_sheets,
)
from reports.workbook.book import Book
from reports.workbook.input_sheets import BOOK_OPTIONS, write_input_sheets

__all__ = ["sheets_of", "write_workbook"]

Report = Mapping[str, Any]
Maker = Callable[[Book, Report], None]

PLANNED: Mapping[str, Maker] = {
    "Setup": plan_sheets.setup,
    "Cost": plan_sheets.cost,
    "Routing": plan_sheets.routing,
    "GPU map": gpus_sheets.gpu_map,
    "Shards": gpus_sheets.shards,
    "Latency": latency_sheets.latency,
    "Curve points": latency_sheets.curve_points,
    "Checks": checks_sheets.checks,
}
"""Sheets of a plan that has a setup."""
MORE: Mapping[str, Maker] = {
    "Sensitivity": more_sheets.sensitivity,
    "Frontier": more_sheets.frontier,
    "Setups study": more_sheets.setups_study,
    "Setups data": more_sheets.setups_data,
    "Baselines": more_sheets.baselines,
    "Alternatives": more_sheets.alternatives,
    "Shadow prices": more_sheets.shadow_prices,
    "Dropped options": more_sheets.dropped,
    "Conflict": more_sheets.conflict,
}
ALWAYS: Mapping[str, Maker] = {
    "Summary": summary_sheets.summary,
    "Assumptions": plan_sheets.assumptions,
    "Log": checks_sheets.log,
}
WRITING = (
    *(
        "Assumptions",
        "Shards",
        "GPU map",
        "Curve points",
        "Setup",
        "Cost",
        "Routing",
        "Latency",
        "Sensitivity",
        "Frontier",
    ),
    *(
        "Setups study",
        "Setups data",
        "Baselines",
        "Alternatives",
        "Shadow prices",
        "Dropped options",
    ),
    *("Conflict", "Checks", "Log", "Summary"),
)
"""Sheets whose cells others refer to come first."""


def sheets_of(report: Report) -> list[str]:
    """Names of the report's own sheets, in order."""
    tables = _beside_conflict(report)["tables"]
    planned = len(tables["setup"]) > 0
    there = {*ALWAYS, *(PLANNED if planned else ())}
    there |= {
        sheet for sheet, key in more_sheets.MORE.items() if key in tables and len(tables[key])
    }
    if not planned:
        there.discard("Shadow prices")
    return [sheet for sheet in REPORT_SHEETS if sheet in there]


def write_workbook(path: Path, report: Report, inputs: WorkbookInputs | None = None) -> None:
    """Write the report whole or not at all. OSError when that is not possible.

    inputs: what the input sheets hold, None to leave them out.
    """
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"
    )
    os.close(handle)
    try:
        _write(temporary, report, inputs)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except FileCreateError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _beside_conflict(report: Report) -> Report:
    """The best effort with the conflict's own tables and verdict; any other report as it is."""
    nearest = report.get("nearest")
    if nearest is None:
        return report
    kept = ("conflict", "repairs", "dropped", "notices", "effort")
    words = ("status", "verdict", "asked", "dropped", "effort_notes", "notes")
    return {
        "tables": {**nearest["tables"], **{key: report["tables"][key] for key in kept}},
        "meta": {
            **nearest["meta"],
            **{key: report["meta"][key] for key in words},
            "found": nearest["meta"]["verdict"],
        },
    }


def _write(path: str, report: Report, inputs: WorkbookInputs | None) -> None:
    """Sheets in order, then their content.

    NaN and infinity would be bugs here (missing numbers are blank cells): XlsxWriter refuses them
    with TypeError, as it is told to.
    """
    report = _beside_conflict(report)
    meta = report["meta"]
    file = Workbook(path, {**BOOK_OPTIONS, "nan_inf_to_errors": False})
    file.set_properties(
        {
            "title": safe_text(meta["scenario"]),
            "comments": "Written by the joint LLM planner",
            "created": meta["created"],
        }
    )
    file.set_size(2400, 1400)
    file.set_calc_mode("auto")
    banners = {
        sheet: f"{meta['best_effort']}."
        for sheet in (*PLANNED, "Shadow prices", "Assumptions")
        if meta["best_effort"]
    }
    book = Book(file, looks_of(meta["signs"]), inputs=inputs, banners=banners)
    sheets = sheets_of(report)
    for name in sheets:
        file.add_worksheet(name)
    if inputs is not None:
        told = [*inputs.notes, *write_input_sheets(file, inputs)]
        report = {**report, "meta": {**meta, "notes": [*meta["notes"], *told]}}
    makers = {**PLANNED, **MORE, **ALWAYS}
    for name in WRITING:
        if name in sheets:
            makers[name](book, report)
    file.close()
