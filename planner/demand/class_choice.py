"""Which class every request of a log is of: by the log's names, chosen and renamed, or by length.

Several names may become one class. A name that is not chosen is left out with its requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.demand.length_classes import (
    length_class_borders,
    length_class_codes,
    length_class_names,
)
from planner.errors import DataError
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.writing import FORMULA
from profiles.request_logs.record import RequestLog

__all__ = ["ClassGroups", "group_class_names", "group_requests_by_length"]

LONGEST_NAME = 100


@dataclass(frozen=True)
class ClassGroups:
    """names: (C,) of classes. groups: position of the class of every name, -1 for none."""

    names: tuple[str, ...]
    groups: tuple[int, ...]


def group_class_names(names: Sequence[str], wanted: Mapping[str, str]) -> ClassGroups:
    """Classes of the names in a log. wanted: name -> class, of those that are chosen; none: all.

    DataError for names that the log lacks, and for classes that a table cannot name.
    """
    faults = [
        Fault(
            "--class",
            "",
            repr(name),
            "the log has no class of this name",
            f"{fault_spelling_guess(name, names)}the log has {', '.join(sorted(names)[:40])}",
        )
        for name in wanted
        if name not in names
    ]
    renamed = [wanted.get(name, "" if wanted else name) for name in names]
    classes = tuple(dict.fromkeys(new for name, new in zip(names, renamed, strict=True) if new))
    for name in wanted.values() if wanted else classes:
        if not _is_class_name(name):
            problem = "no class may be called so (a spreadsheet would read a formula, or nothing)"
            faults.append(Fault("--class", "", repr(name), problem, "rename it: --class NAME=NEW"))
    if faults:
        raise DataError(faults)
    return ClassGroups(classes, tuple(classes.index(new) if new else -1 for new in renamed))


def _is_class_name(name: str) -> bool:
    """Whether a scenario and a table may hold the name."""
    whole = name == name.strip() and 0 < len(name) <= LONGEST_NAME and name.isprintable()
    return whole and not FORMULA.match(name)


def group_requests_by_length(
    log: RequestLog, count: int, borders: Sequence[float]
) -> tuple[tuple[str, ...], np.ndarray]:
    """(names, (N,) positions) of classes by the length of prompts; classes without requests are
    left out. count: of classes, where no borders are given.
    """
    borders = tuple(borders) or length_class_borders(log.input_tokens, count)
    codes = length_class_codes(log.input_tokens, borders)
    used, packed = np.unique(codes, return_inverse=True)
    names = length_class_names(borders)
    return tuple(names[k] for k in used), packed.reshape(-1)
