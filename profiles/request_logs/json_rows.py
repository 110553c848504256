"""Requests of JSON objects: the fields that every format of rows shares. Nothing else of a row is
kept.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from profiles.io.faults import Fault
from profiles.request_logs.csv_rows import NO_TIME
from profiles.request_logs.log_fields import (
    LogFieldError,
    label_of_log_field,
    time_of_log_field,
    tokens_of_log_field,
)
from profiles.request_logs.record import LoggedRequest, LogRow, SkippedRow

__all__ = ["JsonLogKeys", "request_of_json"]


@dataclass(frozen=True)
class JsonLogKeys:
    """Keys of a row, each the first that it has. time_unit: s of one unit of `time`."""

    time: Sequence[str]
    label: Sequence[str]
    input_tokens: Sequence[str]
    output_tokens: Sequence[str]
    time_unit: float = 1.0


def request_of_json(path: Path, place: str, row: Mapping[str, Any], keys: JsonLogKeys) -> LogRow:
    """The request of one object."""
    names = [
        next((key for key in wanted if row.get(key) is not None), "")
        for wanted in (keys.time, keys.label, keys.input_tokens, keys.output_tokens)
    ]
    at = 0
    try:
        time = time_of_log_field(row.get(names[0]), keys.time_unit)
        at = 1
        label = label_of_log_field(row.get(names[1]))
        tokens = []
        for name in names[2:]:
            at += 1
            tokens.append(tokens_of_log_field(row.get(name)))
    except LogFieldError as error:
        where = f"{place}, key {names[at]}"
        return Fault(str(path), where, error.shown, error.problem, error.fix)
    return (
        SkippedRow(NO_TIME)
        if math.isnan(time)
        else LoggedRequest(time, label, tokens[0], tokens[1])
    )
