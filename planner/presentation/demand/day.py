"""A day of demand as sentences, tables and content: `planner.demand.day`.

demand_levels    one row per level and class: hours, bins, planned and mean rate
demand_classes   one row per class: mean rate, token means, burstiness
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from planner.demand.burstiness import Burstiness
from planner.demand.day import DemandDay
from planner.demand.day_levels import BinOrder
from planner.demand.rate_bins import DAY_S
from planner.plans.numbers import finite_number
from planner.presentation.formatting import format_number
from planner.program import PROGRAM
from profiles.request_logs.record import LogClock

__all__ = [
    "demand_classes_table",
    "demand_day_content",
    "demand_day_headline",
    "demand_day_lines",
    "demand_day_notices",
    "demand_levels_table",
]

ALL = "all"
FEW_REQUESTS = 100
"""Of a class in a bin; fewer say little of its rate."""
MOST_ROWS = 40
"""Rows of the levels' table; with more, levels have their sums alone."""


def demand_day_headline(day: DemandDay) -> str:
    """Render what the day is made of."""
    count, bins = len(day.levels), day.bins
    return (
        f"{count} case{'s' * (count > 1)} of {len(bins.starts):,} bins of {bins.width / 60:g} min:"
        f" {format_number(sum(one.rate for one in day.classes))} req/s on average,"
        f" {format_number(max(sum(level.rates) for level in day.levels))} req/s in the highest case"
    )


def demand_levels_table(day: DemandDay) -> pd.DataFrame:
    """One row per level and class; level, hours and bins in the first row of each level."""
    single = len(day.levels) * len(day.classes) > MOST_ROWS
    rows = []
    for level in day.levels:
        named = [(ALL, sum(level.rates), sum(level.means))]
        if not single:
            names = [one.name for one in day.classes]
            named = list(zip(names, level.rates, level.means, strict=True))
        for k, (name, rate, mean) in enumerate(named):
            first = k == 0
            rows.append(
                {
                    "Case": level.name if first else "",
                    "Hours (h)": level.hours if first else None,
                    "Bins": level.bins if first else None,
                    "Class": name,
                    "Planned (req/s)": rate,
                    "Mean (req/s)": mean,
                }
            )
    return pd.DataFrame(rows)


def demand_classes_table(day: DemandDay) -> pd.DataFrame:
    """One row per class; blank where the log does not say."""
    return pd.DataFrame(
        [
            {
                "Class": one.name,
                "Mean (req/s)": one.rate,
                "Input tokens": one.input_tokens,
                "Output tokens": one.output_tokens,
                "CV of gaps": None if one.burstiness is None else one.burstiness.cv,
                "Dispersion": None if one.burstiness is None else one.burstiness.dispersion,
            }
            for one in day.classes
        ]
    )


def demand_day_lines(day: DemandDay) -> list[str]:
    """Say what the rates are, what more levels would save, and how bursty arrivals are."""
    quantile = day.choices.quantile
    planned = (
        f"{100 * day.excess[len(day.levels) - 1]:.1f} % more than was offered"
        if len(day.levels) <= len(day.excess)
        else "as the table says"
    )
    rank = "highest rate" if quantile >= 1 else f"{100 * quantile:g} % quantile"
    lines = [f"Every case plans each class for the {rank} of its bins: {planned}."]
    if quantile < 1:
        lines.append(f"{100 * day.above:.1f} % of the bins are above their case in some class.")
    if len(day.excess) > 1 and quantile >= 1:
        shares = ", ".join(f"{k}: {100 * one:.0f} %" for k, one in enumerate(day.excess, start=1))
        lines.append(f"Planned above offered, by number of levels: {shares} (--levels).")
    return lines + _burstiness_lines(day)


