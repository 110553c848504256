"""The best routing of a fixed setup: as brute force says, and verified."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from planner.errors import DataError, VerificationError
from planner.operation.fixed_setup import FixedSetup
from planner.operation.price_table import build_price_table
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.verification.verifier import run_verifier
from tests.support.instances.oracle import Setup, search_rates
from tests.support.instances.tiny import random_instance
from tests.support.plans.planned import planned, trio
from tests.support.walls import first_fast, wall_size


@pytest.mark.parametrize(
    "kind",
    first_fast(
        ["convex", "binary", "two_pools", "percentile", "each_llm", "nonconvex", "cost"], (0, 6)
    ),
)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(3, 6))))
def test_every_row_is_what_brute_force_finds_for_the_setup(kind: str, seed: int) -> None:
    source = planned(random_instance(seed, kind))
    if source is None:
        return
    table = build_price_table(source, (50, 80, 100, 115, 150))
    setup = FixedSetup(source)
    span = float(np.ptp(setup.instance.scores.values))
    for row in table.rows:
        at_rate = replace(setup.instance, arrival_rate=row.rate)
        known = search_rates(at_rate, [Setup(tuple(setup.replicas.tolist()), 0, None)])
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


def test_rows_pass_the_verifier_at_their_own_rate() -> None:
    source = trio()
    setup = FixedSetup(source)
    for row in build_price_table(source).rows:
        if row.content is not None and row.rate != 60.0:
            assert run_verifier(row.content, replace(setup.instance, arrival_rate=row.rate)) == ()


def test_a_plan_of_other_options_is_refused() -> None:
    source = trio()
    twice = {**source.plan.content, "options": [source.plan.content["options"][0]] * 2}
    with pytest.raises(DataError, match="options"):
        FixedSetup(PlanAndScenario(type(source.plan)(twice), source.loaded))


def test_what_is_wrong_with_an_unverified_setup_stays_wrong_and_nothing_else_may_be() -> None:
    source = trio()
    placement = source.plan.content["placement"][1:]
    content = cast("PlanContent", {**source.plan.content, "placement": placement})
    problems = tuple(run_verifier(content, source.loaded.instance))
    unsound = PlanAndScenario(Plan(content), source.loaded, problems)
    routed = FixedSetup(unsound).reroute(30.0).content
    assert routed is not None
    assert routed["checks"]["verified"] is False
    assert set(routed["checks"]["problems"]) <= set(problems)
    assert any("shards" in problem for problem in routed["checks"]["problems"])
    sound = FixedSetup(source).reroute(30.0).content
    assert sound is not None
    assert sound["checks"] == {"verified": True, "problems": []}
    # The same setup of a plan that nobody was told to distrust is a bug.
    with pytest.raises(VerificationError, match="shards"):
        FixedSetup(PlanAndScenario(Plan(content), source.loaded)).reroute(30.0)
