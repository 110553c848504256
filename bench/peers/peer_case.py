"""What every peer works on: the instance with its curves and quality, and the last steps that all
share, so that the setups are what is compared.

A peer chooses replicas. They are placed as ours are (first fit in three orders, then exactly),
routed over all prompts by the exact routing of a setup, and checked by the independent verifier.
All of that favours the peers: each gets the best placement and the best routing of its setup.
"""

import math
import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np

from models.formulation import Goal, GoalKind, allowance, shared_slos
from models.instance import Instance, ObjectiveKind
from models.packing.first_fit import ORDERS, Packing, PackingVerdict, pack_first_fit
from models.packing.placement import place_all, place_on_fewest
from models.quality import Quality
from planner.joint.setups.goal_state import incumbent_for_goal
from planner.joint.setups.outcome import outcome_effort, outcome_solution
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.joint.setups.setup_routing import RoutingLimits, route_setup
from planner.settings import FLOOR_SLACK, Settings
from planner.solution import Solution, Termination

TOLERANCE = 1e-6
"""Of the quality (0..1 scale) that the last routing may leave."""

STEPS = 400
"""Rates at which a curve is read for the largest rate within the SLOs."""


LOOK_S = 0.05
"""How often the CPU time is read."""


def late_after(seconds: float) -> threading.Event:
    """An event that is set once the process has used so many more seconds of CPU: a limit that does
    not hang on how busy the machine is.
    """
    late, end = threading.Event(), time.process_time() + seconds

    def watch() -> None:
        while time.process_time() < end:
            time.sleep(LOOK_S)
        late.set()

    threading.Thread(target=watch, daemon=True).start()
    return late


@dataclass(frozen=True)
class PeerAnswer:
    """words: why there is no plan where solution is None, else what to know of it. missing: of the
    quality floor, score units, where that is why. unplaced: pools (positions) that do not hold the
    setup.
    """

    solution: Solution | None
    words: str = ""
    notes: tuple[str, ...] = ()
    missing: float = 0.0
    unplaced: tuple[int, ...] = ()


@dataclass
class PeerCase:
    """An instance as a peer sees it.

    settings: gap, threads and seed of every program. options: positions of those that may run.
    llm, pool: (O,) of every option. size: (O,) GPUs of one replica by share; demand: (O, 2) by
    share and by memory. within: (O,) largest rate of a replica that keeps every SLO by itself.
    late: set when the limit is reached (`late_after`).
    """

    instance: Instance
    settings: Settings
    quality: Quality = field(init=False)
    state: SearchState = field(init=False)
    options: tuple[int, ...] = field(init=False)
    llm: np.ndarray = field(init=False)
    pool: np.ndarray = field(init=False)
    size: np.ndarray = field(init=False)
    demand: np.ndarray = field(init=False)
    within: np.ndarray = field(init=False)
    late: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.quality = Quality(self.instance.scores)
        self.state = SearchState(
            instance=self.instance,
            quality=self.quality,
            clock=SearchClock(math.inf),
            threads=self.settings.threads,
            seed=self.settings.seed,
        )
        self.options = self.state.usable()
        options = self.instance.options
        self.llm = np.array([o.llm for o in options])
        self.pool = np.array([o.pool for o in options])
        self.size = np.array([o.tp_degree * o.mps_share for o in options])
        memory = [o.tp_degree * o.memory / self.instance.room(o.pool) for o in options]
        self.demand = np.stack([self.size, np.array(memory)], axis=1)
        self.within = self._rates_within_slos()

    @property
    def of_cost(self) -> bool:
        """Whether cost is minimised above a floor of quality."""
        return self.instance.objective == ObjectiveKind.COST

    @property
    def prices(self) -> np.ndarray:
        """(O,) what one replica takes: USD/h of its part of the GPUs where cost is minimised, else
        that part.
        """
        if not self.of_cost:
            return self.size
        per_gpu = [self.instance.pools[o.pool].price or 0.0 for o in self.instance.options]
        return self.size * np.array(per_gpu)

    def points(self, o: int) -> tuple[np.ndarray, np.ndarray]:
        """Rates (K,) and budgets (S, K) at the ends of the pieces of an option's curve."""
        pieces = self.state.pieces[o]
        rates = np.unique(np.concatenate([pieces.low, pieces.high]))
        return rates, np.stack([pieces.spend(rate) for rate in rates.tolist()], axis=1)

    def _rates_within_slos(self) -> np.ndarray:
        allowed = np.array([allowance(slo) for slo in shared_slos(self.instance)])
        within = np.zeros(len(self.instance.options))
        for o in self.options:
            pieces = self.state.pieces[o]
            rates = np.linspace(float(pieces.low[0]), float(pieces.high[-1]), STEPS)
            kept = [
                r for r in rates.tolist() if np.all(pieces.spend(r) <= allowed * r * (1 + 1e-9))
            ]
            within[o] = max(kept, default=0.0)
        return within

    def first_fits(self, replicas: np.ndarray, pool: int) -> bool:
        """Whether first fit, in one of its orders, places a setup's part of a pool."""
        nodes, per_node = self.instance.pools[pool].nodes, self.instance.pools[pool].gpus_per_node
        items, room = self.state.items(pool, replicas), self.instance.room(pool)
        return any(
            pack_first_fit(sorted(items, key=order), nodes, per_node, room) is not None
            for order in ORDERS
        )

    def finish(self, replicas: np.ndarray, rates: np.ndarray) -> PeerAnswer:
        """The plan of a setup (O,), routed from rates (O,) on; or why there is none."""
        if replicas @ self.size < self.instance.min_utilization * self.instance.gpus * (1 - 1e-9):
            return PeerAnswer(None, "less of the GPUs is in use than the scenario asks for")
        packings = self._placed(replicas)
        unplaced = tuple(
            p for p, one in enumerate(packings) if one.verdict != PackingVerdict.PACKED
        )
        if unplaced:
            return PeerAnswer(None, "not placeable", unplaced=unplaced)
        state, quality = self.state, self.quality
        form = state.formulation(Goal(of=GoalKind.QUALITY), tuple(np.flatnonzero(replicas > 0)))
        routed = route_setup(
            form, quality, state.pieces, replicas, rates, state.settings(), RoutingLimits(TOLERANCE)
        )
        if routed is None:
            return PeerAnswer(None, "no routing of its setup keeps the SLOs")
        settled = quality.settle(routed.fractions)
        floor = self.instance.quality_floor
        if self.of_cost and floor is not None and settled.value < floor - FLOOR_SLACK:
            words = f"quality {settled.value:.5f}, below the floor"
            return PeerAnswer(None, words, missing=floor - settled.value)
        kind = GoalKind.COST if self.of_cost else GoalKind.QUALITY
        plan = incumbent_for_goal(self.instance, quality, kind, routed, packings, settled)
        value = plan.cost if self.of_cost else settled.value
        effort = outcome_effort(state, Termination.STALLED, [])
        solution = outcome_solution(plan, value, value, effort, None)
        # Peers prove nothing of the raw problem: their plans have no bound.
        return PeerAnswer(replace(solution, bound=None))

    def _placed(self, replicas: np.ndarray) -> tuple[Packing, ...]:
        place = place_on_fewest if self.of_cost else place_all
        return tuple(
            place(
                self.state.items(p, replicas), pool.nodes, pool.gpus_per_node, self.instance.room(p)
            )
            for p, pool in enumerate(self.instance.pools)
        )
