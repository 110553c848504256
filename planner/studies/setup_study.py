"""The paper's study: every retained setup routed at its best, and how far the setups lie apart.

Setups are enumerated and placed by `planner.decomposition.enumeration`, then routed one by one
(`planner.decomposition.routing`), over processes that are spawned, so that nothing of a solver's
threads is carried along. What is routed is kept in a journal next to the file to be written, so
that an interrupted study resumes where it stopped. With pruning only setups whose bound beats the
best so far are routed: quick, but then nothing is known of the median and of the worst.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.demand.headroom import with_headroom
from models.instance import Instance
from planner.decomposition.best_setup import best_setup
from planner.decomposition.enumeration import (
    Config,
    Setups,
    TooManySetupsError,
    enumerate_retained_setups,
    enumerate_setups,
)
from planner.decomposition.packing import decide_packing
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import RoutingResult, route_setup_by_policies
from planner.errors import DataError
from planner.process_pool import spread_over_processes
from planner.settings import Progress
from planner.studies.setup_rows import STATUSES, TOLERANCE, SetupRows, SetupStatus, SetupStudy
from planner.studies.study_journal import StudyJournal
from profiles.io.faults import Fault

__all__ = ["setup_study_progress", "study_setups"]

MOST_NODES = 40
"""Of the branch and bound of one setup: enough for two curves that are not convex."""
CHUNK = 100
FEW = 1_500
"""Setups below which starting processes takes longer than routing."""


def study_setups(
    instance: Instance,
    *,
    exact_packing: bool = False,
    prune: bool = False,
    jobs: int = 0,
    journal: tuple[Path, str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> SetupStudy:
    """Route every retained setup.

    exact_packing: retain also what exhaustive packing places. prune: route only what may be the
    best. jobs: processes, 0 = one per core. journal: file of what was routed before and the hash of
    its scenario; it is used only when both and the arguments are the same.

    Cancelled, the rows so far. DataError when there are too many setups to examine.
    """
    began, instance = time.perf_counter(), with_headroom(instance)
    try:
        setups = enumerate_setups(instance)
    except TooManySetupsError as error:
        raise DataError([_setup_study_too_large(str(error))]) from error
    placed = enumerate_retained_setups(instance, setups)
    positions = _setup_study_positions(
        instance, setups, placed, exact_packing=exact_packing, cancel=cancel
    )
    table = SetupRows(instance, positions.size)
    if prune:
        _route_best_setups_first(
            instance,
            setups,
            positions,
            table,
            exact_packing=exact_packing,
            progress=progress,
            cancel=cancel,
        )
        return table.study(setups, positions, ~placed[positions], began, 0)
    file, key = journal or (None, "")
    header = {
        "key": key,
        "setups": int(positions.size),
        "exact_packing": exact_packing,
        "tolerance": TOLERANCE,
    }
    known = StudyJournal(file, header)
    resumed = known.read(table.put)
    _route_all_setups(
        instance, setups, positions, table, known, jobs, _Watch(began, progress, cancel)
    )
    result = table.study(setups, positions, ~placed[positions], began, resumed)
    if result.complete:
        known.remove()
    return result


@dataclass(frozen=True)
class _Watch:
    """What a long routing reports to, and what stops it."""

    began: float
    progress: Callable[[Progress], None] | None
    cancel: threading.Event | None


def _setup_study_positions(
    instance: Instance,
    setups: Setups,
    placed: np.ndarray,
    *,
    exact_packing: bool,
    cancel: threading.Event | None,
) -> np.ndarray:
    """(R,) setups to study, those of the same LLMs together: prices learnt on one help the next."""
    positions = np.flatnonzero(placed)
    if exact_packing:
        others = np.flatnonzero(~placed)
        packable = [k for k in others if _setup_study_fits(instance, setups, int(k), cancel)]
        positions = np.sort(np.concatenate([positions, np.array(packable, dtype=int)]))
    return positions[np.argsort(setups.llms()[positions], kind="stable")]


def _route_all_setups(
    instance: Instance,
    setups: Setups,
    positions: np.ndarray,
    table: "SetupRows",
    journal: StudyJournal,
    jobs: int,
    watch: _Watch,
) -> None:
    """Route what the journal did not hold, in chunks over processes."""
    waiting = np.flatnonzero(table.status == STATUSES.index(SetupStatus.NOT_ROUTED))
    resumed = positions.size - waiting.size
    chunks = [waiting[first : first + CHUNK] for first in range(0, waiting.size, CHUNK)]
    work = [(rows, [setups.deployed(int(positions[row])) for row in rows]) for rows in chunks]
    done, started = 0, time.perf_counter()
    jobs = 1 if not jobs and waiting.size < FEW else jobs
    for rows, routed in spread_over_processes(
        _route_studied_setup, work, jobs, watch.cancel, _begin, (instance,)
    ):
        table.put(rows, routed)
        journal.write(rows, routed)
        done += len(rows)
        if watch.progress is not None:
            now = time.perf_counter()
            left = (now - started) / done * (waiting.size - done)
            phase = f"{done + resumed:,} of {positions.size:,} setups routed, {left:.0f} s left"
            watch.progress(Progress(now - watch.began, phase, table.best()))


def setup_study_progress(
    progress: Callable[[Progress], None] | None,
) -> Callable[[str, float | None, float | None, float], None] | None:
    """Progress of the decomposition (phase, value, bound, share of the setups settled) as
    `Progress` records.
    """
    if progress is None:
        return None
    began = time.perf_counter()
    return lambda phase, value, bound, share: progress(
        Progress(
            time.perf_counter() - began,
            f"{phase}, {100 * share:.1f} % settled",
            value,
            bound if bound is not None and np.isfinite(bound) else None,
        )
    )


def _setup_study_too_large(why: str) -> Fault:
    fix = (
        "narrow setups.tp_degrees or setups.mps_shares_pct, set max_replicas, or raise"
        " setups.min_gpu_utilization_pct"
    )
    return Fault("scenario", "setups", "", f"too many setups to study one by one: {why}", fix)


def _setup_study_fits(
    instance: Instance, setups: Setups, setup: int, cancel: threading.Event | None
) -> bool:
    """Whether exhaustive packing places what first fit does not; what cannot be decided counts as
    not placed.
    """
    cancelled = cancel is not None and cancel.is_set()
    return not cancelled and decide_packing(instance, setups.deployed(setup)).placed


def _route_best_setups_first(
    instance: Instance,
    setups: Setups,
    positions: np.ndarray,
    table: SetupRows,
    *,
    exact_packing: bool,
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> None:
    """Route by bounds, the best setup first; what was never routed is pruned, or was left by an
    interrupt.
    """
    row_of = {int(position): row for row, position in enumerate(positions)}

    def keep(setup: int, routed: RoutingResult) -> None:
        if setup in row_of:
            table.put([row_of[setup]], [routed])

    best = best_setup(
        instance,
        tolerance=TOLERANCE * table.span,
        exact_packing=exact_packing,
        progress=setup_study_progress(progress),
        cancel=cancel,
        setups=setups,
        keep=keep,
    )
    if best.complete:
        table.status[table.status == STATUSES.index(SetupStatus.NOT_ROUTED)] = STATUSES.index(
            SetupStatus.PRUNED
        )


# ---------------------------------------------------------------- processes

_road: DecompositionState | None = None


def _begin(instance: Instance) -> None:
    global _road
    _road = DecompositionState(instance)


def _route_studied_setup(
    work: tuple[np.ndarray, list[Config]],
) -> tuple[np.ndarray, list[RoutingResult]]:
    assert _road is not None  # noqa: S101 - set when the process began
    tolerance = TOLERANCE * _road.prompts.span
    return work[0], [
        route_setup_by_policies(_road, deployed, tolerance, most_nodes=MOST_NODES)
        for deployed in work[1]
    ]
