"""What all searches on one instance share: curves, capacity, quality, no-goods, and the clock.

It only ever grows: a cut, a supporting line, a split arm, a capacity row or a no-good that one
search adds is valid for every other one on the instance.
"""

import copy
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.capacity import CapacityRow, capacity_rows, most_replicas_by_capacity
from models.envelope import EnvelopeArm
from models.formulation import Formulation, Goal, allowance, shared_slos
from models.instance import Instance
from models.latency import LatencyPieces, latency_budget_pieces
from models.nogood import NoGood
from models.openings.opening_cuts import OpeningCuts
from models.packing.first_fit import Item, pool_items
from models.quality import Quality
from planner.joint.solver.highs import SolveSettings
from planner.solution import Termination

COARSE_ERROR = 3e-2
"""First under-estimates of curves lie at most this share of an SLO's allowance below the hull."""


ROOT_NODES = 50
"""Nodes that the root of a mixed-integer program counts as: presolve, cuts and the first LP took as
long as 50 nodes (HiGHS 1.16, programs of 800 to 1,300 columns).
"""

LEAST_NODES = 20
"""A program may visit at least this many nodes."""


@dataclass
class SearchClock:
    """Deadline, cancellation, the work that is left, and where the time went.

    deadline, began: of time.perf_counter, s. work: in nodes x columns (Settings.work); worked: done
    until now, in the same unit.
    """

    deadline: float
    cancel: threading.Event | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    work: float = math.inf
    worked: float = 0.0

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.perf_counter()

    def stopped(self) -> bool:
        """Whether to stop now."""
        return self.work <= 0 or self.late()

    def late(self) -> bool:
        """Whether the deadline or a request, not the work done, ends the search."""
        return self.left() <= 0 or self.interrupted()

    @property
    def counts_work(self) -> bool:
        """Whether work is limited: seconds then decide nothing before the deadline."""
        return math.isfinite(self.work)

    def node_limit(self, columns: int) -> int | None:
        """Nodes that the work left allows a program of so many columns; None without a limit."""
        return max(int(self.work // columns), LEAST_NODES) if self.counts_work else None

    def book_work(self, nodes: int, columns: int) -> None:
        """Book the work of one program."""
        self.spend_work((nodes + ROOT_NODES) * columns)

    def spend_work(self, work: float) -> None:
        """Book work that was counted elsewhere."""
        self.work -= work
        self.worked += work

    def book_solves(self, solves: int, columns: int) -> None:
        """Book the work of linear programs: each counts as a node."""
        self.work -= solves * columns
        self.worked += solves * columns

    @contextmanager
    def limited(self, work: float) -> Iterator[None]:
        """Stop inside after so much work; what is done counts outside, too."""
        before, inside = self.work, min(self.work, work)
        self.work = inside
        yield
        self.work += before - inside if math.isfinite(before) else math.inf

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """Stop inside after a part of the time that was left."""
        deadline = self.deadline
        self.deadline = deadline - (1 - part) * max(self.left(), 0.0)
        yield
        self.deadline = deadline

    def interrupted(self) -> bool:
        """Whether a stop was requested."""
        return self.cancel is not None and self.cancel.is_set()

    def limit(self) -> Termination:
        """Which limit has stopped the search: a request, or else the time."""
        return Termination.INTERRUPT if self.interrupted() else Termination.TIME

    def termination(self, *, closed: bool) -> Termination:
        """Why a search that is over has ended; closed: whether bound and plan have met."""
        if closed:
            return Termination.GAP
        return self.limit() if self.late() else Termination.STALLED

    def add(self, phase: str, seconds: float) -> None:
        """Book seconds for a phase."""
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def spend(self, phase: str, since: float) -> float:
        """Book the time since a moment; returns now."""
        now = time.perf_counter()
        self.add(phase, now - since)
        return now


@dataclass(kw_only=True)
class SearchState:
    """What is known about one instance, whatever the goal of the search.

    Given: the instance, its quality with the pool of cuts, the clock, threads and seed of the
    solver, `report` (phase, loss of the best plan or None, bound on the loss or None) and
    keep_program: whether searches keep their last mixed-integer program, with names.

    Made and refined: pieces, arms: exact curves and their under-estimates, by options that may run
    at all. capacity: rows over replicas. upper: (O,) most replicas. no_goods: setups that cannot
    be placed. allowances: (S,) of the SLOs over all requests. unit: req/s that count as 1 in a
    program. Counted: milp_solves, nodes.
    """

    instance: Instance
    quality: Quality
    clock: SearchClock
    threads: int = 1
    seed: int = 0
    report: Callable[[str, float | None, float | None], None] | None = None
    keep_program: bool = False
    pieces: dict[int, LatencyPieces] = field(init=False)
    arms: dict[int, list[EnvelopeArm]] = field(init=False)
    capacity: list[CapacityRow] = field(init=False)
    upper: np.ndarray = field(init=False)
    allowances: np.ndarray = field(init=False)
    unit: float = field(init=False)
    no_goods: list[NoGood] = field(default_factory=list)
    milp_solves: int = 0
    nodes: int = 0

    def __post_init__(self) -> None:
        options, slos = self.instance.options, self.instance.slos
        self.allowances = np.array([allowance(slo) for slo in shared_slos(self.instance)])
        known = {o: latency_budget_pieces(option.curve, slos) for o, option in enumerate(options)}
        self.pieces = {o: pieces for o, pieces in known.items() if pieces is not None}
        self.arms = {}
        for o, pieces in self.pieces.items():
            arm = EnvelopeArm(pieces, float(pieces.low[0]), float(pieces.high[-1]))
            self.arms[o] = [arm.coarse(COARSE_ERROR * self.allowances)]
        self.capacity = capacity_rows(self.instance)
        self.upper = most_replicas_by_capacity(self.instance, self.capacity)
        # Rates are counted in a typical highest rate of a replica: coefficients of a program are
        # then near 1, far from HiGHS's tolerances (1e-7 on rows) at both ends.
        highest = np.array([o.curve.max_rate for o in options])
        usable = highest[list(self.arms)] if self.arms else highest
        typical = float(np.median(usable)) if usable.size else 1.0
        self.unit = min(typical if typical > 0 else 1.0, self.instance.arrival_rate)

    def usable(self) -> tuple[int, ...]:
        """The options that an SLO leaves a rate and capacity a replica."""
        return tuple(o for o in self.arms if self.upper[o] >= 1)

    def formulation(
        self,
        goal: Goal,
        options: tuple[int, ...],
        *,
        upper: np.ndarray | None = None,
        cuts: np.ndarray | None = None,
        aside: Sequence[NoGood] = (),
        openings: OpeningCuts | None = None,
    ) -> Formulation:
        """The program's content for some options (positions).

        upper: (O,) limits of replicas in place of the state's. cuts: positions in the pool of
        cuts, all where None. aside: further no-goods. openings: cuts over open LLMs, None where
        the program does not say which are.
        """
        pool = self.quality.cuts
        chosen = slice(None) if cuts is None else cuts
        return Formulation(
            instance=self.instance,
            goal=goal,
            options=options,
            arms={o: self.arms[o] for o in options},
            upper=self.upper if upper is None else upper,
            capacity=self.capacity,
            cut_prices=pool.prices[chosen],
            cut_base=pool.base[chosen],
            no_goods=(*self.no_goods, *aside),
            unit=self.unit,
            openings=openings,
        )

    def with_numbers_of(self, instance: Instance) -> "SearchState":
        """What is known, for an instance that differs only in the arrival rate, limits over all
        requests, nodes, limits on replicas or floors: numbers that bend no curve and no row over
        replicas, so that curves and rows are shared, and each learns what the other does.
        """
        other = copy.copy(self)
        other.instance = instance
        other.allowances = np.array([allowance(slo) for slo in shared_slos(instance)])
        other.upper = most_replicas_by_capacity(instance, self.capacity)
        if [pool.nodes for pool in instance.pools] != [pool.nodes for pool in self.instance.pools]:
            other.no_goods = []
        return other

    def points(self, o: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rates (K,) and budgets (S, K) of the vertices of each arm of an option."""
        return [arm.points() for arm in self.arms[o]]

    def settings(self, **changes: Any) -> SolveSettings:
        """Solver settings with the clock's deadline and cancel event."""
        changes.setdefault("time_limit", max(self.clock.left(), 0.0))
        return SolveSettings(
            threads=self.threads, seed=self.seed, cancel=self.clock.cancel, **changes
        )

    def items(self, pool: int, replicas: np.ndarray) -> list[Item]:
        """What a setup (replicas (O,), whole) puts into a pool."""
        return pool_items(self.instance.options, pool, replicas.tolist())
