"""Alternatives in a table and sentences, and opened as separate plans."""

from typing import Any

import pytest

from planner.presentation.alternatives import (
    alternative_plan,
    alternatives_content,
    alternatives_lines,
    alternatives_table,
)
from planner.studies.alternatives import Alternative, Alternatives
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import solved, trio

SEARCHED: Any = {"number": 2, "loss_pct": 1, "current": None}


def alternatives(*, complete: bool = True, gpus: int = 4) -> Alternatives:
    other = solved(trio(), value=0.9, bound=0.9)
    return Alternatives(
        limit=0.891,
        others=(Alternative("next", other), Alternative("gpus", other)),
        gpus=gpus,
        changes=None,
        complete=complete,
        stopped="gap" if complete else "time",
    )


@pytest.fixture
def content() -> Any:
    plan = built_plan()
    found = alternatives_content(trio(), plan.content, alternatives(), SEARCHED, None, 1e-4)
    return plan.with_alternatives(found).content


def test_equal_setups_are_listed_once_with_both_reasons(content: Any) -> None:
    frame = alternatives_table(content)
    assert list(frame["Why it is listed"]) == ["next best, fewest GPUs"]
    assert frame.loc[0, "Loss (%)"] == pytest.approx(0.0)
    assert frame.loc[0, "Replicas against the plan"] == ""


def test_sentences_say_what_is_proved(content: Any) -> None:
    lines = alternatives_lines(content)
    assert lines[0] == "Setups within a loss of 1 %: at least quality 0.89100."
    assert lines[1] == "Fewest GPUs within it: 4; proved minimal."
    assert lines[2].startswith("Proved: no other kind of setup lies within the loss.")


def test_a_stopped_search_claims_less() -> None:
    plan = built_plan()
    found = alternatives_content(
        trio(), plan.content, alternatives(complete=False, gpus=3), SEARCHED, None, 1e-4
    )
    lines = alternatives_lines(plan.with_alternatives(found).content)
    assert lines[1].endswith("not proved minimal, at least 3 are needed.")
    assert lines[2] == (
        "1 next best setup, then the search ran out of time; more may lie within the loss."
    )


def test_an_alternative_is_a_plan_with_the_bound_of_all_plans(content: Any) -> None:
    bound = {**content["objective"], "bound": 0.95, "rel_gap": 0.05}
    plan = alternative_plan(trio(), {**content, "objective": bound}, 0, 1e-4)
    assert plan["status"] == "feasible"
    assert plan["solver"]["termination"] == "choice"
    assert plan["objective"]["rel_gap"] == pytest.approx(0.05 / 0.9)
    assert "alternatives" not in plan["context"]
    assert not {"aims", "loss", "changes"} & plan.keys()


def test_without_a_search_there_is_nothing() -> None:
    assert alternatives_lines(built_plan().content) == []
    assert not len(alternatives_table(built_plan().content))
