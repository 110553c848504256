"""A demand with everything in it and a plan for it by hand, and faults to plant.

Three nodes of one GPU: a on nodes 0 and 1, b on node 2. chat may be sent to an API, batch may not
and weighs twice as much on a. By day there are two lanes of a; when a node is lost, either one a
and b are left or both a.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from models.demand.requests import DemandCase, DemandInstance, OutsideLlm, RequestClass
from models.instance import Instance, Llm, Option, Pool, Slo
from planner.verification.cells.cells_verifier import run_cells_verifier
from profiles.records import Curve, Scores
from tests.support.demand.plan_maker import Lane, Plan, Routing, Seat, make_cells_plan
from tests.support.instances.plan_by_hand import at, both, without

__all__ = [
    "at",
    "both",
    "cells_demand",
    "cells_plan",
    "cells_problems",
    "cells_reported",
    "curve_by_hand",
    "routings_by_hand",
    "scores_by_hand",
    "seats_by_hand",
    "without",
]

API = {("ttft", "mean"): 0.42, ("ttft", "p95"): 0.65}


def curve_by_hand(last: float, mean: float) -> Curve:
    """Three points from 1 req/s to `last`; the mean grows fourfold."""
    means = mean * np.array([1.0, 2.0, 4.0])
    columns = {
        ("ttft", "mean"): means,
        ("ttft", "p50"): 0.8 * means,
        ("ttft", "p95"): 2.0 * means,
    }
    return Curve(np.array([1.0, last / 2, last]), columns, ("measured", "measured", "estimated"))


def scores_by_hand(seed: int, prompts: int) -> Scores:
    """Scores of a, b and api; b is better than a, api than b, on most prompts."""
    rng = np.random.default_rng(seed)
    better = np.array([[0.0], [0.15], [0.3]])
    values = np.round(better + rng.uniform(0.2, 0.6, (3, prompts)), 3)
    weights = rng.integers(1, 4, prompts).astype(float)
    ids = np.array([f"p{x}" for x in range(prompts)])
    return Scores(ids, ("a", "b", "api"), values, weights / weights.sum())


@cache
def cells_demand() -> DemandInstance:
    options = tuple(
        Option(llm=i, pool=0, tp_degree=1, mps_share=1.0, memory=40.0, curve=curve)
        for i, curve in enumerate((curve_by_hand(12.0, 0.08), curve_by_hand(8.0, 0.15)))
    )
    instance = Instance(
        llms=(Llm("a"), Llm("b", max_replicas=1)),
        pools=(Pool(name="h100", gpu="H100", nodes=3, gpus_per_node=1, memory=80.0, price=2.0),),
        options=options,
        slos=(Slo("ttft", "mean", 0.5), Slo("ttft", "p95", 0.9, "each_llm")),
        arrival_rate=1.0,
        scores=scores_by_hand(0, 3),
    )
    chat = RequestClass(
        name="chat",
        scores=scores_by_hand(1, 12),
        slos=(Slo("ttft", "p95", 0.7), Slo("ttft", "mean", 0.45)),
        permitted=(True, True, True),
        work=(1.0, 1.0),
        quality_floor=0.5,
        outside_usd=(0.002,),
    )
    batch = RequestClass(
        name="batch",
        scores=scores_by_hand(2, 8),
        slos=(Slo("ttft", "p95", 0.8, "each_llm"),),
        permitted=(True, True, False),
        work=(2.0, 1.0),
        weight=0.5,
        outside_usd=(0.001,),
    )
    return DemandInstance(
        instance=instance,
        classes=(chat, batch),
        cases=(
            DemandCase(name="day", hours=14.0, rates=(6.0, 2.0), lost_nodes=(0,)),
            DemandCase(name="night", hours=10.0, rates=(2.0, 0.0), lost_nodes=(0,)),
            DemandCase(
                name="lost",
                hours=0.0,
                rates=(3.0, 1.0),
                lost_nodes=(1,),
                slo_factor=1.2,
                quality_floor=0.45,
            ),
        ),
        outside=(OutsideLlm(name="api", max_rate=1.0, latency=API),),
        cost_at_most=10.5,
    )


def seats_by_hand() -> list[Seat]:
    return [Seat(0, 0, 0, (0,)), Seat(0, 1, 1, (0,)), Seat(1, 0, 2, (0,))]


def routings_by_hand() -> list[list[Routing]]:
    """By case; of the lost node for either survivors."""
    api = ((1.0,), (0.0,))
    day = (Lane(0, 1, (2.5, 0.0)), Lane(0, 1, (1.0, 1.5)), Lane(1, 1, (1.5, 0.5)))
    one_of_each = (Lane(0, 1, (1.5, 0.5)), Lane(1, 1, (0.5, 0.5)))
    return [
        [Routing(day, api)],
        [Routing((Lane(0, 1, (1.0, 0.0)), Lane(1, 1, (1.0, 0.0))), ((0.0,), (0.0,)))],
        [Routing(one_of_each, api), Routing((Lane(0, 2, (2.0, 1.0)),), api)],
    ]


@cache
def _good() -> Plan:
    return make_cells_plan(cells_demand(), seats_by_hand(), routings_by_hand(), slack=1e-5)


def cells_plan() -> Plan:
    """The plan by hand, a copy of its own."""
    return copy.deepcopy(_good())


def cells_problems(
    fault: Callable[[Plan], None] = lambda plan: None, **changes: Any
) -> tuple[str, ...]:
    """What the verifier says of the plan by hand with a fault planted, for a changed demand."""
    plan = cells_plan()
    fault(plan)
    return run_cells_verifier(plan, replace(cells_demand(), **changes), rel_gap_target=1e-4)


def cells_reported(fault: Callable[[Plan], None], words: str, **changes: Any) -> bool:
    """Whether the verifier says these words of the plan by hand with one fault planted."""
    return any(words in problem for problem in cells_problems(fault, **changes))
