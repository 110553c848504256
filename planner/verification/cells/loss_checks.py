"""Checks of cases with lost nodes: every choice of nodes is covered by a stated loss whose lanes
are on survivors.

    survivors of option o    replicas none of whose shards is on a lost node
    lanes of a loss          hold at most the survivors, of every loss that takes its routing
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from planner.verification.cells.loss_kinds import (
    MOST_LOSS_KINDS,
    Groups,
    count_loss_kinds,
    enumerate_loss_kinds,
    loss_key,
    nodes_by_content,
)
from planner.verification.cells.stated_cells import StatedCells, StatedSetup, lanes_by_option

__all__ = ["check_loss_survivors", "check_losses_cover", "survivors_of_loss"]


def check_losses_cover(stated: StatedCells) -> Iterator[str]:
    """Every kind of choice of lost nodes is stated once, with the number of its choices."""
    demand = stated.demand
    for t, case in enumerate(demand.cases):
        # A case without requests has nothing to route after a loss.
        if not case.loses_nodes or not any(case.rates):
            continue
        pools = zip(demand.instance.pools, case.lost_nodes, strict=True)
        named = {pool.name: (pool, count) for pool, count in pools if count}
        too_many = [
            f"case {case.name}: {count} nodes of pool {name} are lost, it has {pool.nodes}"
            for name, (pool, count) in named.items()
            if count > pool.nodes
        ]
        yield from too_many
        if too_many:
            continue
        lost = {name: count for name, (_, count) in named.items()}
        groups = nodes_by_content(stated.setup_of(t), demand, t)
        kinds = count_loss_kinds(groups, lost)
        total = int(np.prod([float(count) for count in kinds.values()]))
        if total > MOST_LOSS_KINDS:
            worst = max(kinds, key=lambda name: kinds[name])
            yield (
                f"case {case.name}: {total} kinds of choices of lost nodes, more than"
                f" {MOST_LOSS_KINDS}; pool {worst} alone has {kinds[worst]}"
            )
        else:
            yield from _check_kinds_stated(stated, t, groups, lost)


def _check_kinds_stated(
    stated: StatedCells, case: int, groups: Groups, lost: dict[str, int]
) -> Iterator[str]:
    name = stated.demand.cases[case].name
    entries = [
        (k, loss, loss_key(groups, loss["nodes"]))
        for k, loss in enumerate(stated.plan["losses"])
        if loss["case"] == name
    ]
    times = Counter(key for _, _, key in entries)
    alike = {}
    for kind in enumerate_loss_kinds(groups, lost):
        alike[kind.key] = kind.alike
        if not times[kind.key]:
            nodes = ", ".join(f"{list(of_pool)} of {pool}" for pool, of_pool in kind.nodes.items())
            yield f"losses: case {name}: the loss of the nodes {nodes} is not stated"
    for k, loss, key in entries:
        if times[key] > 1:
            yield f"losses.{k}: case {name}: {times[key]} entries lose nodes that hold the same"
        # A plan may leave the number out; one that is stated must be right.
        if loss.get("alike", alike[key]) != alike[key]:
            yield (
                f"losses.{k}: alike {loss['alike']} but {alike[key]} choices lose nodes that hold"
                " the same"
            )


def check_loss_survivors(stated: StatedCells) -> Iterator[str]:
    """The lanes that a loss is served by hold at most its survivors of every option."""
    cases = {case.name: t for t, case in enumerate(stated.demand.cases)}
    by_node = {id(setup): replicas_by_node(setup) for setup in stated.setups}
    for k, loss in enumerate(stated.plan["losses"]):
        case, routing = cases[loss["case"]], k if loss["same_as"] is None else loss["same_as"]
        setup = stated.setup_of(case)
        lost = [(pool, node) for pool, nodes in loss["nodes"].items() for node in nodes]
        left = _survivors(setup, by_node[id(setup)], lost)
        held = lanes_by_option(stated.lanes_of(case, routing), len(setup.options))
        for option, count, most in zip(setup.options, held, left, strict=True):
            if count > most:
                same = "" if routing == k else f" of loss {routing}"
                yield (
                    f"losses.{k} (case {loss['case']}): {option.name}: lanes{same} hold {count}"
                    f" replicas, {most} survive"
                )


def replicas_by_node(setup: StatedSetup) -> dict[tuple[str, int], np.ndarray]:
    """(options of the setup,) replicas with a shard on each (pool, node)."""
    found: dict[tuple[str, int], np.ndarray] = {}
    for (k, _), nodes in setup.seats.items():
        for node in nodes:
            found.setdefault(node, np.zeros(len(setup.options), dtype=int))[k] += 1
    return found


def survivors_of_loss(setup: StatedSetup, lost: Iterable[tuple[str, int]]) -> np.ndarray:
    """Replicas of every option of a setup without a shard on the lost (pool, node)."""
    return _survivors(setup, replicas_by_node(setup), lost)


def _survivors(
    setup: StatedSetup,
    by_node: Mapping[tuple[str, int], np.ndarray],
    lost: Iterable[tuple[str, int]],
) -> np.ndarray:
    # A replica lies on one node; one on several is counted as lost with each, and reported.
    left = np.array([option.replicas for option in setup.options], dtype=int)
    for node in lost:
        left -= by_node.get(node, 0)
    return left
