"""The state that all searches on one instance share: curves, capacity, quality, no-goods, and the
clock.

It is only ever refined.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.capacity import CapacityRow, capacity_rows, most_replicas
from models.envelope import Arm
from models.formulation import Formulation, Goal, allowance, shared_slos
from models.instance import Instance
from models.latency import Pieces, budget_pieces
from models.nogood import NoGood
from models.placement import Item, Packing
from models.quality import Quality, Settled
from planner.joint.highs import SolveSettings
from planner.joint.setup_routing import RoutedSetup
from planner.solution import Termination

COARSE_ERROR = 3e-2
"""First under-estimates of curves lie at most this share of an SLO's allowance below the hull."""


@dataclass(frozen=True)
class Incumbent:
    """A placed, routed plan.

    loss: exact, of the goal. settled: exact quality with prices and ties.
    """

    loss: float
    routed: RoutedSetup
    packing: tuple[Packing, ...]
    settled: Settled
    gpus: int
    cost: float


@dataclass
class Clock:
    """Deadline, cancellation and where the time went."""

    deadline: float
    cancel: threading.Event | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.perf_counter()

    def stopped(self) -> bool:
        """Whether to stop now."""
        return self.left() <= 0 or self.interrupted()

    def interrupted(self) -> bool:
        """Whether a request to stop has come."""
        return self.cancel is not None and self.cancel.is_set()

    def limit(self) -> Termination:
        """Which limit has stopped the search: a request, or else the time."""
        return Termination.INTERRUPT if self.interrupted() else Termination.TIME

    def termination(self, *, closed: bool) -> Termination:
        """Why a search that is over has ended; closed: whether bound and plan have met."""
        if closed:
            return Termination.GAP
        return self.limit() if self.stopped() else Termination.STALLED

    def spend(self, phase: str, since: float) -> float:
        """Book the time since a moment; returns now."""
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - since
        return now


@dataclass
class SearchState:
    """What is shared by all searches on one instance: curves, capacity, quality, no-goods.

    Only ever refined.
    """

    instance: Instance
    quality: Quality
    clock: Clock
    threads: int = 1
    seed: int = 0
    progress: Callable[[str, float | None, float | None], None] | None = None
    pieces: list[Pieces | None] = field(default_factory=list)
    arms: dict[int, list[Arm]] = field(default_factory=dict)
    capacity: list[CapacityRow] = field(default_factory=list)
    upper: np.ndarray = field(default_factory=lambda: np.zeros(0))
    no_goods: list[NoGood] = field(default_factory=list)
    milp_solves: int = 0
    nodes: int = 0

    def __post_init__(self) -> None:
        slos = self.instance.slos
        self.allowances = np.array([allowance(slo) for slo in shared_slos(self.instance)])
        self.pieces = [budget_pieces(option.curve, slos) for option in self.instance.options]
        for o, pieces in enumerate(self.pieces):
            if pieces is not None:
                arm = Arm(pieces, float(pieces.low[0]), float(pieces.high[-1]))
                self.arms[o] = [arm.coarse(COARSE_ERROR * self.allowances)]
        self.capacity = capacity_rows(self.instance)
        self.upper = most_replicas(self.instance, self.capacity)
        highest = np.array([o.curve.max_rate for o in self.instance.options])
        usable = highest[list(self.arms)] if self.arms else highest
        typical = float(np.median(usable)) if usable.size else 1.0
        self.unit = min(typical if typical > 0 else 1.0, self.instance.arrival_rate)

    def formulation(
        self,
        goal: Goal,
        options: tuple[int, ...],
        upper: np.ndarray | None = None,
        cuts: np.ndarray | None = None,
        aside: Sequence[NoGood] = (),
    ) -> Formulation:
        """The program's content for some options.

        cuts: positions in the pool (all); aside: further no-goods.
        """
        pool = self.quality.cuts
        chosen = slice(None) if cuts is None else cuts
        return Formulation(
            self.instance,
            goal,
            options,
            {o: self.arms[o] for o in options},
            self.upper if upper is None else upper,
            self.capacity,
            pool.prices[chosen],
            pool.base[chosen],
            (*self.no_goods, *aside),
            self.unit,
        )

    def settings(self, **changes: Any) -> SolveSettings:
        """Solver settings with the clock's cancel event."""
        return SolveSettings(
            threads=self.threads, seed=self.seed, cancel=self.clock.cancel, **changes
        )

    def items(self, pool: int, replicas: np.ndarray) -> list[Item]:
        """What a setup puts into a pool."""
        options = self.instance.options
        return [
            Item(
                int(o),
                options[o].tp_degree,
                options[o].mps_share,
                options[o].memory,
                int(replicas[o]),
            )
            for o in np.flatnonzero(replicas > 0)
            if options[o].pool == pool
        ]
