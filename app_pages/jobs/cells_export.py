"""What the page Export makes in a worker of a plan over classes and cases: files as bytes."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app_pages.jobs.export import Made, files_in, zip_export_files
from app_pages.jobs.messages import JobContext
from planner.errors import DataError
from planner.export.cells.cells_bundle import build_cells_bundle
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.export.input_workbook import write_loaded_input_workbook
from planner.export.source_date import source_time
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.plan_and_scenario import scenario_with_plan_nodes
from planner.scenario.assemble import LoadResult, assemble_instance
from profiles.io.faults import Fault

__all__ = [
    "export_cells_bundle_job",
    "export_cells_charts_job",
    "export_cells_report_job",
    "export_cells_workbook_job",
    "scenario_of_cells",
]

Overrides = Mapping[str, Any]
Content = Mapping[str, Any]


def export_cells_report_job(
    path: str, overrides: Overrides, content: Content, *, job: JobContext
) -> Made:
    """The report as a workbook, its inputs in it."""
    del job
    loaded = scenario_of_cells(path, overrides, content)
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        target = Path(folder) / "report.xlsx"
        write_cells_report_files(content, loaded, str(target), None)
        return target.read_bytes(), []


def export_cells_charts_job(
    path: str, overrides: Overrides, content: Content, *, job: JobContext
) -> Made:
    """The report's charts, PNG and SVG, as an archive."""
    del job
    loaded = scenario_of_cells(path, overrides, content)
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        write_cells_report_files(content, loaded, None, folder)
        return zip_export_files(files_in(folder)), []


def export_cells_workbook_job(
    path: str, overrides: Overrides, content: Content, *, job: JobContext
) -> Made:
    """The scenario with its changes as an input workbook."""
    del job
    loaded = scenario_of_cells(path, overrides, content)
    with TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        target = Path(folder) / "scenario.xlsx"
        notes = write_loaded_input_workbook(loaded, target)
        return target.read_bytes(), list(notes)


def export_cells_bundle_job(
    path: str, overrides: Overrides, content: Content, *, job: JobContext
) -> Made:
    """The deploy bundle as an archive, with what is to be done and what is left out."""
    del job
    loaded = scenario_of_cells(path, overrides, content)
    source = CellsPlanAndScenario(CellsPlan(content), loaded)
    made = build_cells_bundle(source, source_time().date())
    notes = [
        *(f"To do before the start: {caution}" for caution in made.to_do),
        *(f"Left out: {line}" for line in made.left_out_lines),
    ]
    return zip_export_files(made.files, made.executable), notes


def scenario_of_cells(path: str, overrides: Overrides, content: Content) -> LoadResult:
    """The plan's scenario with the numbers of nodes that it decides; DataError when a file has
    changed since.
    """
    loaded = assemble_instance(Path(path), dict(overrides), cells=True, sizing=True)
    if loaded.sha256 != content["scenario_sha256"]:
        problem = "the scenario's files have changed since this plan was made"
        raise DataError([Fault(path, "", "", problem, "solve again")])
    return scenario_with_plan_nodes(loaded, content)
