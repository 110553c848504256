"""Scores of a new scenario: an uploaded table, graded benchmarks, or an example's as a stand-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app_pages.jobs.messages import JobContext
from app_pages.jobs.new_files import refused_new_files, unpack_new_files
from planner.errors import DataError
from planner.scenario.starting.file_kinds import FileKind
from planner.scenario.starting.score_columns import (
    NamedScores,
    name_score_columns,
    read_score_columns,
    stand_in_scores_path,
)
from planner.scenario.upload import uploaded_sheet_as_csv
from planner.settings import Progress
from profiles.io.faults import Fault
from profiles.io.workbook_guard import is_workbook
from profiles.io.writing import write_csv
from profiles.score_importers.pipeline import ImportChoices, import_grades

__all__ = ["NewScores", "name_new_scores_job", "read_new_scores_job", "stand_in_scores_job"]

TABLES = (".csv", ".parquet")
GRADES = "grades.csv"
EXPECTED = (FileKind.SCORES, FileKind.GRADES, FileKind.WORKBOOK)


@dataclass(frozen=True, kw_only=True)
class NewScores:
    """path: of a score table; columns: that may be LLMs; lines: what was read and left out."""

    path: str
    columns: Sequence[str]
    lines: Sequence[str]


def read_new_scores_job(
    folder: str, files: Sequence[tuple[str, str]], *, job: JobContext
) -> NewScores:
    """Read one score table (CSV, Parquet, the sheet Scores of a workbook), or the files of graded
    benchmarks, put into an empty folder. DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    paths = unpack_new_files(Path(folder), files)
    try:
        return _read_scores(Path(folder), paths)
    except DataError as error:
        raise refused_new_files(error, paths, EXPECTED) from None


def _read_scores(folder: Path, paths: Sequence[Path]) -> NewScores:
    path = paths[0]
    if len(paths) == 1 and is_workbook(path):
        content = uploaded_sheet_as_csv("scores", path.name, path.read_bytes(), folder)
        path = folder / "sheet-scores.csv"
        path.write_bytes(content)
        return NewScores(path=str(path), columns=read_score_columns(path), lines=[])
    if len(paths) == 1 and path.suffix.lower() in TABLES:
        try:
            return NewScores(path=str(path), columns=read_score_columns(path), lines=[])
        except DataError as error:
            return _read_grades(folder, paths, error)
    return _read_grades(folder, paths, None)


def _read_grades(folder: Path, paths: Sequence[Path], refused: DataError | None) -> NewScores:
    """Graded benchmarks. refused: why the only file is no score table, which is raised where it is
    no file of grades either.
    """
    try:
        imported = import_grades(paths, ImportChoices(llms={}))
    except DataError as error:
        raise refused or error from None
    path = folder / GRADES
    write_csv(imported.frame, path)
    lines = [*imported.lines, *imported.notices]
    return NewScores(path=str(path), columns=read_score_columns(path), lines=lines)


def stand_in_scores_job(*, job: JobContext) -> NewScores:
    """The score table of an example."""
    del job
    path = stand_in_scores_path()
    return NewScores(path=str(path), columns=read_score_columns(path), lines=[])


def name_new_scores_job(
    path: str, columns: Mapping[str, str | None], out: str, missing: str, *, job: JobContext
) -> NamedScores:
    """Write the table with a column for each LLM; arguments as of `name_score_columns`, None for an
    LLM whose column is not chosen. DataError with every fault.
    """
    job.progress(Progress(0.0, "reading"))
    lacking = [llm for llm, column in columns.items() if column is None]
    if lacking:
        problem, fix = "no column is chosen", "choose the column with its scores"
        raise DataError([Fault("scores", llm, "", problem, fix) for llm in lacking])
    chosen = {llm: column for llm, column in columns.items() if column is not None}
    return name_score_columns(Path(path), chosen, Path(out), missing)
