"""Headroom that is advised where nobody states one."""

import re

import pytest

from planner.profiling.headroom_advice import UNMEASURED_PCT, advise_headroom
from planner.profiling.known_errors import TPOT_MEDIAN_PCT
from planner.profiling.measured_errors import NOTHING_HELD, MeasuredErrors
from tests.support.paths import HOME


@pytest.mark.parametrize(
    ("short", "slo_pct", "words"),
    [
        (0.0, UNMEASURED_PCT, "half of all estimates of TPOT are within"),
        (14.0, UNMEASURED_PCT, "up to 14 % too short"),
        (22.0, 25.0, "up to 22 % too short"),
        (30.0, 30.0, "up to 30 % too short"),
        (67.0, UNMEASURED_PCT, "look at step 3 first"),
    ],
)
def test_limits_are_kept_as_far_as_estimates_were_too_short(
    short: float, slo_pct: float, words: str
) -> None:
    advice = advise_headroom(MeasuredErrors(short_pct=short), has_estimates=True)
    assert (advice.rate_pct, advice.slo_pct) == (20.0, slo_pct)
    assert words in advice.why


def test_measured_curves_need_room_for_requests_alone() -> None:
    advice = advise_headroom(NOTHING_HELD, has_estimates=False)
    assert (advice.rate_pct, advice.slo_pct) == (20.0, 0.0)


def test_the_stated_error_is_that_of_the_document() -> None:
    text = (HOME / "docs" / "accuracy.md").read_text(encoding="utf-8")
    row = re.search(r"^\| all \| [\d,]+ \| (\d+) / (\d+) \|", text, re.MULTILINE)
    assert row is not None
    assert int(row[1]) == TPOT_MEDIAN_PCT
    assert float(row[1]) < UNMEASURED_PCT < float(row[2])
