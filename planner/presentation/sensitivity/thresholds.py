"""Thresholds as a table and as sentences: between which values today's setup stays the best.

thresholds   input, today, best down to, no more at, best up to, no more at, precision, whether both
             ends are certain, the setups beyond
"""

import pandas as pd

from planner.presentation.formatting import format_number
from planner.presentation.sensitivity.moved_setups import moved_setup_words
from planner.studies.sensitivity.thresholds import Threshold, ThresholdEnd, Thresholds

__all__ = ["threshold_lines", "thresholds_table"]

NO_PLAN = "no plan"


def thresholds_table(thresholds: Thresholds) -> pd.DataFrame:
    """One row per input."""
    rows = [
        (
            *(row.moved.words, row.moved.unit, row.moved.today),
            *_threshold_values(row.low),
            *_threshold_values(row.high),
            thresholds.precision / 100.0 * row.moved.today,
            all(end is not None and end.certain for end in (row.low, row.high)),
            _threshold_setup(row.low),
            _threshold_setup(row.high),
        )
        for row in thresholds.rows
    ]
    heads = [
        *("Input", "Unit", "Today", "Best down to", "Not at (below)", "Best up to"),
        *("Not at (above)", "Precision", "Certain", "Setup below", "Setup above"),
    ]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def _threshold_values(end: ThresholdEnd | None) -> tuple[float | None, float | None]:
    return (None, None) if end is None else (end.kept, end.beyond)


def _threshold_setup(end: ThresholdEnd | None) -> str:
    """What runs beyond an end; "" where the setup was the best as far as was looked."""
    if end is None or end.beyond is None:
        return ""
    return NO_PLAN if end.plan is None else moved_setup_words(end.plan)


def threshold_lines(thresholds: Thresholds) -> list[str]:
    """A sentence per input, and what runs beyond."""
    lines = [f"Today's setup: {moved_setup_words(thresholds.today)}."]
    for row in thresholds.rows:
        lines.append(_threshold_range(row, thresholds.precision))
        for end, words in ((row.low, "Below"), (row.high, "Above")):
            if end is not None and end.beyond is not None:
                setup = _threshold_setup(end)
                at = f"{_threshold_number(end.beyond)} {row.moved.unit}"
                lines.append(f"{words}, at {at}: {setup}.")
    return lines


def _threshold_range(row: Threshold, precision: float) -> str:
    """`Arrival rate: it stays the best from 52 to 71 req/s (60 today; precision 0.6 req/s)`."""
    unit, today = row.moved.unit, _threshold_number(row.moved.today)
    step = _threshold_number(precision / 100.0 * row.moved.today, 2)
    ends = [_threshold_end_words(row.low, "down"), _threshold_end_words(row.high, "up")]
    open_ends = [
        f"{word} as far as was looked"
        for word, end in (("down", row.low), ("up", row.high))
        if end is not None and end.complete and end.beyond is None
    ]
    unsure = [
        f"{word} not certain within the gaps"
        for word, end in (("lower end", row.low), ("upper end", row.high))
        if end is not None and end.complete and not end.certain
    ]
    notes = "; ".join([f"{today} today", f"precision {step} {unit}", *open_ends, *unsure])
    what = row.moved.words[0].upper() + row.moved.words[1:]
    return f"{what}: it stays the best from {ends[0]} to {ends[1]} {unit} ({notes})."


def _threshold_end_words(end: ThresholdEnd | None, way: str) -> str:
    """The last value found on one side."""
    if end is None:
        return "?"
    stopped = "" if end.complete else f" (stopped; looked {way} to there)"
    return f"{_threshold_number(end.kept)}{stopped}"


def _threshold_number(value: float, digits: int = 4) -> str:
    """A value without zeros behind its last digit."""
    text = format_number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text
