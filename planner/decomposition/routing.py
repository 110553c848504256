"""The best routing of one setup: the restricted master of `planner.decomposition.master`, and a
branch and bound where curves are not convex. numpy only.

On convex curves the master's value and bound meet. Where a curve is not convex, or its rates fall
into several intervals, the master may mix points far apart, which no replica can do: then the
option that lies furthest above its mixed points is split, at a point or at the gap between two
admissible ones, and the node of the largest bound goes first. RouterWise bisects on one price beta;
with ties, several SLOs and several options of an LLM one such price leaves a gap, which the
master's prices do not.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from planner.decomposition.master import KEPT, Deployed, Master, Ranges
from planner.decomposition.price_bank import DecompositionState, Prices

__all__ = ["RoutingResult", "route_setup_by_policies"]

MOST_NODES = 200
"""Of the branch and bound of one setup."""
LEAST_SPLIT = 1e-12


@dataclass(frozen=True, kw_only=True)
class RoutingResult:
    """One setup's routing.

    value: None where none was reached; bound: no routing is better (-inf: there is none).

    rates: (D,) req/s of each deployed option, all its replicas together; fractions, alpha: (M,),
    alpha NaN for LLMs not deployed.
    spends: (S,) shares of the shared SLOs' budgets used.
    """

    value: float | None
    bound: float
    rates: np.ndarray
    fractions: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    spends: np.ndarray

    @property
    def feasible(self) -> bool:
        """Whether there is a routing within the SLOs."""
        return self.value is not None


@dataclass(frozen=True, kw_only=True)
class Node:
    """The master's answer within ranges of points.

    split: (deployed option, children's ranges), None where nothing is left to split.
    """

    value: float | None
    bound: float
    rates: np.ndarray
    shares: np.ndarray
    prices: Prices | None
    spends: np.ndarray | None
    split: tuple[int, tuple[int, int], tuple[int, int]] | None


NOTHING = Node(
    value=None,
    bound=-np.inf,
    rates=np.zeros(0),
    shares=np.zeros(0),
    prices=None,
    spends=None,
    split=None,
)
"""There is no routing within a node's ranges."""


def route_setup_by_policies(
    state: DecompositionState,
    deployed: Deployed,
    tolerance: float,
    target: float = -np.inf,
    enough: float = np.inf,
    most_nodes: int = MOST_NODES,
) -> RoutingResult:
    """The best routing of a setup: value and bound within `tolerance` (score units) of each other,
    where that can be had.

    It ends early with a bound of at most `target` or a value of at least `enough`. most_nodes: of
    the branch and bound; afterwards the bound is that of the open nodes.
    """
    llms = tuple(sorted({state.instance.options[o].llm for o, _ in deployed}))
    order, settled, nodes = count(), -np.inf, 0
    best = NOTHING
    heap: list[tuple[float, int, Node, Ranges]] = []

    def routing_goal() -> float:
        """Bounds at most this need no further work."""
        if best.value is None:
            return target
        return np.inf if best.value >= enough else max(target, best.value + tolerance)

    def visit_routing_node(ranges: Ranges, parent: float) -> None:
        nonlocal best, nodes
        nodes += 1
        node = _routing_node(state, llms, deployed, ranges, tolerance, routing_goal())
        heapq.heappush(heap, (-min(node.bound, parent), next(order), node, ranges))
        if best is NOTHING or (
            node.value is not None and (best.value is None or node.value > best.value)
        ):
            best = node

    visit_routing_node(tuple((0, state.tables[o].rates.size - 1) for o, _ in deployed), np.inf)
    # Best first: the node of the largest bound is the one that holds the bound of all up.
    while heap and -heap[0][0] > routing_goal() and nodes < most_nodes:
        below, _, node, ranges = heapq.heappop(heap)
        if node.split is None:
            settled = max(settled, -below)
            continue
        at, *children = node.split
        for child in children:
            visit_routing_node((*ranges[:at], child, *ranges[at + 1 :]), -below)
    return _routing_result(state, llms, best, max([settled, *(-entry[0] for entry in heap[:1])]))


def _routing_result(
    state: DecompositionState, llms: tuple[int, ...], node: Node, bound: float
) -> RoutingResult:
    """A node's answer by the positions of the instance."""
    fractions, alpha = np.zeros(len(state.instance.llms)), np.full(len(state.instance.llms), np.nan)
    beta, spends = np.zeros(len(state.slos)), np.zeros(len(state.slos))
    if node.spends is not None:
        fractions[list(llms)], spends = node.shares, node.spends
    if node.prices is not None:
        alpha[list(llms)], beta = node.prices.alpha, node.prices.beta
    return RoutingResult(
        value=node.value,
        bound=bound,
        rates=node.rates,
        fractions=fractions,
        alpha=alpha,
        beta=beta,
        spends=spends,
    )


def _routing_node(
    state: DecompositionState,
    llms: tuple[int, ...],
    deployed: Deployed,
    ranges: Ranges,
    tolerance: float,
    target: float,
) -> Node:
    """Solve the master within the ranges of points."""
    # A range of rates that cannot carry the arrival rate needs no master.
    if not _routing_carries(state, deployed, ranges):
        return NOTHING
    master = Master(state, llms, deployed, ranges)
    most_headroom = master.most_headroom()
    if most_headroom is None:
        prices = master.refutation()
        state.price_bank(llms).prices.append(prices)
        return (
            NOTHING if master.fullest(prices) > 1.0 else replace(NOTHING, bound=state.prompts.most)
        )
    bound, prices = master.climb(tolerance, target)
    state.pivots += master.program.pivots
    state.price_bank(llms).prices.append(prices)
    split = _split_routing_node(state, deployed, ranges, *master.above())
    (rates, shares, quality), spends = master.settle(most_headroom, tolerance)
    if spends is None:
        return Node(
            value=None,
            bound=bound,
            rates=rates,
            shares=shares,
            prices=prices,
            spends=None,
            split=split,
        )
    return Node(
        value=quality,
        bound=bound,
        rates=rates,
        shares=shares,
        prices=prices,
        spends=spends[:-1],
        split=split,
    )


def _routing_carries(state: DecompositionState, deployed: Deployed, ranges: Ranges) -> bool:
    """Whether the rates within the ranges can sum to the arrival rate."""
    if any(high < low for low, high in ranges):
        return False
    least, most = (
        sum(
            n * state.tables[o].rates[ends[side]]
            for (o, n), ends in zip(deployed, ranges, strict=True)
        )
        for side in (0, 1)
    )
    return bool(
        least <= state.instance.arrival_rate * (1 + KEPT)
        and most >= state.instance.arrival_rate * (1 - KEPT)
    )


def _split_routing_node(
    state: DecompositionState,
    deployed: Deployed,
    ranges: Ranges,
    gaps: np.ndarray,
    rates: np.ndarray,
) -> tuple[int, tuple[int, int], tuple[int, int]] | None:
    """Where the curve is furthest above the mixed points: split there, at a point, or at a gap
    between admissible rates.
    """
    for at in np.argsort(-gaps, kind="stable"):
        low, high = ranges[at]
        if gaps[at] <= LEAST_SPLIT or high <= low:
            continue
        option, replicas = deployed[at]
        table, rate = state.tables[option].rates, rates[at] / replicas
        if gaps[at] == np.inf:
            left = int(np.clip(np.searchsorted(table, rate, side="right") - 1, low, high - 1))
            return int(at), (low, left), (left + 1, high)
        if high - low >= 2:
            middle = int(np.clip(np.argmin(np.abs(table - rate)), low + 1, high - 1))
            return int(at), (low, middle), (middle, high)
    return None
