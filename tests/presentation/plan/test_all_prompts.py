"""What holds on all prompts of a table too large for memory, in words."""

from copy import deepcopy
from typing import Any

import pytest

from planner.presentation.plan.all_prompts import all_prompts_lines
from tests.support.plans.built_plans import built_plan

CHECKED = {"quality": 0.7, "bound": 0.71, "bound_shift": 0.004, "fraction_off_pct": 0.02}


def lines(*, cost: bool = False, **changes: Any) -> list[str]:
    content: Any = deepcopy(dict(built_plan().content))
    known = {"prompts": 50_000_000, "standing": 1_000_000, "exact": False, "checked": CHECKED}
    content["context"]["all_prompts"] = {**known, **changes}
    content["context"]["quality_at_least"] = 0.6999 if cost else None
    content["objective"]["of"] = "cost" if cost else "quality"
    return all_prompts_lines(content)


def test_quality_bound_and_the_routers_fractions() -> None:
    (line,) = lines()
    assert "On all 50,000,000 prompts, read once more: quality at least 0.70000" in line
    assert "no plan exceeds 0.71000" in line
    assert "off by at most 0.020 % of requests" in line
    assert "1,000,000 weighted prompts that stand for them." in line
    assert "without loss" in lines(exact=True)[0]


def test_a_cost_has_a_bound_for_a_floor_that_is_a_little_higher() -> None:
    (line,) = lines(cost=True, checked={**CHECKED, "bound": None})
    assert "the bound on cost is proved for a floor of 0.70390" in line


def test_a_floor_that_may_be_missed() -> None:
    _, line = lines(cost=True, checked={**CHECKED, "bound": None, "quality": 0.6989})
    assert line == (
        "That may miss the floor of 0.6999 by 0.00100: raise objective.quality_at_least by as much"
        " to be sure."
    )


@pytest.mark.parametrize("checked", [None, {**CHECKED, "bound": None}])
def test_what_is_not_known_is_not_claimed(checked: dict[str, Any] | None) -> None:
    (line,) = lines(checked=checked)
    assert ("not checked on all of them" in line) == (checked is None)
    assert "no plan exceeds" not in line


def test_a_plan_of_all_prompts_says_nothing() -> None:
    assert all_prompts_lines(built_plan().content) == []
