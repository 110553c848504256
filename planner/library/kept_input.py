"""What was kept is read back: into a folder, from which scenario and plan are loaded as any others.

Nothing of a library is taken on trust: contents must have their hashes, names stay in the folder,
and a plan passes the gate of every plan.json (planner.plans.cells.any_plan): its schema, the hash
of its scenario, the verifier.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from planner.errors import DataError
from planner.library.blobs import damaged_blobs, read_blob
from planner.library.input_files import KeptInput, write_input_files
from planner.library.kept_record import KeptRecord, RecordKind
from planner.library.library_database import LibraryDatabase
from planner.library.library_errors import library_fault
from planner.library.record_search import entry_of_record
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.scenario.archive import write_archive_folder
from planner.scenario.assemble import LoadResult, assemble_instance

__all__ = [
    "PLAN_FILE",
    "STUDY_FILE",
    "KeptContent",
    "kept_input_overrides",
    "load_kept_plan",
    "load_kept_scenario",
    "opened_kept_content",
    "read_kept_content",
    "write_kept_content",
    "write_kept_files",
]

PLAN_FILE, STUDY_FILE = "plan.json", "study.json"


@dataclass(frozen=True)
class KeptContent:
    """All of a record. content: plan.json or the study's JSON; None of a scenario."""

    record: KeptRecord
    input: KeptInput
    content: bytes | None = field(default=None, repr=False)

    @property
    def words(self) -> str:
        """How messages name it."""
        return f"library record {self.record.number}"


def read_kept_content(library: LibraryDatabase, record: KeptRecord) -> KeptContent:
    """Read all of a record; LibraryError where it is gone or damaged."""

    def read(session: Session) -> KeptContent:
        entry = entry_of_record(session, record.number, library)
        files = {one.name: read_blob(session, one.sha256, library.words) for one in entry.files}
        content = entry.content_sha256
        kept = KeptInput(
            files, entry.scenario_file, kept_input_overrides(entry.overrides, library.words)
        )
        if entry.scenario_file not in files or (content is None) != (
            record.kind == RecordKind.SCENARIO
        ):
            raise damaged_blobs(library.words, f"record {record.number} lacks a file")
        text = None if content is None else read_blob(session, content, library.words)
        return KeptContent(record, kept, text)

    return library.read_library(read)


@contextmanager
def opened_kept_content(kept: KeptContent) -> Iterator[Path]:
    """Within, the record's files are in the folder that is given, plan.json or study.json among
    them; faults name the record, not the folder.
    """
    with (
        tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as name,
        _naming_record(kept, name),
    ):
        folder = Path(name)
        write_kept_files(kept, folder)
        yield folder


def load_kept_scenario(kept: KeptContent, folder: Path) -> LoadResult:
    """The scenario of a record from its open folder; DataError when it is not the one of its
    hash.
    """
    path = folder / kept.input.scenario_file
    loaded = assemble_instance(path, kept.input.overrides, cells=True, sizing=True)
    if loaded.sha256 != kept.record.scenario_sha256:
        problem = "its files are not (or no longer) the scenario of its hash"
        raise library_fault(kept.words, problem, "keep the scenario again")
    return loaded


def load_kept_plan(
    kept: KeptContent, folder: Path, *, unverified: bool = False
) -> PlanAndScenario | CellsPlanAndScenario:
    """The plan of a record from its open folder, through the gate of every plan.json; DataError as
    there, and for a record that is no plan.
    """
    if kept.record.kind != RecordKind.PLAN:
        problem = f"this record is a {kept.record.kind}, not a plan"
        raise library_fault(kept.words, problem, "name a plan")
    return load_any_plan(folder / PLAN_FILE, unverified=unverified)


def write_kept_content(kept: KeptContent, folder: Path) -> None:
    """Write a record into an empty folder, for use without the library: the scenario's files as
    they were kept, plan.json or study.json beside them. A scenario with overrides is written with
    them, as `scenario.yaml`, so that it has its hash by itself.

    OSError when that is not possible, DataError for a record that is damaged.
    """
    if kept.record.kind == RecordKind.SCENARIO and kept.input.overrides:
        with opened_kept_content(kept) as source:
            write_archive_folder(load_kept_scenario(kept, source).scenario, folder)
    else:
        with _naming_record(kept, str(folder)):
            write_kept_files(kept, folder)


def write_kept_files(kept: KeptContent, folder: Path) -> None:
    """Write the files of the scenario into a folder, and the content under a name of its own;
    errors as `write_kept_content`.
    """
    write_input_files(kept.input, folder)
    if kept.content is not None:
        name = PLAN_FILE if kept.record.kind == RecordKind.PLAN else STUDY_FILE
        if name in kept.input.files:
            problem = f"the scenario has a file {name} of its own"
            raise library_fault(kept.words, problem, "keep the scenario with another name for it")
        (folder / name).write_bytes(kept.content)


@contextmanager
def _naming_record(kept: KeptContent, folder: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        faults = [
            replace(
                fault,
                file=_in_record(fault.file, kept, folder),
                problem=_in_record(fault.problem, kept, folder),
            )
            for fault in error.faults
        ]
        raise type(error)(faults, error.notices) from None


def _in_record(text: str, kept: KeptContent, folder: str) -> str:
    return text.replace(f"{folder}/", f"{kept.words}: ")


def kept_input_overrides(text: Any, library: str) -> Mapping[str, Any]:
    """The overrides of a row; LibraryError where they are damaged. library: as messages name it."""
    try:
        overrides = json.loads(text)
    except (TypeError, ValueError):
        overrides = None
    if not isinstance(overrides, dict):
        raise damaged_blobs(library, "the overrides of a record cannot be read")
    return overrides
