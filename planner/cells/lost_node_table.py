"""What the loss of any one node does to setups that are given: they stay, requests are routed
anew.

For every case without lost nodes of its own and every pool, all kinds of nodes are gone through
(planner.cells.node_losses): the setup holds where the survivors of every kind can serve the case
within its limits.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.demand.demand_model import DemandModel, case_share
from models.demand.headroom import demand_with_headroom, with_headroom
from models.demand.requests import DemandCase, DemandInstance, RequestClass
from models.instance import Instance
from models.packing.first_fit import Seat, packing_of_seats
from planner.cell_solution import PlannedSetup
from planner.cells.node_losses import TooManyLossesError, loss_kinds, uncovered_losses
from planner.cells.search import CellSearch
from planner.cells.solve import class_qualities
from planner.joint.setups.search_state import SearchClock
from planner.settings import Settings
from planner.solution import LostNodeOutcome, Solution

__all__ = ["demand_of_instance", "lost_node_table", "lost_nodes_of_solution"]


def demand_of_instance(instance: Instance) -> DemandInstance:
    """One class and one case that say what an instance says, its headroom kept."""
    planned = with_headroom(instance)
    llms = len(planned.llms)
    everything = RequestClass(
        name="all",
        scores=planned.scores,
        slos=(),
        permitted=(True,) * llms,
        work=(1.0,) * llms,
    )
    case = DemandCase(
        name="all",
        hours=1.0,
        rates=(planned.arrival_rate,),
        lost_nodes=(0,) * len(planned.pools),
    )
    return DemandInstance(instance=planned, classes=(everything,), cases=(case,))


def lost_nodes_of_solution(
    instance: Instance,
    solution: Solution,
    settings: Settings,
    cancel: threading.Event | None = None,
) -> list[LostNodeOutcome]:
    """The table of a plan of an instance, on the GPUs that it names."""
    held: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for shard in sorted(solution.placement, key=lambda s: (s.option, s.replica, s.shard)):
        held[shard.option, shard.replica, shard.node].append(shard.gpu)
    seats: dict[int, list[Seat]] = {p: [] for p in range(len(instance.pools))}
    for (o, replica, node), gpus in held.items():
        seats[instance.options[o].pool].append((o, replica, node, tuple(gpus)))
    packings = [packing_of_seats(seats[p]) for p in seats]
    demand = demand_of_instance(instance)
    setup = PlannedSetup(cases=(0,), replicas=solution.replicas, packings=tuple(packings), cost=0.0)
    return lost_node_table(demand, [setup], settings, cancel)


def lost_node_table(
    demand: DemandInstance,
    setups: Sequence[PlannedSetup],
    settings: Settings,
    cancel: threading.Event | None = None,
) -> list[LostNodeOutcome]:
    """One outcome a case and pool that its setup uses.

    setups: of the plan. The demand's headroom is kept. Ends early, with what there is, at the time
    limit.
    """
    demand = demand_with_headroom(demand)
    cases = [t for t, case in enumerate(demand.cases) if any(case.rates) and not case.loses_nodes]
    serves = {t: setup for setup in setups for t in setup.cases}
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)
    tried = [
        (t, p) for t in cases for p, packing in enumerate(serves[t].packings) if packing.gpus > 0
    ]
    lost = tuple(
        replace(
            demand.cases[t],
            lost_nodes=tuple(int(p == q) for q in range(len(demand.instance.pools))),
            of=None,
        )
        for t, p in tried
    )
    if not tried:
        return []
    # Setups are given: each case is held against its own as if it were the only one.
    tested = replace(demand, cases=lost, start_usd=None)
    model = DemandModel(demand=tested, qualities=class_qualities(demand))
    search = CellSearch(model=model, clock=clock, settings=settings)
    outcomes = []
    for k, (t, p) in enumerate(tried):
        if clock.stopped():
            break
        outcomes.append(_worst_loss(search, k, t, p, serves[t]))
    return outcomes


def _worst_loss(
    search: CellSearch,
    tested: int,
    case: int,
    pool: int,
    setup: PlannedSetup,
) -> LostNodeOutcome:
    """The worst of all kinds of nodes of a pool. tested: position of the case that loses them."""
    demand = search.model.demand
    try:
        kinds = loss_kinds(demand, tested, setup.packings, setup.replicas)
    except TooManyLossesError:
        return LostNodeOutcome(case=case, pool=pool, holds=None, node=0)
    kept, _ = uncovered_losses(kinds)
    share = case_share(demand, tested)
    worst: LostNodeOutcome | None = None
    for k in kept:
        survivors = kinds[k].survivors
        node = kinds[k].nodes[pool][0]
        counted = np.divide(survivors, share, out=np.zeros(share.size), where=share > 0)
        quality, served = search.routing.route_survivors(tested, survivors, counted)
        holds = True if quality is not None else (None if served is None else False)
        one = LostNodeOutcome(
            case=case, pool=pool, holds=holds, node=node, quality=quality, served=served
        )
        if worst is None or _is_worse(one, worst):
            worst = one
    assert worst is not None  # noqa: S101 - a pool has nodes
    return worst


def _is_worse(one: LostNodeOutcome, other: LostNodeOutcome) -> bool:
    """Broken before undecided before holding; then by what is served or by quality."""
    rank = {False: 0, None: 1, True: 2}
    if rank[one.holds] != rank[other.holds]:
        return rank[one.holds] < rank[other.holds]
    if one.holds is False:
        return (one.served or 0.0) < (other.served or 0.0)
    return (one.quality or 0.0) < (other.quality or 0.0)
