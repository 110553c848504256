"""Files of a day of demand, as text: what a scenario takes in, and what it was made of.

cases.yaml   keys `classes`, `cases` and `demand` of a scenario
demand.csv   case, class, rate_rps
rates.csv    bin_start_s, class, rate_rps, case: every bin, and the level that it went to
"""

from collections.abc import Sequence

import pandas as pd

from planner.demand.day import ClassDemand, DemandDay
from planner.demand.day_levels import BinOrder
from planner.program import PROGRAM
from planner.scenario.schema.bounds import LEAST_RATE
from profiles.io.writing import csv_text
from profiles.io.yaml_text import yaml_text

__all__ = [
    "CASES_FILE",
    "DEMAND_FILE",
    "RATES_FILE",
    "day_keys",
    "demand_day_files",
    "origin_lines",
]

CASES_FILE, DEMAND_FILE, RATES_FILE = "cases.yaml", "demand.csv", "rates.csv"


def demand_day_files(day: DemandDay, sources: Sequence[str]) -> dict[str, str]:
    """Name -> content. sources: names of the logs."""
    paste = (
        "Paste these keys into a scenario in place of arrival_rate_rps, and put demand.csv beside"
        " it"
    )
    head = "".join(f"# {line}\n" for line in [*origin_lines(day, sources), paste])
    return {
        CASES_FILE: head + yaml_text([day_keys(day)]),
        DEMAND_FILE: csv_text(_demand_frame(day)),
        RATES_FILE: csv_text(_rates_frame(day)),
    }


def day_keys(day: DemandDay) -> dict[str, object]:
    """The keys of a scenario that hold the day; rates are in the file that `demand` names."""
    return {
        "classes": [_class_keys(one) for one in day.classes],
        "cases": [{"name": level.name, "hours": round(level.hours, 6)} for level in day.levels],
        "demand": DEMAND_FILE,
    }


def origin_lines(day: DemandDay, sources: Sequence[str]) -> list[str]:
    """Sentences without a full stop, in ASCII: where the day comes from and what its rates are."""
    choices = day.choices
    named = ", ".join(sources[:5]) + (f" and {len(sources) - 5} more" if len(sources) > 5 else "")
    rank = (
        "highest rate" if choices.quantile >= 1 else f"{choices.quantile:g} quantile of the rates"
    )
    scaled = "" if choices.scale == 1 else f", times {choices.scale:g}"
    what = "periods of the day" if choices.order == BinOrder.PERIOD else "levels"
    folded = " of the hours of the day" if choices.order == BinOrder.HOUR_OF_DAY else ""
    return [
        f"Made by `{PROGRAM} demand import` from {_ascii_line(named)}",
        f"{len(day.bins.starts):,} bins of {day.bins.width / 60:g} min in {len(day.levels)} {what}"
        f"{folded}; a case plans every class for the {rank} of its bins{scaled}",
    ]


def _ascii_line(text: str) -> str:
    """File names may hold anything; a comment must stay one."""
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in text)


def _class_keys(one: ClassDemand) -> dict[str, object]:
    keys: dict[str, object] = {"name": one.name}
    if one.input_tokens is not None:
        keys["input_tokens"] = round(one.input_tokens, 2)
    if one.output_tokens is not None:
        keys["output_tokens"] = round(one.output_tokens, 2)
    return keys


def _demand_frame(day: DemandDay) -> pd.DataFrame:
    return pd.DataFrame(
        [
            # A scenario knows 0 and rates from the least one on.
            {
                "case": level.name,
                "class": one.name,
                "rate_rps": max(rate, LEAST_RATE) if rate else 0.0,
            }
            for level in day.levels
            for one, rate in zip(day.classes, level.rates, strict=True)
        ]
    )


def _rates_frame(day: DemandDay) -> pd.DataFrame:
    names = [level.name for level in day.levels]
    return pd.DataFrame(
        [
            {
                "bin_start_s": float(start),
                "class": one.name,
                "rate_rps": float(day.bins.rates[c, b]),
                "case": names[day.bin_levels[b]],
            }
            for b, start in enumerate(day.bins.starts)
            for c, one in enumerate(day.classes)
        ]
    )
