"""The journal of a study of setups: what was routed so far, a line a chunk."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planner.decomposition.routing import RoutingResult
from planner.studies.journal_file import JournalFile

__all__ = ["StudyJournal"]

PutRows = Callable[[Sequence[int], Sequence[RoutingResult]], None]


class StudyJournal:
    """The setups routed; without a path nothing is written."""

    def __init__(self, path: Path | None, key: dict[str, object]) -> None:
        self.file = JournalFile(path, "setups", key)

    def read(self, put: PutRows) -> int:
        """Enter what an earlier run routed, and begin the file anew with it; how many rows.

        WriteError when the file cannot be written.
        """
        chunks = list(_study_journal_chunks(self.file.lines))
        self.file.begin(_study_journal_line(rows, routed) for rows, routed in chunks)
        for rows, routed in chunks:
            put(rows, routed)
        return sum(len(rows) for rows, _ in chunks)

    def write(self, rows: Sequence[int] | np.ndarray, routed: Sequence[RoutingResult]) -> None:
        """Append one chunk. WriteError when that is not possible."""
        self.file.append(_study_journal_line(rows, routed))

    def remove(self) -> None:
        """The study is complete."""
        self.file.remove()


def _study_journal_line(
    rows: Sequence[int] | np.ndarray, routed: Sequence[RoutingResult]
) -> list[Any]:
    """A chunk as it is written: [rows, results]."""
    results = [
        [
            r.value,
            r.bound,
            *(part.tolist() for part in (r.rates, r.fractions, r.alpha, r.beta, r.spends)),
        ]
        for r in routed
    ]
    return [[int(row) for row in rows], results]


def _study_journal_chunks(lines: Sequence[Any]) -> Iterator[tuple[list[int], list[RoutingResult]]]:
    """Chunks of a journal, up to the first line that is none."""
    for line in lines:
        try:
            rows, results = line
            routed = [
                RoutingResult(
                    value=value,
                    bound=bound,
                    rates=np.array(rates, dtype=float),
                    fractions=np.array(fractions, dtype=float),
                    alpha=np.array(alpha, dtype=float),
                    beta=np.array(beta, dtype=float),
                    spends=np.array(spends, dtype=float),
                )
                for value, bound, rates, fractions, alpha, beta, spends in results
            ]
        except (TypeError, ValueError):
            return
        yield rows, routed
