"""The joint plan compared with simpler ways of deciding: definitions in docs/baselines.md.

    equal split, size-proportional      planner.studies.baselines.splits
    isolated                            planner.studies.baselines.isolated
    best single LLM                     planner.studies.baselines.single_llm
    two-stage, best and median guess    planner.studies.baselines.two_stage
    cascade                             planner.studies.baselines.cascade
    PORT                                planner.studies.baselines.port

Every baseline gets its best variant, its best setup and its best routing by the same search as the
joint plan, on the same curves, scores and GPUs, and is checked by the same verifier. The gain of
the joint plan, in the objective's unit and in per cent of the baseline's value,

    gain = joint value - baseline's value   (quality)         saving = baseline's cost - joint cost
                                            (cost)

is given for baselines that keep the SLOs. Within the gap of the search the two tie, and the
table says so. A baseline that Ctrl-C or the time limit ended has no value: what it had until then
is worse than the baseline is, and would flatter the joint plan.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.demand.headroom import with_headroom
from models.quality import Quality
from planner.errors import VerificationError
from planner.joint import solve as joint
from planner.plans.plan_content import build_plan_content
from planner.plans.record import Plan
from planner.scenario.assemble import LoadResult
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.studies.baselines.cascade import cascade_baseline
from planner.studies.baselines.isolated import isolated_baseline
from planner.studies.baselines.port import port_baseline
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import BaselineResult, BaselineSolver
from planner.studies.baselines.splits import split_baseline
from planner.studies.baselines.two_stage import BEST_GUESS, MEDIAN_GUESS, two_stage_baseline
from profiles.catalogue import load_catalogue_llms

__all__ = ["NAMES", "TWO_STAGE", "BaselineComparison", "compare_baselines"]

DIVIDED = ("equal split", "size-proportional")
"""Their deployments are those on which PORT routes."""
TWO_STAGE = (BEST_GUESS, MEDIAN_GUESS)
NAMES = (*DIVIDED, "isolated", *TWO_STAGE, "best single LLM", "cascade", "PORT")
LEGAL = (*DIVIDED, "isolated", *TWO_STAGE, "PORT")
"""Their plans are plans of the scenario, so none can be better than the joint bound."""

JOINT = "joint plan"
BEYOND = 1e-6
"""Part of the range of scores (or of the cost) by which rounding may put a plan beyond the bound.
"""


@dataclass(frozen=True)
class BaselineComparison:
    """plan: the joint plan.

    attempts: one per baseline in the order of NAMES, none where the joint plan has no setup.

    rel_gap: of the search. score_range: largest less smallest score. interrupted: whether
    Ctrl-C or the time limit cut it short: some baselines are unfinished.
    """

    plan: Plan
    attempts: tuple[BaselineResult, ...]
    rel_gap: float
    score_range: float
    interrupted: bool = False

    @property
    def of_cost(self) -> bool:
        """Whether costs are compared, at the required quality."""
        return bool(self.plan.content["objective"]["of"] == "cost")

    def gain(self, attempt: BaselineResult) -> float | None:
        """What the joint plan gains (score units, or USD/h saved); None where the baseline has no
        plan or misses the SLOs.
        """
        mine = self.plan.content["objective"]["value"]
        if not attempt.met or attempt.value is None or mine is None:
            return None
        return float(attempt.value - mine if self.of_cost else mine - attempt.value)

    def tolerance(self, value: float) -> float:
        """Differences up to this are ties, within the gap of the search."""
        return max(
            self.rel_gap * abs(value), 0.0 if self.of_cost else CLOSE_ENOUGH * self.score_range
        )

    def ties(self, attempt: BaselineResult) -> bool:
        """Whether the baseline is as good as the joint plan, as far as the gap shows."""
        gain = self.gain(attempt)
        return gain is not None and abs(gain) <= self.tolerance(float(attempt.value or 0.0))


def compare_baselines(
    loaded: LoadResult,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> BaselineComparison:
    """Plan jointly, then try every baseline.

    VerificationError when a plan fails its check or a baseline beats the bound.
    """
    instance = loaded.instance
    quality = Quality(instance.scores)
    solution = joint.solve_joint(
        instance, settings, progress=progress, cancel=cancel, quality=quality
    )
    plan = build_plan_content(loaded, solution, settings, {})
    comparison = BaselineComparison(
        plan, (), settings.rel_gap, float(np.ptp(instance.scores.values))
    )
    solver = BaselineSolver(
        settings=settings,
        quality=quality,
        cancel=cancel,
        progress=progress,
        so_far=(solution.value, solution.bound),
    )
    if not solution.has_plan:
        return replace(comparison, interrupted=solver.interrupted())
    # Whoever decides more simply has the same headroom to keep.
    attempts = _compared_attempts(solver, replace(loaded, instance=with_headroom(loaded.instance)))
    for attempt in attempts:
        _check_compared_bound(comparison, attempt)
    cut_short = solver.interrupted() or any(attempt.unfinished for attempt in attempts)
    return replace(comparison, attempts=tuple(attempts), interrupted=cut_short)


def _compared_attempts(solver: BaselineSolver, loaded: LoadResult) -> list[BaselineResult]:
    """All baselines, in the order of NAMES."""
    instance = loaded.instance
    sizes, basis = llm_sizes_for_comparison(loaded)
    found: list[BaselineResult] = []

    def attempt(names: Sequence[str], make: Callable[[], Sequence[BaselineResult]]) -> None:
        found.extend(_tried_for_comparison(solver, names, make))

    attempt(
        DIVIDED[:1],
        lambda: [split_baseline(solver, instance, DIVIDED[0], np.ones(sizes.size), sizes)],
    )
    attempt(
        DIVIDED[1:],
        lambda: [_based_on(basis, split_baseline(solver, instance, DIVIDED[1], sizes, sizes))],
    )
    attempt(["isolated"], lambda: [isolated_baseline(solver, instance)])
    attempt(TWO_STAGE, lambda: two_stage_baseline(solver, instance))
    attempt(["best single LLM"], lambda: [single_llm_baseline(solver, instance)])
    attempt(["cascade"], lambda: [cascade_baseline(solver, instance, sizes)])
    attempt(["PORT"], lambda: [port_baseline(solver, instance, found[: len(DIVIDED)])])
    return found


def _tried_for_comparison(
    solver: BaselineSolver, names: Sequence[str], make: Callable[[], Sequence[BaselineResult]]
) -> Sequence[BaselineResult]:
    """The results of one baseline; after Ctrl-C those left are marked as not tried."""
    if solver.interrupted():
        reason = "unfinished: stopped before it was tried"
        return [
            BaselineResult(name=name, variant="", reason=reason, unfinished=True) for name in names
        ]
    solver.begin(names[0])
    results = make()
    return [_unfinished(solver, one) for one in results] if solver.unfinished() else results


def _unfinished(solver: BaselineSolver, result: BaselineResult) -> BaselineResult:
    """A result without its numbers: not those of the baseline."""
    why = (
        "stopped"
        if solver.interrupted()
        else f"the time limit of {solver.settings.time_limit:g} s ended one of its solves"
    )
    so_far = "" if result.value is None or not result.met else f"; until then {result.value:.5g}"
    return BaselineResult(
        name=result.name,
        variant=result.variant,
        reason=f"unfinished: {why}{so_far}",
        unfinished=True,
    )


def _based_on(basis: str, attempt: BaselineResult) -> BaselineResult:
    return replace(attempt, notes=[*attempt.notes, f"size: {basis}"])


def llm_sizes_for_comparison(loaded: LoadResult) -> tuple[np.ndarray, str]:
    """(M,) sizes of the LLMs in GiB of weights, and where they come from: all of one kind, so that
    they compare.
    """
    known = [
        llm.weights_gib or getattr(load_catalogue_llms().get(llm.name), "weights_gib_16bit", None)
        for llm in loaded.scenario.spec.llms
    ]
    if all(known):
        return (
            np.array(known, dtype=float),
            "weights_gib of the scenario, else 16-bit weights of the catalogue",
        )
    sizes = np.full(len(known), np.inf)
    for option in loaded.instance.options:
        sizes[option.llm] = min(sizes[option.llm], option.tp_degree * option.memory)
    return (
        np.where(np.isfinite(sizes), sizes, sizes[np.isfinite(sizes)].max()),
        "least memory of a replica, as not all weights are known",
    )


def _check_compared_bound(comparison: BaselineComparison, attempt: BaselineResult) -> None:
    """A plan of the scenario better than what the joint search proved to be the best possible is a
    bug.
    """
    bound = comparison.plan.content["objective"]["bound"]
    if attempt.name not in LEGAL or not attempt.met or attempt.value is None or bound is None:
        return
    beyond = bound - attempt.value if comparison.of_cost else attempt.value - bound
    if beyond > BEYOND * (abs(bound) if comparison.of_cost else comparison.score_range):
        raise VerificationError(
            [
                f"{attempt.name}: its value {attempt.value:.9g} is better than the joint bound"
                f" {bound:.9g}"
            ]
        )
