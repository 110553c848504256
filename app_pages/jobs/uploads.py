"""What the page Inputs reads in a worker: uploaded files, which the server only stores."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from app_pages.jobs.messages import CellsPlanView, JobContext, OpenedPlan
from app_pages.jobs.planning import plan_view
from models.demand.requests import DemandInstance
from planner.errors import DataError
from planner.export.cells.cells_report_content import build_cells_report
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.scenario.archive import zip_scenario
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.scenario.starting.file_kinds import FileKind, wrong_file_faults
from planner.scenario.upload import replace_uploaded_table, store_upload
from planner.settings import Progress
from profiles.io.faults import Fault
from profiles.records import Scores
from profiles.summary import summarise_profiles, summarise_scores

__all__ = [
    "open_upload_job",
    "replace_table_job",
    "summarise_inputs_job",
    "zip_scenario_job",
]

SCENARIOS = (".yaml", ".yml", ".xlsx", ".zip")
"""Endings of files that are, or hold, a scenario."""


def open_upload_job(
    folder: str, files: Mapping[str, str], *, job: JobContext
) -> ScenarioEdit | OpenedPlan:
    """Unpack uploaded files into an empty folder and read everything that their scenario names; a
    plan.json among them is verified against it and opened as it is.

    files: name -> path of its bytes. DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    content = {name: Path(path).read_bytes() for name, path in files.items()}
    try:
        path = store_upload(Path(folder), content)
    except DataError:
        if strangers := _files_without_scenario(files):
            raise DataError(strangers) from None
        raise
    plans = sorted(one for one in Path(folder).iterdir() if one.suffix.lower() == ".json")
    if not plans:
        return _checked_upload(path)
    if len(plans) > 1:
        named = ", ".join(one.name for one in plans)
        problem, fix = "there are several JSON files", "upload one plan.json with its scenario"
        raise DataError([Fault("upload", "", named[:200], problem, fix)])
    return _opened_plan(path, plans[0])


def _files_without_scenario(files: Mapping[str, str]) -> list[Fault]:
    """What the files are, where none of them can be a scenario."""
    if any(PurePath(name).suffix.lower() in SCENARIOS for name in files):
        return []
    return [
        replace(fault, file=name)
        for name, path in files.items()
        for fault in wrong_file_faults([Path(path)], [FileKind.SCENARIO])
    ]


def _opened_plan(scenario: Path, plan: Path) -> OpenedPlan:
    """A plan of either schema, verified. DataError where it is none, or not of this scenario."""
    source = load_any_plan(plan, scenario)
    content, loaded = source.plan.content, source.loaded
    edit = ScenarioEdit(
        str(scenario), ScenarioEdit.of_file(str(scenario)).base, dict(content["overrides"])
    )
    if isinstance(source, CellsPlanAndScenario):
        return OpenedPlan(edit, CellsPlanView(content, build_cells_report(content, loaded)))
    return OpenedPlan(edit, plan_view(source.plan, loaded))


def replace_table_job(
    folder: str, edit: ScenarioEdit, key: str, name: str, table: str, *, job: JobContext
) -> ScenarioEdit:
    """Write the same scenario with another table into an empty folder, and read all of it.

    key: profiles or scores; name: of the uploaded file; table: path of its bytes. DataError with
    every fault.
    """
    job.progress(Progress(0.0, "reading"))
    content = Path(table).read_bytes()
    path = replace_uploaded_table(edit.scenario, key, name, content, Path(folder))
    return _checked_upload(path)


def _checked_upload(path: Path) -> ScenarioEdit:
    """The scenario without changes; DataError when it or its tables are faulty."""
    assemble_instance(path, cells=True, sizing=True)
    return ScenarioEdit.of_file(str(path))


def summarise_inputs_job(
    path: str, overrides: Mapping[str, Any], *, job: JobContext
) -> dict[str, Any]:
    """Read everything a scenario names: summaries of its tables, MIG profiles, notices,
    prompts, options, rates.

    DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    loaded = assemble_instance(Path(path), dict(overrides), cells=True, sizing=True)
    scores = loaded.instance.scores
    tables = {"": scores} if loaded.demand is None else _scores_by_class(loaded.demand)
    return {
        "profiles": summarise_profiles(loaded.tables.profiles),
        "mig_profiles": sorted({o.mig_profile for o in loaded.tables.profiles.options} - {""}),
        "scores": _summary_of_tables(tables),
        "prompts": sum(len(one.weights) for one in tables.values()),
        "dropped_prompts": sum(one.dropped for one in tables.values()),
        "options": len(loaded.instance.options),
        "left_out": len(loaded.instance.dropped),
        "notices": list(loaded.notices),
        "rates": _summary_of_rates(loaded),
    }


def _summary_of_rates(loaded: LoadResult) -> list[list[float]]:
    """Rates of every class (req/s), case by case, in the scenario's order."""
    if loaded.demand is None:
        return [[loaded.scenario.spec.rate_in_all]]
    return [list(map(float, case.rates)) for case in loaded.demand.cases]


def _scores_by_class(demand: DemandInstance) -> dict[str, Scores]:
    """Scores of every class, of the LLMs that may answer it."""
    tables = {}
    for one in demand.classes:
        rows = [i for i, permitted in enumerate(one.permitted) if permitted]
        names = tuple(one.scores.llms[i] for i in rows)
        tables[one.name] = replace(one.scores, llms=names, values=one.scores.values[rows])
    return tables


def _summary_of_tables(tables: Mapping[str, Scores]) -> pd.DataFrame:
    """Summaries below each other, with the class where there are several."""
    frames = []
    for name, scores in tables.items():
        frame = summarise_scores(scores)
        if name:
            frame.insert(0, "Class", name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def zip_scenario_job(edit: ScenarioEdit, *, job: JobContext) -> bytes:
    """The scenario with its changes as an archive; the tables of a workbook are read for it."""
    del job
    return zip_scenario(edit.scenario)
