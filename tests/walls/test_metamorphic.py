"""Presolve, seeds, threads, the order of tables and the hash seed change no value.

A few instances here; PLANNER_WALL_INSTANCES=300 takes more, `python -m tests.walls.metamorphic` the
whole wall.
"""

import os
from dataclasses import replace

import pytest

from tests.support.instances.tiny import KINDS
from tests.support.walls import first_fast
from tests.walls.metamorphic import Outcome, contradictions, hash_outcomes, outcomes

NUMBERS = range(int(os.environ.get("PLANNER_WALL_INSTANCES", "8")))

GOOD = Outcome("one", "optimal", 0.7, 0.70005)


def kind_of(number: int) -> str:
    return KINDS[number % len(KINDS)]


@pytest.mark.parametrize("number", first_fast(NUMBERS))
def test_no_run_contradicts_another(number: int) -> None:
    runs = outcomes(number, wide=number % 4 == 3)
    assert contradictions(runs, maximize=kind_of(number) != "cost") == []


@pytest.mark.slow
def test_the_hash_seed_does_not_matter() -> None:
    numbers = NUMBERS[3:5]
    batches = [[outcomes(n, wide=False)[0] for n in numbers], hash_outcomes(numbers, 1)]
    for number, *runs in zip(numbers, *batches, strict=True):
        assert contradictions(runs, maximize=kind_of(number) != "cost") == []


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(GOOD, value=0.7001, bound=0.7001), "beyond the bound 0.70005 of one"),
        (replace(GOOD, value=0.6999, bound=0.69995), "reaches 0.7 beyond the bound 0.69995"),
        (Outcome("two", "infeasible", None, None), "statuses"),
        (replace(GOOD, how="two", status="feasible"), "not closed: {'two': 'feasible'}"),
        (replace(GOOD, problems=("gpus_used: 2 but 3",)), "gpus_used: 2 but 3"),
    ],
)
def test_a_planted_contradiction_is_reported(other: Outcome, words: str) -> None:
    assert contradictions([GOOD, replace(GOOD, value=0.70002)], maximize=True) == []
    assert any(words in fault for fault in contradictions([GOOD, other], maximize=True))
    lost = replace(GOOD, value=-0.7, bound=-0.70005)
    turned = replace(other, value=-other.value, bound=-other.bound) if other.value else other
    assert contradictions([lost, turned], maximize=False) != []
