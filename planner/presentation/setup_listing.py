"""Where a plan ranks among the listed setups: marks next to the histogram, and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.instance import Instance
from planner.plans.numbers import whole_percent_number
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_number
from planner.presentation.setup_study import (
    setup_histogram_table,
    setup_spread_line,
    setup_spread_table,
    setup_study_counts_line,
    setup_study_table,
)
from planner.studies.setup_rows import SetupStudy

PLAN = "joint plan"


QUALITY = "Quality (mean score)"


LOSSES = (0.01, 0.05, 0.1)


@dataclass(frozen=True, kw_only=True)
class SetupListing:
    """A study as plain values.

    quality: (F,) of the feasible setups, best first. complete: not interrupted. lines: counts and
    spread in words. spread, histogram, setups: the tables of the command `setups`; of setups, the
    best rows.
    """

    quality: np.ndarray
    complete: bool
    lines: Sequence[str]
    spread: pd.DataFrame
    histogram: pd.DataFrame
    setups: pd.DataFrame

    def better(self, quality: float) -> int:
        """How many listed setups are better by more than 0.01 %; closer ones count as equal."""
        return int((self.quality > quality + 1e-4 * max(abs(quality), 1e-9)).sum())


def setup_listing(study: SetupStudy, instance: Instance, most_rows: int) -> SetupListing:
    """A study of all setups as plain values, with at most `most_rows` setups tabulated."""
    return SetupListing(
        quality=np.sort(study.quality[~np.isnan(study.quality)])[::-1],
        complete=study.complete,
        lines=(setup_study_counts_line(study, exact_packing=False), setup_spread_line(study)),
        spread=setup_spread_table(study),
        histogram=setup_histogram_table(study),
        setups=setup_study_table(study, instance).head(most_rows),
    )


def setup_listing_marks_table(
    content: PlanContent, listed: SetupListing, baselines: pd.DataFrame | None
) -> pd.DataFrame:
    """Tabulate what is marked next to the histogram, the best first.

    baselines: their table, None where they were not computed.
    """
    rows: list[tuple[str, str, float, str]] = []
    if content["quality"] is not None:
        rows.append((PLAN, "plan", content["quality"], "setup and routing together, proved"))
    if content["objective"]["of"] == "quality" and content["objective"]["bound"] is not None:
        rows.append(
            (
                "best possible",
                "bound",
                content["objective"]["bound"],
                "no plan of any setup is better",
            )
        )
    if listed.quality.size:
        ends = {
            "best": listed.quality[0],
            "median": np.median(listed.quality),
            "worst": listed.quality[-1],
        }
        rows += [
            (f"{name} listed setup", "setup", float(value), "each with its best routing")
            for name, value in ends.items()
        ]
    for _, row in (baselines if baselines is not None else pd.DataFrame()).iterrows():
        if row["Baseline"] != PLAN and not pd.isna(row[QUALITY]):
            notes = [] if bool(row["SLO met"]) else ["misses the SLO"]
            notes += [str(row["Note"])] if row["Note"] else []
            rows.append((str(row["Baseline"]), "baseline", float(row[QUALITY]), "; ".join(notes)))
    ranked = [
        (
            *row[:3],
            listed.better(row[2]),
            100.0 * listed.better(row[2]) / max(listed.quality.size, 1),
            row[3],
        )
        for row in rows
    ]
    frame = pd.DataFrame(
        ranked, columns=["Mark", "Kind", QUALITY, "Better setups", "Better setups (%)", "Note"]
    )
    return frame.sort_values(QUALITY, ascending=False, kind="stable", ignore_index=True)


def slo_met_words(baselines: pd.DataFrame) -> pd.DataFrame:
    """The table of baselines with words for whether the SLOs are met."""
    words = ["" if pd.isna(met) else "met" if met else "MISSED" for met in baselines["SLO met"]]
    return baselines.assign(**{"SLO met": words})


def setup_listing_rank_lines(content: PlanContent, listed: SetupListing) -> list[str]:
    """Say where the plan lies, and what other setups lose against it."""
    quality, count = content["quality"], listed.quality.size
    if quality is None or not count:
        return []
    better = listed.better(quality)
    place = (
        "no listed setup is better"
        if not better
        else f"{better:,} of {count:,} listed setups have a better quality"
    )
    lines = [f"The plan reaches quality {quality:.5f}: {place}."]
    if content["objective"]["of"] == "cost":
        lines.append(
            "The plan minimises cost at a required quality; setups are ranked by quality alone."
        )
    gain = quality - listed.quality[0]
    if listed.complete and gain > 1e-4 * max(abs(quality), 1e-9):
        lines.append(
            f"It is {format_number(gain, 2)} better than the best listed setup: the list leaves out"
            " setups that first fit does not place."
        )
    if quality > 0:
        lost = [
            (loss, 100.0 * float((listed.quality < quality * (1 - loss)).mean())) for loss in LOSSES
        ]
        losses = ", ".join(
            f"{whole_percent_number(part)} lose more than {100.0 * loss:.0f} %"
            for loss, part in lost
        )
        lines.append(f"Of the listed setups, each with its best routing, {losses}.")
    return lines
