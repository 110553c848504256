"""A tornado as a table of its ends, a short one of its bars, and sentences.

ends    rank, input, today, moved to, status, found and best possible there, change, whether it is
        certain, whether the same setup runs, swing of the input, reason
bars    input, today, change at the lower and at the higher value, swing, setup
"""

import pandas as pd

from planner.presentation.formatting import format_gap
from planner.presentation.sensitivity.moved_setups import (
    format_moved_objective,
    format_moved_value,
    moved_unit,
)
from planner.studies.sensitivity.tornado import Tornado, TornadoEnd

__all__ = ["tornado_bars_table", "tornado_headline", "tornado_lines", "tornado_table"]

NO_PLAN = "no plan"
UNCERTAIN = "?"
"""Behind a change that may be nothing but what the gaps leave open."""


def tornado_table(tornado: Tornado) -> pd.DataFrame:
    """One row per end that was planned, inputs in their rank."""
    unit, rows = moved_unit(tornado.objective), []
    for rank, bar in enumerate(tornado.bars, start=1):
        for end in bar.ends:
            plan, of = end.plan, bar.moved
            rows.append(
                (
                    *(rank, of.words, of.unit, of.today, end.value, str(plan.status)),
                    *(plan.value, plan.bound, end.change, end.certain),
                    *(end.same_setup, bar.swing, plan.reason),
                )
            )
    heads = [
        *("Rank", "Input", "Unit", "Today", "Moved to", "Status"),
        *(f"Found ({unit})", f"Best possible ({unit})", f"Change ({unit})", "Certain"),
        *("Same setup", f"Swing of the input ({unit})", "Reason"),
    ]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def tornado_bars_table(tornado: Tornado) -> pd.DataFrame:
    """One row per input, as text, in their rank."""
    part = f"{tornado.percent:g} %"
    rows = [
        (
            bar.moved.words,
            format_moved_value(bar.moved, bar.moved.today),
            _tornado_change(tornado, bar.low),
            _tornado_change(tornado, bar.high),
            format_moved_objective(tornado.objective, bar.swing),
            "same" if all(end.same_setup for end in bar.ends) else "changes",
        )
        for bar in tornado.bars
    ]
    heads = ["Input", "Today", f"{part} less", f"{part} more", "Swing", "Setup"]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def _tornado_change(tornado: Tornado, end: TornadoEnd | None) -> str:
    """Change of the objective at one end."""
    if end is None:
        return "-"
    if end.change is None:
        return NO_PLAN if end.certain else f"unknown {UNCERTAIN}"
    text = format_moved_objective(tornado.objective, end.change, signed=True)
    return text if end.certain or text.strip("0.") == "" else f"{text} {UNCERTAIN}"


def tornado_lines(tornado: Tornado) -> list[str]:
    """What moves the plan most, what has no plan, what is not certain."""
    unit = moved_unit(tornado.objective)
    blocked = [bar.moved.words for bar in tornado.bars if bar.blocked]
    moving = [bar for bar in tornado.bars if bar.certain and bar.swing > 0]
    unsure = [bar.moved.words for bar in tornado.bars if not bar.certain]
    lines = []
    if moving:
        most = max(moving, key=lambda bar: bar.swing)
        swing = format_moved_objective(tornado.objective, most.swing)
        lines.append(f"Most by {most.moved.words}: {swing} {unit} between the two ends.")
    if blocked:
        lines.append(f"No plan at one end or both: {', '.join(blocked)}.")
    if unsure:
        lines.append(f"Nothing that is sure beyond the gaps (?): {', '.join(unsure)}.")
    if any(bar.moved.unit == "nodes" for bar in tornado.bars):
        lines.append("Nodes move by whole ones, and no pool has fewer than one.")
    return lines


def tornado_headline(tornado: Tornado, name: str) -> str:
    """The scenario's name, today's plan with its gap, and how much was planned."""
    today, ends = tornado.today, sum(len(bar.ends) for bar in tornado.bars)
    value = format_moved_objective(tornado.objective, today.value)
    gap = today.open_part() / max(abs(today.value or 0.0), 1e-9)
    return (
        f"{name}: {value} {moved_unit(tornado.objective)} today (gap {format_gap(gap)}),"
        f" {len(tornado.bars)} inputs moved by {tornado.percent:g} %, {ends} plans"
    )
