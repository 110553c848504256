"""One of several known setups for each place in a cycle, together the best.

    variables   chosen[s,k] in {0, 1}: setup k of place s;  start[s,o] >= 0

    maximise    sum value_sk chosen_sk, or minimise the cost

    sum_k chosen_sk = 1
    start_so >= sum_k n_sko chosen_sk - sum_k n_o chosen_k of the place before
    cost = sum cost_sk chosen_sk + sum_so dear_o start_so <= most           a budget
    sum value_sk chosen_sk >= floor                                         a cost objective

Values are those of the relaxation of its cases on each setup, costs those of its GPUs: a good
setup of one place and a good one of another were seldom tried together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from models.demand.demand_model import DemandModel
from models.linear import LinearProgram

__all__ = ["KnownSetup", "build_setup_choice"]


@dataclass(frozen=True, kw_only=True)
class KnownSetup:
    """replicas: (O,). value: of its cases, score units. cost: USD/h over all hours."""

    replicas: np.ndarray
    value: float
    cost: float


def build_setup_choice(
    model: DemandModel, known: Sequence[Sequence[KnownSetup]], spare: float = 0.0
) -> tuple[LinearProgram, list[np.ndarray]]:
    """The program, and the columns of the setups known for each place. spare: USD/h of a budget
    that are left for replicas that move.
    """
    demand, sizes = model.demand, [len(of_place) for of_place in known]
    ends = np.cumsum([0, *sizes])
    columns = [np.arange(ends[s], ends[s + 1]) for s in range(len(known))]
    flat = [one for of_place in known for one in of_place]
    counts = np.array([one.replicas for one in flat], dtype=float)
    used = np.flatnonzero(counts.any(axis=0)) if model.prices_starts else np.zeros(0, dtype=int)
    total = len(flat) + len(known) * used.size
    value, cost = np.zeros(total), np.zeros(total)
    value[: len(flat)] = [one.value for one in flat]
    cost[: len(flat)] = [one.cost for one in flat]
    rows, lower, upper = [], [], []

    def row(entries: np.ndarray, low: float, high: float) -> None:
        rows.append(entries)
        lower.append(low)
        upper.append(high)

    for s, own in enumerate(columns):
        one_of = np.zeros(total)
        one_of[own] = 1.0
        row(one_of, 1.0, 1.0)
        for k, o in enumerate(used):
            at = len(flat) + s * used.size + k
            cost[at] = model.start_prices()[o]
            rise = np.zeros(total)
            rise[columns[s - 1]] += counts[columns[s - 1], o]
            rise[own] -= counts[own, o]
            rise[at] = 1.0
            row(rise, 0.0, np.inf)
    if demand.cost_at_most is not None:
        row(cost, -np.inf, demand.cost_at_most - spare)
    floor = demand.instance.quality_floor
    if floor is not None:
        row(value, floor, np.inf)
    by_cost = demand.instance.objective == "cost"
    whole = np.arange(total) < len(flat)
    program = LinearProgram(
        cost=cost if by_cost else -value,
        matrix=csr_matrix(np.array(rows)),
        row_lower=np.array(lower),
        row_upper=np.array(upper),
        low=np.zeros(total),
        high=np.where(whole, 1.0, np.inf),
        integer=whole,
    )
    return program, columns
