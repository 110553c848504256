"""The decomposition run on a scenario: through all setups where they can be enumerated, else by a
Lagrangian relaxation; and its plan as a solution.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.decomposition.best_setup import BestSetup, best_setup
from planner.decomposition.cheapest_setup import cheapest_setup
from planner.decomposition.enumeration import (
    Setups,
    TooManySetupsError,
    enumerate_retained_setups,
    enumerate_setups,
)
from planner.decomposition.fleet import bracket_fleet
from planner.decomposition.lagrangian import RelaxationTooLargeError
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route_setup_by_policies
from planner.errors import DataError
from planner.settings import CLOSE_ENOUGH
from planner.solution import Effort, Shard, Solution, Status, Termination, TieGroup
from profiles.io.faults import Fault

__all__ = [
    "DecompositionRun",
    "decomposition_seconds_per_setup",
    "decomposition_solution",
    "run_decomposition",
]

TOLERANCE = 4e-5
"""Gap that a run may leave between its value and its bound, in shares of the range of scores."""

SAMPLE = 500
"""Setups routed to estimate how long all of them would take."""

DecompositionProgress = Callable[[str, float | None, float | None, float], None]
"""Phase, value, bound, share of the setups settled."""


@dataclass(frozen=True, kw_only=True)
class DecompositionRun:
    """The result of the decomposition.

    best: value, bound and setup. complete: every setup was examined. tolerance: gap it may
    leave, score units. retained: setups that first-fit decreasing places. seconds: wall time.

    setups: None and retained 0 where they were too many to enumerate; reason then says what was
    done instead ("" else).
    """

    best: BestSetup
    complete: bool
    tolerance: float
    retained: int
    seconds: float
    reason: str = ""
    setups: Setups | None = None


def run_decomposition(
    instance: Instance,
    *,
    progress: DecompositionProgress | None = None,
    cancel: threading.Event | None = None,
) -> DecompositionRun:
    """Solve by decomposition, without anything of the joint search.

    Cancelled, the best so far with the bound so far. DataError for a cost objective with too many
    setups to enumerate (the relaxation is for quality alone), and for more pools and options than
    the relaxation can hold.
    """
    began, instance = time.perf_counter(), with_headroom(instance)
    tolerance = TOLERANCE * (float(np.ptp(instance.scores.values)) or 1.0)
    try:
        setups = enumerate_setups(instance)
    except TooManySetupsError as error:
        if instance.objective == ObjectiveKind.COST:
            raise DataError([_unsupported_by_decomposition(str(error))]) from error
        try:
            fleet = bracket_fleet(instance, tolerance=tolerance, progress=progress, cancel=cancel)
        except RelaxationTooLargeError as larger:
            raise DataError([_too_large_for_decomposition(error, larger)]) from larger
        best = BestSetup(
            value=fleet.value,
            bound=fleet.bound,
            deployed=fleet.deployed,
            seats=fleet.seats,
            routed=fleet.routed,
            enumerated=0,
            routed_setups=fleet.routed_setups,
            refused=0,
            undecided=0,
            complete=False,
        )
        return DecompositionRun(
            best=best,
            complete=False,
            tolerance=tolerance,
            retained=0,
            seconds=time.perf_counter() - began,
            reason=f"{error}; a Lagrangian relaxation is used instead",
        )
    search = cheapest_setup if instance.objective == ObjectiveKind.COST else best_setup
    best = search(instance, tolerance=tolerance, setups=setups, progress=progress, cancel=cancel)
    return DecompositionRun(
        best=best,
        complete=best.complete,
        tolerance=tolerance,
        retained=int(enumerate_retained_setups(instance, setups).sum()),
        seconds=time.perf_counter() - began,
        setups=setups,
    )


def _unsupported_by_decomposition(why: str) -> Fault:
    fix = (
        "narrow setups.tp_degrees or setups.mps_shares_pct, limit max_replicas, or maximise quality"
    )
    problem = f"the cross-check of a cost objective examines all setups, and {why}"
    return Fault("scenario", "objective", "", problem, fix)


def _too_large_for_decomposition(
    setups: TooManySetupsError, relaxation: RelaxationTooLargeError
) -> Fault:
    fix = (
        "merge pools of equal GPUs, or narrow setups.tp_degrees or setups.mps_shares_pct; `plan`"
        " needs no cross-check"
    )
    problem = f"the cross-check cannot hold so many options: {setups}, and {relaxation}"
    return Fault("scenario", "pools", "", problem, fix)


def decomposition_solution(instance: Instance, best: BestSetup, rel_gap: float) -> Solution:
    """The decomposition's plan as a `Solution`, so that the verifier can judge it.

    best: with a plan. Setup, seats and rates are those of the decomposition; quality, dual prices
    and ties are exact for its fractions (`models.quality`), since it knows quality to its
    tolerance alone.
    """
    assert best.routed is not None  # noqa: S101 - the caller has a plan
    quality = Quality(instance.scores)
    settled = quality.settle(best.routed.fractions)
    replicas, rates = np.zeros(len(instance.options), dtype=int), np.zeros(len(instance.options))
    for (option, count), rate in zip(best.deployed, best.routed.rates, strict=True):
        replicas[option], rates[option] = count, rate
    shards = tuple(
        Shard(o, r, k, node, gpu)
        for o, r, node, gpus in sorted(best.seats)
        for k, gpu in enumerate(gpus)
    )
    value = settled.value if instance.objective == "quality" or best.value is None else best.value
    bound = float(
        max(best.bound, value) if instance.objective == "quality" else min(best.bound, value)
    )
    closed = abs(bound - value) <= max(
        rel_gap * max(abs(value), 1e-9), CLOSE_ENOUGH * float(np.ptp(instance.scores.values))
    )
    effort = Effort(termination=Termination.GAP if closed else Termination.STALLED)
    bare = Solution(
        status=Status.OPTIMAL if closed else Status.FEASIBLE,
        value=float(value),
        bound=bound,
        effort=effort,
    )
    return replace(
        bare,
        replicas=replicas,
        routed_rates=rates,
        fractions=best.routed.fractions,
        quality=settled.value,
        dual_prices=settled.prices,
        ties=tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in settled.ties),
        tie_eps=settled.tie_eps,
        placement=shards,
    )


def decomposition_seconds_per_setup(
    instance: Instance, setups: Setups, cancel: threading.Event | None = None
) -> tuple[float, int]:
    """Seconds it takes to route one retained setup without any pruning, and how many are retained.

    Measured on at most SAMPLE setups drawn with a fixed seed: all of them would take minutes.
    """
    state = DecompositionState(with_headroom(instance))
    rows = np.flatnonzero(enumerate_retained_setups(instance, setups))
    sample = np.random.default_rng(0).permutation(rows)[:SAMPLE]
    tolerance = TOLERANCE * state.prompts.span
    began, done = time.perf_counter(), 0
    for setup in sample:
        if cancel is not None and cancel.is_set():
            break
        route_setup_by_policies(state, setups.deployed(int(setup)), tolerance)
        done += 1
    return (time.perf_counter() - began) / max(done, 1), rows.size
