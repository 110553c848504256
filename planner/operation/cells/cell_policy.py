"""router_policy.json of a plan over cells (version 2): for every class in every case, and in every
loss with a routing of its own, the prices that `models.router.CellRouter` needs, and the lanes of
each LLM with their parts of its requests.

    part of lane j      x_cj / sum of x_cj over the lanes of its LLM
    lane outside        an LLM outside the cluster is one lane
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.demand.requests import DemandInstance, RequestClass
from planner.operation.router_policy import router_policy_load_correction
from planner.plans.cells.cells_states import CellsState, read_cells_states
from planner.version import VERSION

__all__ = [
    "build_cell_policy",
    "build_cells_policy",
    "cell_score_range",
    "cells_policy_plan_hash",
    "default_class_name",
    "lane_parts",
    "plain_lane_name",
]

DECISION = ("scenario_sha256", "setups", "cells", "lanes", "losses")
"""Keys of a plan that are its decision."""

Content = Mapping[str, Any]
LaneNames = Mapping[tuple[int, int], str]
"""(position in plan["lanes"], class) -> name; of the LLM outside at position e: (-1 - e, class)."""


def cells_policy_plan_hash(content: Content) -> str:
    """SHA-256 of what a plan decides: equal for the same decision, however long the search took and
    wherever the files are.
    """
    decided = json.dumps(
        {key: content[key] for key in DECISION},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(decided.encode()).hexdigest()


def default_class_name(demand: DemandInstance) -> str:
    """The class of requests that name none: the one that sends most over the hours."""
    hours = np.array([case.hours for case in demand.cases])
    return demand.classes[int(np.argmax(demand.rates() @ hours))].name


def build_cells_policy(
    content: Content, demand: DemandInstance, *, lanes: LaneNames | None = None
) -> dict[str, Any]:
    """Make the content of router_policy.json.

    content: of a plan with a setup, readable for its demand. lanes: names where they are not the
    positions in plan["lanes"].
    """
    states = read_cells_states(content, demand)
    setup_of = {state.case: state.setup for state in states}
    return {
        "version": 2,
        "plan_hash": cells_policy_plan_hash(content),
        "scenario": content["scenario"],
        "scenario_sha256": content["scenario_sha256"],
        "planner_version": VERSION,
        "classes": [entry.name for entry in demand.classes],
        "default_class": default_class_name(demand),
        "cases": [
            {
                "case": case.name,
                "hours": float(case.hours),
                "setup": setup_of[t],
                "rates_rps": {
                    entry.name: float(rate)
                    for entry, rate in zip(demand.classes, case.rates, strict=True)
                },
            }
            for t, case in enumerate(demand.cases)
        ],
        "losses": [
            {key: loss[key] for key in ("case", "nodes", "same_as")} for loss in content["losses"]
        ],
        "cells": [
            build_cell_policy(demand, state, c, lanes=lanes)
            for state in states
            for c in state.cells
        ],
    }


def build_cell_policy(
    demand: DemandInstance,
    state: CellsState,
    request_class: int,
    *,
    lanes: LaneNames | None = None,
) -> dict[str, Any]:
    """Make the policy of one class in one state: keys of version 1 for its prices, and `lanes`."""
    entry, cell = demand.classes[request_class], state.cells[request_class]
    low, high = cell_score_range(entry)
    own = [name for name, may in zip(demand.served, entry.permitted, strict=True) if may]
    return {
        "class": entry.name,
        "case": demand.cases[state.case].name,
        "loss": state.loss,
        "version": 1,
        "rule": "argmax(score - alpha)",
        "alpha": {name: cell["dual_prices"].get(name) for name in own},
        "tie_eps": cell["router"]["tie_eps"],
        "ties": [
            {"llms": list(tie["llms"]), "split": list(tie["split"])}
            for tie in cell["router"]["ties"]
        ],
        # An LLM without a price gets nothing, also where rounding left a part of 1e-17.
        "fallback_weights": {
            name: part if cell["dual_prices"][name] is not None else 0.0
            for name, part in cell["routing"].items()
        },
        "score_unit": f"of the class's scores of the plan, {low:g} to {high:g} there",
        "valid_for": {"arrival_rate_rps": float(demand.cases[state.case].rates[request_class])},
        "correction": router_policy_load_correction(high - low),
        "lanes": lane_parts(demand, state, request_class, lanes),
    }


def cell_score_range(entry: RequestClass) -> tuple[float, float]:
    """Lowest and highest score of the LLMs that a class may use."""
    values = entry.scores.values[np.array(entry.permitted)]
    return float(values.min()), float(values.max())


def plain_lane_name(position: int) -> str:
    """What a lane is called where it has no other name: by its position in plan["lanes"]."""
    return f"lane {position}"


def lane_parts(
    demand: DemandInstance,
    state: CellsState,
    request_class: int,
    names: LaneNames | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """LLM -> its lanes with their parts of the class's requests, 1 in all."""
    rates: dict[str, list[tuple[str, float]]] = {}
    for lane in state.lanes:
        rate = float(lane.rates[request_class])
        if rate > 0:
            llm = demand.instance.llms[demand.instance.options[lane.option].llm].name
            key = lane.position, request_class
            name = plain_lane_name(lane.position) if names is None else names[key]
            rates.setdefault(llm, []).append((name, rate))
    for e, llm_outside in enumerate(demand.outside):
        if state.outside[request_class, e] > 0:
            own = llm_outside.name if names is None else names[-1 - e, request_class]
            rates[llm_outside.name] = [(own, 1.0)]
    return {
        llm: [{"lane": name, "share": rate / sum(r for _, r in lanes)} for name, rate in lanes]
        for llm, lanes in rates.items()
    }
