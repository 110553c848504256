"""`planner.save`, `list_kept`, `read_kept` and `remove_kept`: the library of kept work."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from planner.api.cells_plan_result import CellsPlanResult
from planner.api.plan_result import PlanResult
from planner.api.plan_source import AnyPlanResult, read_plan
from planner.api.scenario import LoadedScenario, ScenarioSource, load
from planner.api.temporary_files import TemporaryFiles, naming_temporary_files
from planner.library.kept_input import (
    PLAN_FILE,
    KeptContent,
    load_kept_scenario,
    read_kept_content,
    write_kept_files,
)
from planner.library.kept_record import KeptAs, KeptRecord, RecordKind
from planner.library.library_database import open_library_database
from planner.library.record_changes import remove_records
from planner.library.record_keeping import keep_plan, keep_scenario
from planner.library.record_search import RecordSearch, find_record, list_records
from planner.library.record_table import kept_records_table

__all__ = ["list_kept", "read_kept", "remove_kept", "save"]


def save(
    source: AnyPlanResult | ScenarioSource,
    name: str = "",
    *,
    tags: Sequence[str] = (),
    note: str = "",
) -> KeptRecord:
    """Keep a plan with its scenario, or a scenario, in the library.

    Parameters
    ----------
    source
        A plan of `planner.plan` or its file (.json); or a scenario, its content or its file.
    name, tags, note
        By which it is found again; name: default, the scenario's.

    Returns
    -------
    KeptRecord
        Its `number` and `name` are what `read_kept` and `llm-planner library` take. What is there
        already gets the name, tags and note that are given, and is not kept twice.

    Raises
    ------
    DataError
        When the input is faulty, or has changed since it was loaded.
    LibraryError
        When the library cannot be written.

    """
    kept_as = KeptAs(name, tuple(tags), note)
    if isinstance(source, str | os.PathLike) and Path(source).suffix.lower() == ".json":
        source = read_plan(source)
    library = open_library_database()
    if isinstance(source, PlanResult | CellsPlanResult):
        return keep_plan(library, source.content, source.scenario.result, kept_as)
    # Named, since tables of memory are files as long as it lives.
    scenario = source if isinstance(source, LoadedScenario) else load(source)
    return keep_scenario(library, scenario.result, kept_as)


def list_kept(text: str = "", *, kind: str | None = None, tags: Sequence[str] = ()) -> pd.DataFrame:
    """List what is in the library.

    Parameters
    ----------
    text
        A part of the name, note, tag or scenario, or how the scenario's hash begins.
    kind
        `scenario`, `plan` or `study` alone.
    tags
        Tags that a record must have, all of them.

    Returns
    -------
    DataFrame
        One row a record, the newest first; no rows before anything was kept.

    Raises
    ------
    LibraryError
        When the library cannot be read.
    ValueError
        When there is no such kind.

    """
    search = RecordSearch(text, None if kind is None else RecordKind(kind), tuple(tags))
    return kept_records_table(list_records(open_library_database(), search))


def read_kept(record: int | str | KeptRecord) -> AnyPlanResult | LoadedScenario | dict[str, Any]:
    """Read a record of the library; a plan is verified against the scenario it was kept with.

    Parameters
    ----------
    record
        Its number or name, or how the hash of its scenario begins.

    Returns
    -------
    PlanResult, CellsPlanResult, LoadedScenario or dict
        A plan as `planner.plan` has returned it, without the program of its search; a scenario; or
        the content of a study.

    Raises
    ------
    LibraryError
        When there is no such record, when several have the name, or when the library is damaged.
    DataError
        When the plan fails the verifier.

    """
    library = open_library_database()
    kept = read_kept_content(library, find_record(library, _reference(record)))
    if kept.record.kind == RecordKind.STUDY:
        return dict(json.loads(kept.content or b"{}"))
    files = TemporaryFiles()
    folder = files.folder
    files.names = _names_of_kept(kept, folder)
    with naming_temporary_files([files]):
        write_kept_files(kept, folder)
        if kept.record.kind == RecordKind.SCENARIO:
            return LoadedScenario(load_kept_scenario(kept, folder), (files,))
        plan = read_plan(folder / PLAN_FILE)
    return replace(plan, scenario=replace(plan.scenario, files=(files,)))


def remove_kept(*records: int | str | KeptRecord) -> None:
    """Remove records from the library for good, all of them or none.

    Parameters
    ----------
    records
        Numbers or names.

    Returns
    -------
    None

    Raises
    ------
    LibraryError
        When one is not there, or when the library cannot be written.

    """
    library = open_library_database()
    found = [find_record(library, _reference(one)) for one in records]
    remove_records(library, [one.number for one in found])


def _reference(record: int | str | KeptRecord) -> str:
    return str(record.number if isinstance(record, KeptRecord) else record)


def _names_of_kept(kept: KeptContent, folder: Path) -> dict[str, str]:
    """Path -> what faults call the file."""
    names = {str(folder / name): f"{kept.words}: {name}" for name in kept.input.files}
    return names | {str(folder / PLAN_FILE): kept.words}
