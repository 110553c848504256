"""Checks that every name and position in a plan of cells leads somewhere, and that nothing is
stated twice or left out. The checks that follow read the plan by these references.

A *state* of a case is the case itself, or one of its losses of nodes with a routing of its own:
cells and lanes are stated by state.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.demand.requests import DemandInstance

__all__ = ["check_cells_references", "states_of_case"]


def states_of_case(
    losses: Sequence[Mapping[str, Any]], demand: DemandInstance, case: int
) -> tuple[int | None, ...]:
    """None for a case without lost nodes, else positions of its losses with their own routing."""
    if not demand.cases[case].loses_nodes:
        return (None,)
    name = demand.cases[case].name
    return tuple(
        k for k, loss in enumerate(losses) if loss["case"] == name and loss["same_as"] is None
    )


def check_cells_references(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """Setups, cases, losses, cells and lanes refer to what there is, each once and all of them."""
    yield from _check_setups_by_case(plan, demand)
    yield from _check_cases_stated(plan, demand)
    faults = list(_check_losses_stated(plan, demand))
    yield from faults
    if not faults:
        yield from _check_cells_stated(plan, demand)
        yield from _check_lanes_stated(plan, demand)


def _check_setups_by_case(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """Every case is served by one setup: the one of all cases in a fixed fleet, in a scheduled one
    its own or that of the case that it tests.
    """
    names = {case.name for case in demand.cases}
    served = Counter(name for setup in plan["setups"] for name in setup["cases"])
    for case in demand.cases:
        if served[case.name] != 1:
            yield f"setups: case {case.name} is served by {served[case.name]} setups, not by one"
    wanted = _setups_wanted(demand)
    if len(plan["setups"]) != len(wanted):
        kind = "a fixed" if demand.start_usd is None else "this scheduled"
        has = "one" if len(wanted) == 1 else str(len(wanted))
        yield f"setups: {len(plan['setups'])} stated, {kind} fleet has {has}"
    for k, setup in enumerate(plan["setups"]):
        cases = wanted[k] if k < len(wanted) else []
        for name in setup["cases"]:
            if name not in names:
                yield f"setups.{k}: unknown case {name}"
            elif name not in cases:
                yield f"setups.{k}: case {name} is not of the setup of {', '.join(cases) or 'none'}"
        for j, shard in enumerate(setup["placement"]):
            if not 0 <= shard["option"] < len(setup["options"]):
                yield (
                    f"setups.{k}: placement.{j}: option {shard['option']} but the setup has"
                    f" {len(setup['options'])} options"
                )


def _setups_wanted(demand: DemandInstance) -> list[list[str]]:
    """Names of the cases of each setup, in the order of their own cases."""
    if demand.start_usd is None:
        return [[case.name for case in demand.cases]]
    tests: dict[int, list[str]] = {}
    for t, case in enumerate(demand.cases):
        tests.setdefault(t if case.of is None else case.of, []).append(case.name)
    return [tests[t] for t in sorted(tests)]


def _check_cases_stated(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """`cases` has every case once."""
    stated = Counter(entry["case"] for entry in plan["cases"])
    for case in demand.cases:
        if stated[case.name] != 1:
            yield f"cases: {case.name} is stated {stated[case.name]} times, not once"
    for name in sorted(stated.keys() - {case.name for case in demand.cases}):
        yield f"cases: unknown case {name}"


def _check_losses_stated(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """A loss names k_p different nodes of every pool that its case loses nodes of, and the loss
    that it shares a routing with is one of the same case with a routing of its own.
    """
    cases = {case.name: case for case in demand.cases if case.loses_nodes}
    for k, loss in enumerate(plan["losses"]):
        where = f"losses.{k}"
        if loss["case"] not in cases:
            yield f"{where}: {loss['case']} is no case with lost nodes"
            continue
        lost = cases[loss["case"]].lost_nodes
        pools = zip(demand.instance.pools, lost, strict=True)
        wanted = {pool.name: (pool, count) for pool, count in pools if count}
        if set(loss["nodes"]) != set(wanted):
            yield f"{where}: names pools {sorted(loss['nodes'])}, lost are {sorted(wanted)}"
            continue
        for name, nodes in loss["nodes"].items():
            pool, count = wanted[name]
            if len(nodes) != count or len(set(nodes)) != count:
                yield f"{where}: nodes {list(nodes)} of pool {name}, {count} different are lost"
            if any(not 0 <= node < pool.nodes for node in nodes):
                yield f"{where}: nodes {list(nodes)} of pool {name}, which has {pool.nodes}"
        yield from _check_same_as(where, k, plan["losses"])


def _check_same_as(where: str, position: int, losses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    other = losses[position]["same_as"]
    if other is None:
        return
    if not 0 <= other < len(losses) or other == position:
        yield f"{where}: same_as {other} is no other loss"
    elif losses[other]["case"] != losses[position]["case"]:
        yield f"{where}: same_as {other} is a loss of the case {losses[other]['case']}"
    elif losses[other]["same_as"] is not None:
        yield f"{where}: same_as {other}, which has no routing of its own"


def _check_cells_stated(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """Every class with a rate has one cell in every state of a case, and no other has one."""
    wanted = {
        (demand.classes[cell.request_class].name, demand.cases[t].name, state)
        for t in range(len(demand.cases))
        for state in states_of_case(plan["losses"], demand, t)
        for cell in demand.cells(t)
    }
    stated = Counter((cell["class"], cell["case"], cell["loss"]) for cell in plan["cells"])
    for key in sorted(wanted | stated.keys(), key=str):
        name = _state_name(key[1], key[2], f"class {key[0]}")
        if key not in wanted:
            yield f"cells: {name} is no cell with a rate"
        elif stated[key] != 1:
            yield f"cells: {name} is stated {stated[key]} times, not once"


def _check_lanes_stated(plan: Mapping[str, Any], demand: DemandInstance) -> Iterator[str]:
    """Every lane belongs to a state of a case, to an option of its setup and to known classes."""
    states = {
        (case.name, state)
        for t, case in enumerate(demand.cases)
        for state in states_of_case(plan["losses"], demand, t)
    }
    setup_of = {name: setup for setup in plan["setups"] for name in setup["cases"]}
    classes = {entry.name for entry in demand.classes}
    for k, lane in enumerate(plan["lanes"]):
        if (lane["case"], lane["loss"]) not in states:
            yield f"lanes.{k}: {_state_name(lane['case'], lane['loss'])} has no routing of its own"
        options = setup_of.get(lane["case"], {"options": ()})["options"]
        if not 0 <= lane["option"] < len(options):
            yield f"lanes.{k}: option {lane['option']} but the setup has {len(options)} options"
        if lane["replicas"] < 1:
            yield f"lanes.{k}: {lane['replicas']} replicas, fewer than 1"
        for key in ("rates", "class_latency_ms"):
            for name in sorted(set(lane.get(key, ())) - classes):
                yield f"lanes.{k}: {key} names the unknown class {name}"


def _state_name(case: str, loss: int | None, of: str = "") -> str:
    """What messages call a state of a case."""
    loss_name = "" if loss is None else f", loss {loss}"
    return f"{of}{' in ' if of else ''}case {case}{loss_name}"
