"""What the page Export has made in a worker: files as bytes, of a plan that is shown and its
scenario.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from app_pages.jobs.messages import Watch
from planner.errors import DataError
from planner.export.bundle import KINDS, bundle, files_table, needs_prices, stated_date
from planner.export.input_workbook import scenario_to_workbook
from planner.export.report_files import write_report
from planner.operation.price_table import build_price_table
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan, json_text
from planner.plans.schema import PlanContent
from planner.scenario.archive import write_folder
from planner.scenario.assemble import load_instance
from planner.scenario.templates import workbook_inputs
from profiles.io.faults import Fault
from profiles.io.writing import csv_text

__all__ = [
    "charts",
    "deployment",
    "plan_file",
    "scenario_folder",
    "scenario_workbook",
    "tables_zip",
    "workbook",
]

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Of files in archives: the same plan gives the same bytes."""
PROGRAM = 0o100755 << 16

Made = tuple[bytes, list[str]]
"""A file, and sentences to show beside it."""

Overrides = Mapping[str, Any]


def workbook(path: str, overrides: Overrides, content: PlanContent, *, watch: Watch) -> Made:
    """The report as a workbook, its inputs in it."""
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        source, target = (
            _copied(path, overrides, content, Path(folder)),
            Path(folder) / "report.xlsx",
        )
        write_report(source, str(target), None)
        return target.read_bytes(), list(
            workbook_inputs(source.loaded.scenario, target.parent).notes
        )


def charts(path: str, overrides: Overrides, content: PlanContent, *, watch: Watch) -> Made:
    """The report's charts, PNG and SVG, as an archive."""
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        write_report(_source(path, overrides, content), None, folder)
        return (
            _archive({file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}),
            [],
        )


def scenario_folder(path: str, overrides: Overrides, content: PlanContent, *, watch: Watch) -> Made:
    """The scenario with its changes, its tables and the plan, as an archive that every command can
    go on from.
    """
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        plan = _copied(path, overrides, content, Path(folder)).plan
        files = {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}
        return _archive({**files, "plan.json": json_text(plan.content)}), []


def scenario_workbook(
    path: str, overrides: Overrides, content: PlanContent, *, watch: Watch
) -> Made:
    """The scenario with its changes as an input workbook."""
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        source, target = (
            _copied(path, overrides, content, Path(folder)),
            Path(folder) / "scenario.xlsx",
        )
        notes = scenario_to_workbook(source.loaded.scenario.path, (), target)
        return target.read_bytes(), list(notes)


def deployment(
    path: str, overrides: Overrides, content: PlanContent, kinds: Sequence[str], *, watch: Watch
) -> dict[str, Any]:
    """The deploy bundle: zip (bytes), files (table), left_out and to_do (sentences), readme
    (Markdown).

    kinds: of KINDS; all of them means whatever the plan can be expressed in.
    """
    source, on = _source(path, overrides, content), stated_date()
    chosen = None if set(kinds) == set(KINDS) else [kind for kind in KINDS if kind in kinds]
    bundle(source, on, chosen)  # all that can be refused is refused before prices are computed
    table = (
        build_price_table(source, progress=watch.progress, cancel=watch.cancel)
        if needs_prices(chosen)
        else None
    )
    found = bundle(source, on, chosen, table)
    return {
        "zip": _archive(found.files, found.executable),
        "files": files_table(found),
        "left_out": [
            f"{kind}: {reason}" for kind, reasons in found.left_out.items() for reason in reasons
        ],
        "to_do": list(found.cautions),
        "readme": found.files["README.md"],
    }


def plan_file(content: PlanContent) -> str:
    """plan.json as it is handed over: its scenario lies beside it."""
    return json_text({**content, "scenario_path": Path(str(content["scenario_path"])).name})


def tables_zip(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Tables as CSV files in an archive; empty ones are left out."""
    return _archive(
        {f"{name}.csv": csv_text(frame) for name, frame in tables.items() if len(frame)}
    )


def _source(path: str, overrides: Overrides, content: PlanContent) -> PlanAndScenario:
    """The plan and its scenario; DataError when a file has changed since."""
    loaded = load_instance(Path(path), dict(overrides))
    if loaded.sha256 != content["scenario_sha256"]:
        raise DataError(
            [
                Fault(
                    path,
                    "",
                    "",
                    "the scenario's files have changed since this plan was made",
                    "solve again",
                )
            ]
        )
    return PlanAndScenario(Plan(content), loaded)


def _copied(path: str, overrides: Overrides, content: PlanContent, folder: Path) -> PlanAndScenario:
    """The plan and its scenario as files of their own in a folder, so that what names a file names
    one beside it.
    """
    target = write_folder(_source(path, overrides, content).loaded.scenario, folder)
    loaded = load_instance(target)
    if loaded.sha256 != content["scenario_sha256"]:
        raise DataError(
            [
                Fault(
                    path,
                    "",
                    "",
                    "its files do not give the scenario back exactly",
                    "hand on its own files instead",
                )
            ]
        )
    return PlanAndScenario(Plan({**content, "scenario_path": target.name, "overrides": {}}), loaded)


def _archive(files: Mapping[str, str | bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """A ZIP archive of files by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = PROGRAM if name in executable else 0o100644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()
