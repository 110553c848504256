"""Requests gathered row by row into columns of numbers: 44 bytes a request, and no text but the
names of classes.

A request that was logged twice counts once: a span that is there again, and one whose parent is a
request too (a gateway's call and the server's, or an instrumented library on top of another).
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from profiles.io.faults import Fault
from profiles.request_logs.log_fields import UNIX_FROM
from profiles.request_logs.rate_table import ONE_CLASS
from profiles.request_logs.record import LogClock, LoggedRequest, LogRow, RequestLog, SkippedRow

__all__ = ["GatheredRequests"]

MOST_REQUESTS = 20_000_000
MOST_LABELS = 50
FAULTS_SHOWN = 20
"""So many rows of one file with one problem are told one by one."""


@dataclass
class GatheredRequests:
    """skipped: reason -> rows that were left out."""

    skipped: Counter[str] = field(default_factory=Counter)
    _times: array = field(default_factory=lambda: array("d"))
    _labels: array = field(default_factory=lambda: array("i"))
    _input: array = field(default_factory=lambda: array("d"))
    _output: array = field(default_factory=lambda: array("d"))
    _spans: array = field(default_factory=lambda: array("Q"))
    _parents: array = field(default_factory=lambda: array("Q"))
    _codes: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Requests so far."""
        return len(self._times)

    def add_rows(
        self, file: str, rows: Iterable[LogRow], name: str | None, faults: list[Fault]
    ) -> int:
        """Take the requests of one file, and return how many; reading ends where there are too
        many. name: of all their classes; None: as the rows say.
        """
        before, bad = len(self), Counter[str]()
        for row in rows:
            if isinstance(row, Fault):
                bad[row.problem] += 1
                if bad[row.problem] <= FAULTS_SHOWN:
                    faults.append(row)
            elif isinstance(row, SkippedRow):
                self.skipped[row.reason] += 1
            elif fault := self._limit_fault(file):
                faults.append(fault)
                break
            else:
                self._add_request(row, row.label if name is None else name)
        for problem, count in bad.items():
            if count > FAULTS_SHOWN:
                rest = f"{problem}: {count - FAULTS_SHOWN:,} more rows"
                faults.append(Fault(file, "", "", rest, "write the log again, or leave them out"))
        return len(self) - before

    def _limit_fault(self, file: str) -> Fault | None:
        if len(self) >= MOST_REQUESTS:
            problem = f"there are more than {MOST_REQUESTS:,} requests"
            return Fault(file, "", "", problem, "import fewer days, or every tenth request")
        if len(self._codes) > MOST_LABELS:
            problem = f"there are more than {MOST_LABELS} classes"
            return Fault(file, "", "", problem, "name another field, or none: --class-by none")
        return None

    def _add_request(self, row: LoggedRequest, label: str | None) -> None:
        code = -1 if label is None else self._codes.setdefault(label, len(self._codes))
        self._times.append(row.time)
        self._labels.append(code)
        self._input.append(row.input_tokens)
        self._output.append(row.output_tokens)
        self._spans.append(row.span)
        self._parents.append(row.parent)

    def _kept_requests(self) -> np.ndarray:
        """(N,) whether a request is no other one once more; those that are go into `skipped`."""
        spans = np.array(self._spans, dtype=np.uint64)
        parents = np.array(self._parents, dtype=np.uint64)
        kept = np.ones(spans.size, dtype=bool)
        if not spans.any():
            return kept
        known, first = np.unique(spans, return_index=True)
        again = spans != 0
        again[first] = False
        inner = (parents != 0) & np.isin(parents, known[known != 0]) & ~again
        for rows, reason in ((again, "the same span again"), (inner, "inside another request")):
            if rows.any():
                self.skipped[reason] += int(rows.sum())
        return ~again & ~inner

    def to_log(self, faults: list[Fault]) -> RequestLog | None:
        """The requests in the order of time; None, with a fault, where their clocks differ.

        Requests without a class are of the class `all` where none has one, else `other`.
        """
        times = np.array(self._times)
        unix = times >= UNIX_FROM
        if unix.any() and not unix.all():
            problem = (
                f"{int(unix.sum()):,} times are counted from 1970 and {int((~unix).sum()):,} from"
                " another start"
            )
            fix = "import logs of one clock at a time"
            faults.append(Fault("demand import", "", "", problem, fix))
            return None
        labels = np.array(self._labels, dtype=np.int64)
        names = list(self._codes)
        if (labels < 0).any():
            rest = "other" if names else ONE_CLASS
            names += [] if rest in names else [rest]
            labels[labels < 0] = names.index(rest)
        kept = self._kept_requests()
        order = np.argsort(times, kind="stable")
        order = order[kept[order]]
        return RequestLog(
            times=times[order],
            labels=labels[order],
            names=tuple(names),
            input_tokens=np.array(self._input)[order],
            output_tokens=np.array(self._output)[order],
            clock=LogClock.UNIX if unix.all() else LogClock.RELATIVE,
        )
