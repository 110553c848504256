"""Measured options that SLOs cannot be judged by, and the estimates that take their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from models.instance import Slo
from planner.scenario.demand.slo_columns import lack_for_slos
from planner.scenario.starting.curve_coverage import covered_pairs
from profiles.class_rows import CLASS
from profiles.profile_columns import IDENTITY, LATENCIES

__all__ = [
    "UnjudgedCurve",
    "pairs_without_unjudged_curves",
    "replace_unjudged_curves",
    "unjudged_curve_lines",
    "unjudged_curves",
]


@dataclass(frozen=True, kw_only=True)
class UnjudgedCurve:
    """A measured option that is left out. key: of IDENTITY, blank cells as "", as in the table;
    lacking: the statistic, in words.
    """

    key: tuple[object, ...]
    lacking: str

    @property
    def pair(self) -> tuple[str, str]:
        """LLM and GPU type."""
        return str(self.key[0]), str(self.key[1])


def unjudged_curves(
    frame: pd.DataFrame, slos: Sequence[Slo], of_classes: Mapping[str, Sequence[Slo]]
) -> list[UnjudgedCurve]:
    """Options of a profile table that lack a statistic of an SLO over all requests, or one of an
    SLO of every class; by the same rule as when the scenario is read.

    of_classes: the SLOs of each class, none of a class without any.
    """
    found = []
    shared = frame[frame[CLASS].fillna("") == ""] if CLASS in frame else frame
    for key, rows in shared.groupby(_curve_keys(shared), sort=False):
        present = [
            column
            for name, column in LATENCIES.items()
            if name in rows and rows[name].notna().all()
        ]
        lacks = [lack_for_slos(present, slos)]
        if lacks[0] is None and of_classes:
            lacks = [lack_for_slos(present, own, of) for of, own in of_classes.items()]
        if (lack := lacks[0]) is not None and None not in lacks:
            found.append(UnjudgedCurve(key=key, lacking=lack[1]))
    return found


def replace_unjudged_curves(
    measured: pd.DataFrame, estimated: pd.DataFrame, unjudged: Sequence[UnjudgedCurve]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The measured and the estimated rows that a scenario takes.

    Estimates stand in for options that cannot be judged, and are all of a pair of LLM and GPU type
    without a measured option that can. Measured options that no estimate replaces stay.
    """
    keys = _curve_keys(measured)
    lost = {one.key for one in unjudged}
    usable = pairs_without_unjudged_curves(measured, unjudged)
    estimates = _curve_keys(estimated)
    taken = [key in lost or (key[0], key[1]) not in usable for key in estimates]
    replaced = lost & set(estimates)
    return (
        measured[[key not in replaced for key in keys]].reset_index(drop=True),
        estimated[taken].reset_index(drop=True),
    )


def pairs_without_unjudged_curves(
    frame: pd.DataFrame, unjudged: Sequence[UnjudgedCurve]
) -> set[tuple[str, str]]:
    """Pairs of LLM and GPU type with an option that is not among the unjudged."""
    lost = {one.key for one in unjudged}
    return covered_pairs(frame[[key not in lost for key in _curve_keys(frame)]])


def _curve_keys(frame: pd.DataFrame) -> pd.Series:
    """What names the option of each row."""
    blank = pd.Series("", index=frame.index)
    columns = [frame[name].fillna("") if name in frame else blank for name in IDENTITY]
    keys = [_comparable_curve_key(key) for key in zip(*columns, strict=True)]
    return pd.Series(keys, index=frame.index, dtype=object)


def _comparable_curve_key(key: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(one if isinstance(one, str) or one is None else float(str(one)) for one in key)


def unjudged_curve_lines(unjudged: Sequence[UnjudgedCurve]) -> list[str]:
    """A line for each pair of LLM and GPU type and what its curves lack, with their options."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in unjudged:
        groups.setdefault((*one.pair, one.lacking), []).append(_option_of_curve(one))
    return [
        f"{llm} on {gpu} ({', '.join(options)}): {lacking}"
        for (llm, gpu, lacking), options in groups.items()
    ]


def _option_of_curve(one: UnjudgedCurve) -> str:
    """Degree, and what it has of each GPU where that is not all."""
    _, _, degree, share, mig = one.key
    part = f", {mig}" if mig else f", {share:g} %" if share not in ("", 100.0) else ""
    return f"TP {degree:g}{part}"
