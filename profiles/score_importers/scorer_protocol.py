"""What a reader of one benchmark's grades is: the entry points of `llm_planner.scorers`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from profiles.io.faults import Fault
from profiles.score_importers.grades import Grade

__all__ = ["GradeFileFormat", "GradeImporter", "ImportChoices", "every_file_is_a_run"]


@dataclass(frozen=True, kw_only=True)
class ImportChoices:
    """llms: name in the files -> name in the table, of those wanted; none: all.

    metrics, answer_filter: of lm-evaluation-harness, see `read_lm_eval`.
    """

    llms: Mapping[str, str]
    metrics: Sequence[str] = ()
    answer_filter: str | None = None


class GradeImporter(Protocol):
    """Reads one file of grades."""

    def recognises(self, path: Path, /) -> bool:
        """Whether the file is of this benchmark, by its content."""

    def run_of(self, path: Path, /) -> tuple[tuple[str, ...], str]:
        """(which run of which LLM on which task, its date): of equal ones the latest is read."""

    def read_grades(self, path: Path, choices: ImportChoices, /) -> Iterator[Grade | Fault]:
        """Grades by LLM and prompt; a fault for what is none."""


@dataclass(frozen=True)
class GradeFileFormat:
    """A scorer made of functions."""

    recognises: Callable[[Path], bool]
    read_grades: Callable[[Path, ImportChoices], Iterator[Grade | Fault]]
    run_of: Callable[[Path], tuple[tuple[str, ...], str]]


def every_file_is_a_run(path: Path) -> tuple[tuple[str, ...], str]:
    """The run of a format whose files do not replace each other."""
    return (str(path),), ""
