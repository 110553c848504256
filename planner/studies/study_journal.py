"""The journal of a study: what was routed so far, so that an interrupted study resumes where it
stopped.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from planner.decomposition.routing import RoutingResult

__all__ = ["StudyJournal"]

PutRows = Callable[[Sequence[int], Sequence[RoutingResult]], None]


class StudyJournal:
    """The setups routed, a line per chunk, under a first line that says of which study.

    A half-written last line is passed over.
    """

    def __init__(self, path: Path | None, key: dict[str, object]) -> None:
        self.path, self.key = path, key
        self.stream: TextIO | None = None

    def read(self, put: PutRows) -> int:
        """Enter what an earlier run routed, and start the file again with it; how many rows."""
        if self.path is None:
            return 0
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
        chunks = list(_lines(lines, self.key))
        self.stream = self.path.open("w", encoding="utf-8")
        self.stream.write(json.dumps(self.key) + "\n")
        for rows, routed in chunks:
            put(rows, routed)
            self.write(rows, routed)
        return sum(len(rows) for rows, _ in chunks)

    def write(self, rows: Sequence[int] | np.ndarray, routed: Sequence[RoutingResult]) -> None:
        """Append one chunk."""
        if self.stream is not None:
            results = [
                [
                    r.value,
                    r.bound,
                    *(part.tolist() for part in (r.rates, r.fractions, r.alpha, r.beta, r.spends)),
                ]
                for r in routed
            ]
            self.stream.write(json.dumps([[int(row) for row in rows], results]) + "\n")
            self.stream.flush()

    def close(self, *, remove: bool) -> None:
        """End; the journal goes when it is not needed any more."""
        if self.stream is not None and self.path is not None:
            self.stream.close()
            if remove:
                self.path.unlink(missing_ok=True)


def _lines(
    lines: Sequence[str], key: dict[str, object]
) -> Iterator[tuple[list[int], list[RoutingResult]]]:
    """Chunks of a journal of this very study."""
    for number, line in enumerate(lines):
        try:
            content = json.loads(line)
        except ValueError:
            return
        if number == 0:
            if content != key:
                return
            continue
        rows, results = content
        yield (
            rows,
            [
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
            ],
        )
