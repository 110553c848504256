"""Where a plan ranks among the listed setups: marks in order, how many are better, sentences."""

from typing import Any

import numpy as np
import pandas as pd

from planner.presentation.setup_listing import (
    SetupListing,
    setup_listing_marks_table,
    setup_listing_rank_lines,
    slo_met_words,
)
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import unsolved

NONE = pd.DataFrame()


def listing(*quality: float, complete: bool = True) -> SetupListing:
    return SetupListing(
        quality=np.array(quality),
        complete=complete,
        lines=(),
        spread=NONE,
        histogram=NONE,
        setups=NONE,
    )


def test_closer_than_a_hundredth_of_a_per_cent_counts_as_equal() -> None:
    assert listing(0.92, 0.90005, 0.8).better(0.9) == 1


def test_marks_are_in_the_order_of_their_quality() -> None:
    baselines = pd.DataFrame(
        {
            "Baseline": ["joint plan", "isolated", "two-stage"],
            "Quality (mean score)": [0.9, 0.7, np.nan],
            "SLO met": [True, False, None],
            "Note": ["", "ties", ""],
        }
    )
    frame = setup_listing_marks_table(built_plan().content, listing(0.89, 0.6, 0.5), baselines)
    assert list(frame["Quality (mean score)"]) == sorted(frame["Quality (mean score)"])[::-1]
    assert set(frame["Kind"]) == {"plan", "bound", "setup", "baseline"}
    isolated = frame.set_index("Mark").loc["isolated"]
    assert (isolated["Better setups"], isolated["Note"]) == (1, "misses the SLO; ties")
    assert "two-stage" not in set(frame["Mark"])


def test_lines_say_the_rank_and_what_others_lose() -> None:
    best, *rest = setup_listing_rank_lines(built_plan().content, listing(0.89, 0.8, 0.6, 0.5))
    assert best == "The plan reaches quality 0.90000: no listed setup is better."
    assert any(line.startswith("It is 0.010 better than the best listed setup") for line in rest)
    assert "100 % lose more than 1 %, 75 % lose more than 5 %" in rest[-1]
    worse = setup_listing_rank_lines(built_plan().content, listing(0.95, 0.8, complete=False))
    assert worse[0].endswith("1 of 2 listed setups have a better quality.")


def test_without_a_plan_nothing_is_said() -> None:
    unknown: Any = built_plan(unsolved("unknown", "time")).content
    assert setup_listing_rank_lines(unknown, listing(0.9)) == []
    assert setup_listing_rank_lines(built_plan().content, listing()) == []


def test_met_is_a_word() -> None:
    words = slo_met_words(pd.DataFrame({"SLO met": [True, False, None]}))
    assert list(words["SLO met"]) == ["met", "MISSED", ""]
