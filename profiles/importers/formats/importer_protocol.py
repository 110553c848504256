"""What a reader of one tool's benchmark files is: the entry points of `llm_planner.importers`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from profiles.importers.formats.record import Run

__all__ = ["BenchmarkFormat", "BenchmarkImporter"]


class BenchmarkImporter(Protocol):
    """Reads the content of one JSON or YAML file (of a list, each item on its own)."""

    def recognises(self, tree: Mapping[str, Any], /) -> bool:
        """Whether this tool wrote it, by what is in it and never by names of files."""

    def read_runs(self, tree: Mapping[str, Any], file: str, place: str, /) -> Sequence[Run]:
        """One record for each load point, in req/s and ms. file, place: where the tree is from, to
        be put into the records.
        """


@dataclass(frozen=True)
class BenchmarkFormat:
    """An importer made of two functions."""

    recognises: Callable[[Mapping[str, Any]], bool]
    read_runs: Callable[[Mapping[str, Any], str, str], Sequence[Run]]
