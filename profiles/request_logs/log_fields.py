"""Fields of a log: times, token counts and labels, of JSON values or cells of text.

What cannot be read is shown only where it looks like a number or a time: a field may hold a
message by mistake, which must not come to a terminal or a file.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any

from profiles.io.cells import number_in_text_cell
from profiles.io.faults import shown_in_fault

__all__ = [
    "LATEST",
    "MOST_TOKENS",
    "UNIX_FROM",
    "LogFieldError",
    "label_of_log_field",
    "time_of_log_field",
    "tokens_of_log_field",
]

MOST_TOKENS = 1e9
LONGEST_LABEL = 100
DIGITS = 16
LATEST = 1e11
"""s; a later time is in another unit."""
UNIX_FROM = 1e8
"""s, from 1973 on; smaller times are counted from another start."""
_HARMLESS = re.compile(r"[-+0-9.,:/eETZ _]{1,40}")


class LogFieldError(ValueError):
    """A field that cannot be read. shown: its value, or what it is; problem, fix: sentences."""

    def __init__(self, value: Any, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.shown, self.problem, self.fix = _shown_log_field(value), problem, fix


def tokens_of_log_field(value: Any) -> float:
    """A count of tokens; NaN for null and blank text."""
    number = _number_of_log_field(value)
    if number is None or number < 0 or number > MOST_TOKENS:
        problem = "this is no number of tokens"
        raise LogFieldError(value, problem, "write a number from 0 on, or leave it blank")
    return number


def time_of_log_field(value: Any, unit: float = 1.0) -> float:
    """A time in s; NaN for null and blank text.

    Numbers are in `unit` seconds. Text may be a number or ISO 8601, as UTC where it names no zone.
    """
    number = _number_of_log_field(value)
    if number is None and isinstance(value, str):
        number = _iso_time(value)
        unit = 1.0
    if number is None:
        problem = "this is no time"
        raise LogFieldError(value, problem, "write seconds, or 2026-11-27T09:30:00.5Z")
    if abs(number * unit) > LATEST:
        problem = "this time is thousands of years away"
        raise LogFieldError(value, problem, "write seconds; milliseconds go into time_ms")
    return number * unit


def label_of_log_field(value: Any) -> str | None:
    """The name of a class or model; None for null and blank text."""
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else ""
    named = isinstance(value, str) and len(text) <= LONGEST_LABEL and text.isprintable()
    if not named and not (isinstance(value, int) and not isinstance(value, bool)):
        problem = f"this is no name of at most {LONGEST_LABEL} characters"
        raise LogFieldError(value, problem, "name another field, or none: --class-by none")
    return (text or None) if isinstance(value, str) else str(value)[:LONGEST_LABEL]


def _number_of_log_field(value: Any) -> float | None:
    """A finite number, NaN for nothing; None for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) < DIGITS:
            return float(value)  # most cells are so, and this is several times as fast
        number = number_in_text_cell(value)
        return number if isinstance(number, float) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > 10**30:
        return None
    return float(value) if math.isfinite(value) else None


def _iso_time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _shown_log_field(value: Any) -> str:
    if isinstance(value, str):
        plain = not value or _HARMLESS.fullmatch(value)
        return shown_in_fault(value) if plain else f"text of {len(value):,} characters"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shown_in_fault(value)
