"""What was kept comes back: drafts, and records that a link opens, with the plan that was shown."""

import json
from dataclasses import replace
from pathlib import Path

from app_pages.jobs.messages import CellsPlanView, JobContext, OpenedWork, PlanView
from app_pages.jobs.planning import plan_view
from planner.errors import DataError
from planner.export.cells.cells_report_content import build_cells_report
from planner.library.drafts import read_draft
from planner.library.input_files import KeptInput, write_input_files
from planner.library.kept_input import PLAN_FILE, read_kept_content
from planner.library.kept_record import RecordKind
from planner.library.library_database import open_library_database
from planner.library.share_links import open_share_link
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.scenario.edits import ScenarioEdit
from planner.settings import Progress

__all__ = ["open_draft_job", "open_shared_job", "opened_kept_work"]


def open_draft_job(folder: str, visitor: str, number: int, *, job: JobContext) -> OpenedWork:
    """Write a visitor's draft into an empty folder, and read what it holds.

    visitor: the secret by which it is found. DataError where there is no such draft, and for a
    scenario that cannot be read.
    """
    job.progress(Progress(0.0, "reading"))
    kept, plan = read_draft(open_library_database(), visitor, number)
    return opened_kept_work(Path(folder), kept, plan)


def open_shared_job(folder: str, key: str, *, job: JobContext) -> OpenedWork:
    """Write the record of a link into an empty folder, and read what it holds; errors as
    `open_draft_job`.
    """
    job.progress(Progress(0.0, "reading"))
    library = open_library_database()
    kept = read_kept_content(library, open_share_link(library, key))
    plan = kept.content if kept.record.kind == RecordKind.PLAN else None
    return replace(opened_kept_work(Path(folder), kept.input, plan), name=kept.record.name)


def opened_kept_work(folder: Path, kept: KeptInput, plan: bytes | None) -> OpenedWork:
    """Files in an empty folder as the page had them.

    A plan passes the gate of every plan.json; one that does not (another version has made it)
    is left out, and can be made again.
    """
    path = str(write_input_files(kept, folder))
    base = ScenarioEdit.of_file(path).base
    edit = ScenarioEdit(path, base, kept.overrides)
    if plan is None:
        return OpenedWork(edit, edit)
    (folder / PLAN_FILE).write_bytes(plan)
    planned = ScenarioEdit(path, base, json.loads(plan)["overrides"])
    try:
        return OpenedWork(edit, planned, _kept_work_view(folder / PLAN_FILE))
    except DataError:
        return OpenedWork(edit, edit)


def _kept_work_view(path: Path) -> PlanView | CellsPlanView:
    source = load_any_plan(path)
    if isinstance(source, CellsPlanAndScenario):
        content = source.plan.content
        return CellsPlanView(content, build_cells_report(content, source.loaded))
    return plan_view(source.plan, source.loaded)
