"""Prices over load against brute force on tiny instances, the plan's own row, how far the SLOs
hold, and the policy made of it.
"""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.instance import Instance, Slo
from models.router import Router
from planner.errors import DataError
from planner.joint import solve as joint
from planner.operation.fixed_setup import FixedSetup
from planner.operation.price_table import build_price_table
from planner.operation.router_policy import build_router_policy, plan_hash
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan
from planner.presentation.router import price_table_frame
from planner.verification.verifier import verify
from profiles.records import Curve
from tests.support import handmade
from tests.support.oracle import Setup, _search
from tests.support.tiny import random_instance


def planned(instance: Instance) -> PlanAndScenario | None:
    """The plan of an instance with its scenario's wrapper; None where there is none."""
    solution = joint.solve(instance, explain=False)
    return (
        None
        if not solution.has_plan
        else PlanAndScenario(
            build_plan(handmade.loaded(instance), solution, handmade.SETTINGS, {}),
            handmade.loaded(instance),
        )
    )


def trio(**changes: Any) -> PlanAndScenario:
    """The hand-made plan of three LLMs."""
    instance = replace(handmade.trio(slos=(Slo("ttft", "mean", 0.5),)), **changes)
    return PlanAndScenario(
        build_plan(handmade.loaded(instance), handmade.solved(instance), handmade.SETTINGS, {}),
        handmade.loaded(instance),
    )


@pytest.mark.parametrize(
    "kind", ["convex", "binary", "two_pools", "percentile", "each_llm", "nonconvex", "cost"]
)
@pytest.mark.parametrize("seed", range(6))
def test_every_row_is_what_brute_force_finds_for_the_setup(kind: str, seed: int) -> None:
    source = planned(random_instance(seed, kind))
    if source is None:
        return
    table = build_price_table(source, (50, 80, 100, 115, 150))
    setup = FixedSetup(source)
    span = float(np.ptp(setup.instance.scores.values))
    for row in table.rows:
        alike = replace(setup.instance, arrival_rate=row.rate)
        known = _search(alike, [Setup(tuple(setup.replicas.tolist()), 0, None)])
        if row.content is None:
            assert not (row.proved_none and known.feasible)
            continue
        assert row.content["quality"] <= known.bound + 1e-9
        assert row.bound is not None
        assert row.bound >= known.value - 1e-6
        if row.content["status"] == "optimal":
            assert row.content["quality"] >= known.value - 1e-4 * known.value - 1e-9
        if kind not in ("nonconvex", "each_llm", "percentile") and row.rate != table.held_up_to:
            # elsewhere, and where the limit leaves no room at all, value and bound may stay apart
            assert row.content["quality"] >= known.value - 2e-5 * span - 1e-9


def test_the_planned_rate_s_row_is_the_plan() -> None:
    source = trio()
    table = build_price_table(source, (50, 100, 150))
    row = next(row for row in table.rows if row.rate == 60.0)
    assert row.content is not None
    for key in ("routing", "dual_prices", "router", "quality"):
        assert row.content[key] == source.plan.content[key]
    assert table.complete


def test_rows_pass_the_verifier_at_their_own_rate() -> None:
    source = trio()
    setup = FixedSetup(source)
    for row in build_price_table(source).rows:
        if row.content is not None and row.rate != 60.0:
            assert verify(row.content, replace(setup.instance, arrival_rate=row.rate)) == ()


def test_quality_falls_with_the_rate_and_slos_hold_up_to_capacity() -> None:
    source = trio(slos=())
    table = build_price_table(source, range(50, 301, 25))
    values = [row.content["quality"] for row in table.rows if row.content is not None]
    assert values == sorted(values, reverse=True)
    assert table.held_up_to == pytest.approx(120.0)
    assert table.not_held_from == pytest.approx(120.0)
    assert [row.content is None for row in table.rows] == [row.rate > 120.0 for row in table.rows]


