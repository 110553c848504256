"""What a search for headroom came to, in words."""

from copy import deepcopy
from typing import Any

import pytest

from planner.presentation.plan.robustness import robustness_lines
from tests.support.plans.built_plans import built_plan

FOUND = {
    "to": "gamma arrivals with a coefficient of variation of 3",
    "replays": 40,
    "seconds_per_replay": 600.0,
    "seed": 0,
    "kept_pct": 97.5,
    "kept_without_pct": 45.0,
    "key": "rate_pct",
    "percent": 24.0,
    "value_without": 0.92,
    "plans_tried": 12,
    "complete": True,
}


def line(**changes: Any) -> str:
    content: Any = deepcopy(dict(built_plan().content))
    content["context"]["robustness"] = {**FOUND, **changes}
    (one,) = robustness_lines(content)
    return one


def test_nothing_is_said_where_it_was_not_sought() -> None:
    assert robustness_lines(built_plan().content) == []


def test_what_it_takes_and_what_it_costs() -> None:
    assert line() == (
        "Robust to gamma arrivals with a coefficient of variation of 3: 39 of 40 replays of 600 s"
        " keep every SLO with a headroom of 24 % of the arrival rate, 18 of 40 without (it costs"
        " 0.02000 of the quality 0.92000)."
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": None, "percent": None}, "Robust to gamma arrivals"),
        ({"key": None, "percent": None, "kept_pct": 45.0}, "No headroom was found"),
        ({"key": None, "percent": None, "kept_pct": 45.0, "complete": False}, "Stopped before"),
        ({"complete": False}, "The search was stopped: less headroom may do."),
    ],
)
def test_other_ends(changes: dict[str, Any], words: str) -> None:
    assert words in line(**changes)
