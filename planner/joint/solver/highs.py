"""The border to highspy (this file and live_lp.py): arrays in, a small typed answer out.

Every option is set with its return checked; a fresh `Highs` object per mixed-integer solve. A solve
stops within a fraction of a second when the `threading.Event` is set, with incumbent and bound, or
without either where HiGHS does not hear it (planner.stoppable_run).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import highspy
import numpy as np

from models.linear import LinearProgram
from planner.stoppable_run import run_is_left


class SolverError(RuntimeError):
    """HiGHS refused an option or a program, or ended in an unknown state: a bug, not a result."""


VERSION = (
    f"{highspy.HIGHS_VERSION_MAJOR}.{highspy.HIGHS_VERSION_MINOR}.{highspy.HIGHS_VERSION_PATCH}"
)


class StopReason(StrEnum):
    """Why HiGHS stopped.

    NODES: the limit of nodes. TARGET: a plan or a bound as good as was wanted. UNDECIDED: numerical
    trouble, nothing is proved.
    """

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIME = "time"
    INTERRUPT = "interrupt"
    NODES = "nodes"
    TARGET = "target"
    ITERATIONS = "iterations"
    UNDECIDED = "undecided"


_STOPPED = {
    "kTimeLimit": StopReason.TIME,
    "kIterationLimit": StopReason.ITERATIONS,
    "kInterrupt": StopReason.INTERRUPT,
    "kHighsInterrupt": StopReason.INTERRUPT,
    "kSolutionLimit": StopReason.NODES,
    "kObjectiveTarget": StopReason.TARGET,
    "kObjectiveBound": StopReason.TARGET,
    "kUnknown": StopReason.UNDECIDED,
    "kSolveError": StopReason.UNDECIDED,
}
"""Names of HiGHS's model status, some of which only newer versions know."""

QUICK: dict[str, bool | int | float | str] = {
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_allow_restart": False,
}
"""Sub-MIP heuristics and root restarts cost these small, tightly bounded programs 3 to 6 times
their solve time (HiGHS 1.16).

Programs that are not closed soon get them back.
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Why the solver stopped, apart from what it holds. value, bound: of the minimisation.

    x: (C,) or None. row_dual, column_dual: of an LP only.
    """

    stop: StopReason
    value: float
    bound: float
    x: np.ndarray | None
    row_dual: np.ndarray | None = None
    column_dual: np.ndarray | None = None
    nodes: int = 0
    seconds: float = 0.0


@dataclass(kw_only=True)
class SolveSettings:
    """How to solve.

    threads, seed; absolute gap and target of the minimisation; cutoff: points of larger values are
    of no interest; time limit in seconds; quick: see QUICK; shifting: round relaxations by
    shifting, where any good plan will do; nodes: a limit that does not depend on the machine.
    """

    threads: int = 1
    seed: int = 0
    abs_gap: float = 0.0
    rel_gap: float = 0.0
    target: float = -np.inf
    cutoff: float = np.inf
    time_limit: float = np.inf
    presolve: bool = True
    quick: bool = True
    shifting: bool = False
    nodes: int | None = None
    cancel: threading.Event | None = None
    progress: Callable[[float, float], None] | None = None


def solve_with_highs(program: LinearProgram, settings: SolveSettings) -> Answer:
    """Solve a mixed-integer program from scratch. Raises SolverError when HiGHS fails.

    A fresh object each time: after an interrupt the old one is spent, and its dual bound reads 0.0
    after a later solve of an LP (HiGHS 1.16).
    """
    began = time.perf_counter()
    highs = new_highs_solver(settings)
    set_highs_options(highs, **_options_of_solve(settings))
    pass_program_to_highs(highs, program)
    subscribe_to_highs(highs, settings)
    if run_is_left(lambda: run_highs(highs), settings.time_limit, settings.cancel):
        is_cancelled = settings.cancel is not None and settings.cancel.is_set()
        return Answer(
            stop=StopReason.INTERRUPT if is_cancelled else StopReason.TIME,
            value=np.inf,
            bound=-np.inf,
            x=None,
            seconds=time.perf_counter() - began,
        )
    status, info = highs.getModelStatus(), highs.getInfo()
    stop = highs_stop_reason(status)
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    whole = bool(program.integer.any())
    solution = highs.getSolution()
    x = np.array(solution.col_value) if has_solution else None
    value = float(info.objective_function_value) if has_solution else np.inf
    bound = (
        float(info.mip_dual_bound) if whole else (value if stop is StopReason.OPTIMAL else -np.inf)
    )
    # HiGHS 1.16.0 returned the optimum's value with the point of a start (seen with presolve).
    if x is not None and abs(float(program.cost @ x) + program.offset - value) > 1e-5 * max(
        1.0, abs(value)
    ):
        raise SolverError(
            f"HiGHS {VERSION} returns the value {value}, its point has"
            f" {float(program.cost @ x) + program.offset}"
        )
    if stop is StopReason.INFEASIBLE:
        bound = np.inf
    elif whole:
        # HiGHS takes its best point for the bound once nothing below the cutoff is left, also where
        # that point lies above it.
        bound = min(bound, settings.cutoff)
    return Answer(
        stop=stop,
        value=value,
        bound=bound,
        x=x,
        row_dual=None,
        column_dual=None,
        nodes=int(info.mip_node_count) if whole else 0,
        seconds=time.perf_counter() - began,
    )