def test_the_highest_rate_is_where_the_slo_is_used_up() -> None:
    """All curves alike: at equal rates L(r) = 0.05 (1 + r / 20) up to 10 req/s a replica, to 0.2 at
    40: the limit 0.15 is met at 30.
    """
    instance = replace(handmade.trio(slos=(Slo("ttft", "mean", 0.15),)), arrival_rate=60.0)
    curve = handmade.curve(0.05, ("measured",) * 3)
    source = trio(
        options=tuple(replace(option, curve=curve) for option in instance.options),
        slos=instance.slos,
    )
    table = build_price_table(source)
    at_limit = 3 * float(np.interp(0.15, curve.latency["ttft", "mean"], curve.rates))
    assert table.held_up_to == pytest.approx(at_limit, abs=1.1e-4 * 60.0)
    assert table.held_up_to <= at_limit * (1 + 1e-6)
    assert table.not_held_from is not None
    assert at_limit * (1 - 1e-6) <= table.not_held_from <= at_limit + 2e-4 * 60.0


def test_a_row_says_down_to_which_rate_it_keeps_a_falling_curve() -> None:
    falls = Curve(
        np.array([1.0, 10.0, 40.0]), {handmade.TTFT: np.array([0.4, 0.1, 0.2])}, ("measured",) * 3
    )
    slos = (Slo("ttft", "mean", 0.25),)
    instance = handmade.trio(slos=slos)
    source = trio(
        options=tuple(replace(option, curve=falls) for option in instance.options), slos=slos
    )
    table = build_price_table(source, (100,))
    row = next(row for row in table.rows if row.rate == 60.0)
    # at equal rates every replica has 0.25 s at 5.5 req/s: the lowest profiled rate above it that
    # was looked at is 10
    assert row.kept_from is not None
    assert 16.5 <= row.kept_from <= 30.0
    router = Router(build_router_policy(source.plan.content, source.loaded.instance, table=table))
    assert router.at_rate(40.0).kept_from == row.kept_from


def test_the_policy_loads_and_steps_through_the_table() -> None:
    source = trio()
    table = build_price_table(source, (50, 100, 150))
    content = json.loads(
        json.dumps(
            build_router_policy(source.plan.content, source.loaded.instance, table=table),
            allow_nan=False,
        )
    )
    router = Router(content)
    assert router.plan_hash == plan_hash(source.plan.content)
    assert router.at_rate(1.0).rate == 30.0
    assert router.at_rate(59.0).rate == 60.0
    scores = source.loaded.instance.scores
    shares = router.shares(dict(zip(scores.llms, scores.values, strict=True))) @ scores.weights
    for llm, share in zip(router.llms, shares, strict=True):
        assert abs(share - source.plan.content["routing"][llm]) <= scores.weights.max() + 1e-9
    assert set(content["backends"]) == set(source.plan.content["routing"])
    assert content["valid_for"]["slo"] == ["mean TTFT at most 500 ms"]


def test_the_hash_is_of_the_decision_alone() -> None:
    content = trio().plan.content
    assert plan_hash(content) == plan_hash(
        {**content, "context": {}, "solver": {}, "scenario_path": "elsewhere"}
    )
    assert plan_hash(content) != plan_hash(
        {**content, "dual_prices": {**content["dual_prices"], "yi-34b": 0.1}}
    )


def test_the_table_is_told_with_units() -> None:
    frame = price_table_frame(build_price_table(trio(), (50, 100, 300)))
    assert list(frame["SLOs"])[-1] == "not kept"
    assert frame["Quality (score)"].isna().sum() == (frame["SLOs"] == "not kept").sum()
    assert "yi-34b price (score)" in frame.columns
    assert "mean TTFT (ms)" in frame.columns


def test_an_interrupt_leaves_the_rows_so_far() -> None:
    cancel = SimpleNamespace(is_set=lambda: True)
    table = build_price_table(trio(), (50, 100, 150), cancel=cancel)  # type: ignore[arg-type]
    assert not table.complete
    assert [row.rate for row in table.rows] == [60.0]


def test_a_plan_of_other_options_is_refused() -> None:
    source = trio()
    twice = {**source.plan.content, "options": [source.plan.content["options"][0]] * 2}
    with pytest.raises(DataError, match="options"):
        FixedSetup(PlanAndScenario(type(source.plan)(twice), source.loaded))