def _burstiness_lines(day: DemandDay) -> list[str]:
    known = [(one.name, one.burstiness) for one in day.classes if one.burstiness is not None]
    if not known:
        return ["A table of rates says nothing of bursts: profiles assume Poisson arrivals."]
    bursty = [name for name, one in known if one.is_bursty]
    thinned = "" if day.choices.scale == 1 else " That is of the log as it is, before --scale."
    if not bursty:
        none = "Bursts: none beyond chance; Poisson arrivals have CV and dispersion 1."
        return [none + thinned]
    named = ", ".join(bursty[:5]) + (f" and {len(bursty) - 5} more" if len(bursty) > 5 else "")
    ratios = [one.cv for _, one in known if one.cv is not None and one.is_bursty]
    worst = f"cv={max(ratios):.1f}" if ratios and max(ratios) > 1 else "TRACE"
    return [
        f"Warning: burstier than Poisson arrivals (CV and dispersion 1): {named}. Waits are longer"
        " than planned. Leave room by an slo_factor below 1 in the cases; how much, for one class"
        f" alone: {PROGRAM} plan --robust-to {worst}.{thinned}"
    ]


def demand_day_notices(day: DemandDay) -> list[str]:
    """Say what of the log is doubtful or left out."""
    bins, notices = day.bins, []
    span = float(bins.covered.sum())
    folded = day.choices.order != BinOrder.TIME
    if bins.left_out:
        notices.append(
            f"{bins.left_out:,} bins left out: less than half is known, of some class or at the"
            " edge of the log"
        )
    if bins.empty:
        notices.append(f"{bins.empty:,} bins have no request and count as rate 0")
    if span < 0.99 * DAY_S:
        notices.append(
            f"the bins cover {span / 3600:.2f} h; hours of the cases are their shares of a day"
        )
    elif not folded and abs(span / DAY_S - round(span / DAY_S)) > 0.05:
        notices.append(
            f"the bins cover {span / DAY_S:.1f} days, some hours of the day more often than others;"
            " --by hour-of-day weighs them alike"
        )
    if folded and bins.clock == LogClock.RELATIVE:
        notices.append("times count from an unknown start: the first bin begins the day")
    notices += _chance_notices(day)
    if len(day.levels) < day.choices.levels:
        notices.append(
            f"{len(day.levels)} case{'s' * (len(day.levels) > 1)} instead of"
            f" {day.choices.levels}: no more rates differ; shorter bins (--bin) may show more"
        )
    return notices


def _chance_notices(day: DemandDay) -> list[str]:
    """A count of n requests has a standard deviation of its root."""
    bins = day.bins.starts.size
    few = [
        (one.burstiness.requests / bins, one.name)
        for one in day.classes
        if one.burstiness is not None and 0 < one.burstiness.requests < FEW_REQUESTS * bins
    ]
    if not few or bins == 1:
        return []
    count, name = min(few)
    return [
        f"a bin has {count:.3g} requests of {name}: its rate is off by {100 / count**0.5:.0f} % by"
        " chance, and the highest bins are too high; longer bins (--bin) or a lower --quantile help"
    ]


def demand_day_content(day: DemandDay, sources: Sequence[str]) -> dict[str, Any]:
    """What --json writes."""
    return {
        "sources": list(sources),
        "bin_s": day.bins.width,
        "bins": len(day.bins.starts),
        "bins_left_out": day.bins.left_out,
        "quantile": day.choices.quantile,
        "scale": day.choices.scale,
        "planned_above_offered_by_levels": list(day.excess),
        "bins_above_their_level": day.above,
        "classes": [
            {
                "name": one.name,
                "rate_rps": one.rate,
                "input_tokens": one.input_tokens,
                "output_tokens": one.output_tokens,
                "burstiness": _burstiness_content(one.burstiness),
            }
            for one in day.classes
        ],
        "all_requests": _burstiness_content(day.all_requests),
        "cases": [
            {
                "name": level.name,
                "hours": level.hours,
                "bins": level.bins,
                "rates_rps": _by_class(day, level.rates),
                "means_rps": _by_class(day, level.means),
            }
            for level in day.levels
        ],
    }


def _by_class(day: DemandDay, values: Sequence[float]) -> dict[str, float]:
    return {one.name: value for one, value in zip(day.classes, values, strict=True)}


def _burstiness_content(one: Burstiness | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "cv": None if one.cv is None else finite_number(one.cv),
        "dispersion": None if one.dispersion is None else finite_number(one.dispersion),
        "requests": one.requests,
        "is_bursty": one.is_bursty,
    }