def _options_of_solve(settings: SolveSettings) -> dict[str, bool | int | float | str]:
    """HiGHS's options of one mixed-integer solve."""
    options: dict[str, bool | int | float | str] = {
        "mip_abs_gap": max(settings.abs_gap, 0.0),
        "mip_rel_gap": max(settings.rel_gap, 0.0),
        "presolve": "on" if settings.presolve else "off",
    }
    if settings.quick:
        options |= QUICK
    if settings.shifting:
        options["mip_heuristic_run_shifting"] = True
    if settings.nodes is not None:
        options["mip_max_nodes"] = settings.nodes
    if np.isfinite(settings.time_limit):
        options["time_limit"] = max(settings.time_limit, 0.01)
    if np.isfinite(settings.target):
        options["objective_target"] = settings.target
    if np.isfinite(settings.cutoff):
        options["objective_bound"] = settings.cutoff
    return options


def write_highs_program(program: LinearProgram, path: Path) -> None:
    """Write a program as MPS or LP, by the ending of the path; SolverError when HiGHS does not."""
    highs = new_highs_solver(SolveSettings())
    pass_program_to_highs(highs, program)
    # A warning is as bad as an error here: HiGHS 1.16 replaces all names by c0, c1 .. when one of
    # them has a character that the format does not allow, and goes on.
    if highs.writeModel(str(path)) != highspy.HighsStatus.kOk:
        raise SolverError(f"HiGHS {VERSION} could not write {path} as it is")


class _QuietHighs(highspy.Highs):
    """Highs whose console log is off before callbacks are enabled: HiGHS 1.16 prints its banner to
    standard output at that moment.
    """

    def __init__(self) -> None:
        highspy._core._Highs.__init__(self)
        set_highs_options(self, log_to_console=False)
        kinds = range(int(highspy.cb.HighsCallbackType.kCallbackMax) + 1)
        self.callbacks = [
            highspy.HighsCallback(highspy.cb.HighsCallbackType(kind), self) for kind in kinds
        ]
        self.enableCallbacks()


def new_highs_solver(settings: SolveSettings) -> highspy.Highs:
    """A fresh solver object, silent, with threads and seed."""
    highs = _QuietHighs()
    set_highs_options(highs, threads=settings.threads)
    set_highs_options(highs, random_seed=settings.seed)
    return highs


def set_highs_options(highs: highspy.Highs, **options: bool | int | float | str) -> None:
    """Set options; HiGHS reports a misspelt one by its return value only."""
    for option, value in options.items():
        if highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"HiGHS {VERSION} does not take option {option} = {value!r}")


def run_highs(highs: highspy.Highs) -> None:
    """Run HiGHS; SolverError when it fails.

    HiGHS 1.16.0 has one pool of threads a process and refuses to run with another number of
    `threads` than the pool was started with, be it by an earlier plan or by other code that uses
    HiGHS (a notebook). The pool is then restarted once: any other failure is returned.
    """
    status = highs.run()
    if status == highspy.HighsStatus.kError:
        highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003 - it knows no keyword
        status = highs.run()
    check_call(status, "run")


def check_call(status: highspy.HighsStatus, call: str) -> None:
    """Raise SolverError where a call failed."""
    if status == highspy.HighsStatus.kError:
        raise SolverError(f"HiGHS {VERSION} failed in {call}")


def highs_stop_reason(status: highspy.HighsModelStatus) -> StopReason:
    """What a model status means; SolverError for one that is not known."""
    if status == highspy.HighsModelStatus.kOptimal:
        return StopReason.OPTIMAL
    if status == highspy.HighsModelStatus.kModelEmpty:
        return StopReason.OPTIMAL
    if status == highspy.HighsModelStatus.kInfeasible:
        return StopReason.INFEASIBLE
    if status in (
        highspy.HighsModelStatus.kUnbounded,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return StopReason.UNBOUNDED
    if status.name in _STOPPED:
        return _STOPPED[status.name]
    raise SolverError(f"HiGHS {VERSION} ended in state {status}")


def pass_program_to_highs(highs: highspy.Highs, program: LinearProgram) -> None:
    """Hand a program over, names included where it has them."""
    lp = highspy.HighsLp()
    rows, columns = program.shape
    lp.num_row_, lp.num_col_ = rows, columns
    lp.offset_ = program.offset
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.low, program.high
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    matrix = program.matrix
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = rows, columns
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data.astype(float)
    if program.integer.any():
        kind = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kind[int(flag)] for flag in program.integer]
    lp.row_names_, lp.col_names_ = program.row_names, program.column_names
    check_call(highs.passModel(lp), "passModel")


def subscribe_to_highs(highs: highspy.Highs, settings: SolveSettings) -> None:
    """Poll the cancel event, and report incumbent and bound as they improve."""
    cancel, progress = settings.cancel, settings.progress
    if cancel is not None:

        def poll(event: highspy.HighsCallbackEvent) -> None:
            if cancel.is_set():
                event.interrupt()

        highs.cbMipInterrupt.subscribe(poll)
        highs.cbSimplexInterrupt.subscribe(poll)
    if progress is not None:

        def report(event: highspy.HighsCallbackEvent) -> None:
            progress(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)

        highs.cbMipLogging.subscribe(report)
