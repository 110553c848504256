"""What the page Export makes in a worker: files as bytes, of the plan shown and its scenario."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext
from planner.errors import DataError
from planner.export.bundle import build_bundle, bundle_files_table, needs_prices
from planner.export.exporter_protocol import bundle_kinds
from planner.export.input_workbook import write_loaded_input_workbook
from planner.export.report_content import build_report
from planner.export.report_files import write_report_files, write_report_workbook
from planner.export.source_date import source_time
from planner.operation.price_table import build_price_table
from planner.plans.plan_and_scenario import PlanAndScenario, scenario_with_plan_nodes
from planner.plans.plan_file import plan_file_text
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.scenario.archive import write_archive_folder
from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_scenario
from profiles.io.faults import Fault
from profiles.io.writing import csv_text

__all__ = [
    "Made",
    "export_bundle_job",
    "export_charts_job",
    "export_report_job",
    "export_scenario_workbook_job",
    "export_scenario_zip_job",
    "files_in",
    "plan_text",
    "zip_export_files",
    "zip_exported_tables",
]

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Of files in archives: the same plan gives the same bytes."""
PROGRAM = 0o100755 << 16

Made = tuple[bytes, list[str]]
"""A file, and sentences to show with it."""

Overrides = Mapping[str, Any]


def export_report_job(
    path: str, overrides: Overrides, content: PlanContent, *, job: JobContext
) -> Made:
    """The report as a workbook, its inputs in it."""
    del job
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        source = _copy_exported_plan(_exported_source(path, overrides, content), Path(folder))
        target = Path(folder) / "report.xlsx"
        notes = write_report_workbook(source, build_report(source.plan, source.loaded), target)
        return target.read_bytes(), list(notes)


def export_charts_job(
    path: str, overrides: Overrides, content: PlanContent, *, job: JobContext
) -> Made:
    """The report's charts, PNG and SVG, as an archive."""
    del job
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        write_report_files(_exported_source(path, overrides, content), None, folder)
        return zip_export_files(files_in(folder)), []


def export_scenario_zip_job(
    path: str, overrides: Overrides, content: PlanContent, *, job: JobContext
) -> Made:
    """The scenario with its changes, its tables and the plan, as an archive that every command can
    go on from. DataError when its files do not give the scenario back exactly.
    """
    del job
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        source = _copy_exported_plan(_exported_source(path, overrides, content), Path(folder))
        if (
            assemble_instance(source.loaded.scenario.path, sizing=True).sha256
            != source.loaded.sha256
        ):
            problem = "its files do not give the scenario back exactly"
            raise DataError([Fault(path, "", "", problem, "share its own files instead")])
        plan = plan_file_text(source.plan.content)
        return zip_export_files({**files_in(folder), "plan.json": plan}), []


def export_scenario_workbook_job(
    path: str, overrides: Overrides, content: PlanContent, *, job: JobContext
) -> Made:
    """The scenario with its changes as an input workbook."""
    del job
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        source = _copy_exported_plan(_exported_source(path, overrides, content), Path(folder))
        target = Path(folder) / "scenario.xlsx"
        notes = write_loaded_input_workbook(source.loaded, target)
        return target.read_bytes(), list(notes)


def export_bundle_job(
    path: str, overrides: Overrides, content: PlanContent, kinds: Sequence[str], *, job: JobContext
) -> dict[str, Any]:
    """The deploy bundle: zip (bytes), files (table), left_out and to_do (sentences), readme
    (Markdown).

    kinds: of `bundle_kinds`; all of them means all in which the plan can be expressed.
    """
    known = bundle_kinds()
    source, on = _exported_source(path, overrides, content), source_time().date()
    chosen = None if set(kinds) == set(known) else [kind for kind in known if kind in kinds]
    build_bundle(
        source, on, chosen
    )  # all that can be refused is refused before prices are computed
    table = None
    if needs_prices(chosen):
        table = build_price_table(source, progress=job.progress, cancel=job.cancel)
    made = build_bundle(source, on, chosen, table)
    return {
        "zip": zip_export_files(made.files, made.executable),
        "files": bundle_files_table(made),
        "left_out": made.left_out_lines,
        "to_do": made.to_do,
        "readme": made.files["README.md"],
    }


def plan_text(content: PlanContent | Mapping[str, Any]) -> str:
    """plan.json as it is handed over: its scenario is in the same folder."""
    return plan_file_text({**content, "scenario_path": Path(str(content["scenario_path"])).name})


def zip_exported_tables(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Tables as CSV files in an archive; empty ones are left out."""
    return zip_export_files(
        {f"{name}.csv": csv_text(frame) for name, frame in tables.items() if len(frame)}
    )


def _exported_source(path: str, overrides: Overrides, content: PlanContent) -> PlanAndScenario:
    """The plan and its scenario; DataError when a file has changed since."""
    loaded = assemble_instance(Path(path), dict(overrides), sizing=True)
    if loaded.sha256 != content["scenario_sha256"]:
        problem = "the scenario's files have changed since this plan was made"
        raise DataError([Fault(path, "", "", problem, "solve again")])
    return PlanAndScenario(Plan(content), scenario_with_plan_nodes(loaded, content))


def _copy_exported_plan(source: PlanAndScenario, folder: Path) -> PlanAndScenario:
    """The plan and its scenario as separate files in a folder, so that every file name is
    relative to it. No table is read again.
    """
    loaded = source.loaded
    target = write_archive_folder(loaded.scenario, folder, loaded.tables)
    copy = replace(
        loaded,
        scenario=load_scenario(target),
        tables=replace(loaded.tables, sheets=frozenset()),
    )
    content: PlanContent = {**source.plan.content, "scenario_path": target.name, "overrides": {}}
    return PlanAndScenario(Plan(content), copy)


def files_in(folder: str) -> dict[str, bytes]:
    """Bytes of the files of a folder by name."""
    return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def zip_export_files(
    files: Mapping[str, str | bytes], executable: frozenset[str] = frozenset()
) -> bytes:
    """A ZIP archive of files by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = PROGRAM if name in executable else 0o100644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()
