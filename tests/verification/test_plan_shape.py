"""Keys, kinds and strict JSON: every planted fault is reported, and nothing strange raises."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from planner.verification.plan_shape import PLAN_SHAPE, check_plan_shape
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    Plan,
    at,
    good_plan,
    problems_with,
    tiny,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "NaN": (at("objective.bound", math.nan), "strict JSON"),
    "infinity deep inside": (at("shadow_prices.slo.1", math.inf), "shadow_prices.slo.1"),
    "numpy number": (at("gpus_used", np.int64(3)), "a int64 does not belong in JSON"),
    "missing key": (without("router.tie_eps"), "tie_eps is missing"),
    "wrong kind": (at("options.0.replicas", 1.0), "should be a whole number"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"pool": "a", "nodes": 2}], ()),
        ([{"pool": "a", "nodes": 2}, {"pool": "a"}], ("pools.1: nodes is missing",)),
        (
            [{"pool": 3, "nodes": 1.5}],
            (
                "pools.0.pool: should be text, is 3",
                "pools.0.nodes: should be a whole number, is 1.5",
            ),
        ),
    ],
)
def test_rows_of_a_table_have_all_keys_each_of_its_kind(
    rows: list[dict[str, Any]], words: Sequence[str]
) -> None:
    problems = check_plan_shape({**good_plan(), "pools": rows}, PLAN_SHAPE)
    assert [problem.removeprefix("plan.") for problem in problems] == list(words)


def _leaves(value: Any, path: str = "") -> list[str]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    below = [
        leaf for key, item in items for leaf in _leaves(item, f"{path}.{key}" if path else str(key))
    ]
    return [*([path] if path else []), *below]


@pytest.mark.parametrize(
    "strange",
    [None, "x", -1, 0, 10**400, 1e308, -1e308, True, [], {}, [{}], {"x": []}],
    ids=lambda v: repr(v)[:9],
)
def test_no_strange_value_makes_it_fail(strange: Any) -> None:
    """Anything at any place of a plan is reported or harmless, without even a warning of numpy."""
    for path in _leaves(good_plan()):
        plan = good_plan()
        at(path, strange)(plan)
        assert isinstance(run_verifier(plan, tiny()), tuple), path


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("node", True, "should be a whole number, is True"),
        ("node", 0.0, "should be a whole number, is 0.0"),
        ("node", np.int64(0), "a int64 does not belong in JSON"),
        ("node", 2 * 10**15, "should be a whole number"),
        ("mps_share_pct", math.nan, "is no number in strict JSON"),
        ("mps_share_pct", math.inf, "is no number in strict JSON"),
        ("llm", None, "should be text"),
        ("replica", [0], "should be a whole number, is [0]"),
        ("mig_profile", 3, "should be text, is 3"),
        (7, 0, "the key 7 is not text"),
    ],
    ids=repr,
)
def test_one_fault_among_rows_that_are_looked_at_together_is_named(
    field: Any, value: Any, words: str
) -> None:
    """1, 1.0 and True are equal, and other rows hold the sound one of them."""
    plan = good_plan()
    plan["placement"][2][field] = value
    problems = run_verifier(plan, tiny())
    named = "placement.2" if isinstance(field, int) else f"placement.2.{field}: "
    assert any(named in problem and words in problem for problem in problems), problems


def test_a_key_that_one_row_lacks_is_named() -> None:
    plan = good_plan()
    del plan["placement"][1]["shard"]
    assert "plan.placement.1: shard is missing" in run_verifier(plan, tiny())


def test_a_share_with_a_fraction_beside_whole_ones_is_sound() -> None:
    plan = good_plan()
    plan["placement"][2]["mps_share_pct"] = float(plan["placement"][2]["mps_share_pct"])
    assert run_verifier(plan, tiny()) == ()
