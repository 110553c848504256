"""What the prices of a plan do on prompts that they were not computed on: fractions, quality,
latency, and what is gained or lost by it.

The router (`models.router`) gets the plan's prices, or with `split` those computed for the plan's
setup on one part of the prompts, and sends the prompts of the sample (with `split`: of the other
part). y_i(x) is the share of prompt x that LLM i gets, ties in expectation; w_x the weights (sum
1), t_i(x) what an answer is worth: its grade, or without grades its score.

    fractions     f_i = sum_x w_x y_i(x)                       latencies and limits at these:
                  `route_load`
    quality       sum_x w_x sum_i y_i(x) t_i(x)

Beside it, on the same prompts:

    refitted      prices computed on these very prompts, for the same setup and limits: what stale
                  prices cost
    corrected     the same prices after the router's own correction by load has settled: what a
                  gateway gets without planning again
    at random     the same fractions, prompts drawn: what knowing the prompt is worth
    single        one LLM for everything: the best that these GPUs can serve within the SLOs, in a
                  setup of its own; the best, load ignored
    true grades   prices computed on the grades, same setup and limits: no router does better there
                  (only with grades)
    best answer   the best LLM of every prompt, load ignored

Differences are paired by prompt: d = sum_x w_x d_x with the standard error sqrt(n / (n - 1) sum_x
w_x^2 (d_x - d)^2), for given prices; within 1.96 of it they are called noise. For the random one
d_x = sum_i (y_i(x) - f_i) (t_i(x) - mean t_i), as its fractions are the router's own. Single LLMs
are chosen where the prices were computed; without `split` that is in hindsight, which favours them.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.instance import ObjectiveKind
from models.quality import Quality
from models.router import Router
from planner.errors import NoPlanInTimeError
from planner.operation.fixed_setup import FixedSetup
from planner.operation.replica_loads import LimitCheck, ReplicaLoads, judge_limits
from planner.operation.router_policy import load_correction, routing_policy
from planner.operation.samples import Sample, split_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.schema import SolvedContent
from planner.settings import Progress, Settings
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import BaselineSolver
from profiles.records import Scores

__all__ = [
    "ALONE",
    "CORRECTED",
    "NORMAL_975",
    "RANDOM",
    "SERVED",
    "TRUE",
    "Evaluation",
    "PromptRouting",
    "RoutingComparison",
    "evaluate_routing",
    "worst_verdict",
]

NORMAL_975 = 1.96

KEPT = {"holds": "kept", "uncertain": "open", "misses": "not kept"}
"""Verdicts from good to bad, and how a routing's limits are called."""

ROUTER, REFITTED, RANDOM = "router", "prices refitted to these prompts", "same fractions at random"
CORRECTED = "prices corrected by load"
SETTLED, MOST_INTERVALS = 1e-3, 200
"""The correction has settled when every fraction is within 0.1 % of all prompts of the planned one;
it gets so many intervals.
"""
SERVED, ALONE = "best single LLM that can serve it", "best single LLM, load ignored"
TRUE, BEST = "true grades, same limits", "best answer, load ignored"


@dataclass(frozen=True, kw_only=True)
class PromptRouting:
    """One way to send the prompts.

    name, note: words. fractions: (M,). predicted, worth: mean score and mean of the truth.

    limits: kept | open | not kept, "" where the load is ignored. of_prompt: (N,) sum_i y_i t_i.
    """

    name: str
    note: str
    fractions: np.ndarray
    predicted: float
    worth: float
    limits: str
    of_prompt: np.ndarray


@dataclass(frozen=True)
class RoutingComparison:
    """The router less another routing: difference of worth, its standard error, and better | worse
    | within noise.
    """

    against: str
    difference: float
    error: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """routings: the router first.

    planned: (M,) fractions that the prices were computed for; by_id: (M,) with ties decided by
    prompt id.

    fitted: prompts that the prices were computed on where they were split, else None. interval: (M,
    2) of the fractions, 95 %.
    notes: what could not be computed. arrival_rate: req/s.
    """

    sample: Sample
    fitted: int | None
    arrival_rate: float
    planned: np.ndarray
    by_id: np.ndarray
    interval: np.ndarray
    routings: tuple[PromptRouting, ...]
    limits: tuple[LimitCheck, ...]
    comparisons: tuple[RoutingComparison, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def verdict(self) -> str:
        """The worst of the limits' verdicts."""
        return worst_verdict(self.limits)


def worst_verdict(limits: Sequence[LimitCheck]) -> str:
    """The worst verdict."""
    return max((limit.verdict for limit in limits), key=tuple(KEPT).index)


def evaluate_routing(
    source: PlanAndScenario,
    sample: Sample,
    settings: Settings,
    *,
    split: float | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Evaluation:
    """Put the plan's prices to the test on a sample.

    split: compute prices on this share of it and test on the rest; seed: of all draws.

    The plan must have a setup (`Plan.demand_setup`). DataError for a split that leaves nothing;
    NoPlanInTimeError when cancelled, and where no routing of the setup for these prompts came out.
    """
    began = time.perf_counter()

    def report(phase: str) -> None:
        if cancel is not None and cancel.is_set():
            raise NoPlanInTimeError("stopped before the prompts were routed")
        if progress is not None:
            progress(Progress(time.perf_counter() - began, phase))

    report("prices")
    setup, content = FixedSetup(source), source.plan.demand_setup().content
    fitted, tested = (sample, sample) if split is None else split_sample(sample, split, seed)
    if split is not None:
        content = {**content, **_rerouted(setup, fitted.scores)}
    router, loads = (
        Router(routing_policy(content, setup.instance.arrival_rate)),
        ReplicaLoads(setup, content),
    )
    shares = _shares(router, tested.scores)
    planned = np.array([content["routing"][llm] for llm in tested.scores.llms])
    limits, interval = judge_limits(
        loads, planned, shares, tested.scores.weights, np.random.default_rng([seed, 1])
    )
    first = _routing(ROUTER, "", shares, tested, KEPT[worst_verdict(limits)])
    corrected, intervals = _corrected(content, setup, loads, planned, tested, seed)
    routings = [first, corrected, *_refitted(setup, tested), _at_random(first, tested)]
    report("the best single LLM")
    served, notes = _served(
        source,
        fitted,
        tested,
        BaselineSolver(
            settings=settings, quality=Quality(fitted.truth), cancel=cancel, progress=progress
        ),
    )
    report("done")
    routings += [*served, _alone(fitted, tested), _best_answers(tested)]
    return Evaluation(
        sample=tested,
        fitted=None if split is None else fitted.prompts,
        arrival_rate=setup.instance.arrival_rate,
        planned=planned,
        by_id=_by_id(router, tested.scores),
        interval=interval,
        routings=tuple(routings),
        limits=limits,
        comparisons=tuple(_compared(first, other, tested, shares) for other in routings[1:]),
        notes=(*intervals, *notes),
        seconds=time.perf_counter() - began,
    )


def _rerouted(setup: FixedSetup, scores: Scores) -> SolvedContent:
    """The best routing of the setup for these scores."""
    rerouted = setup.reroute(scores=scores)
    if rerouted.content is None:
        raise NoPlanInTimeError("no routing of the plan's setup was found on these prompts")
    return rerouted.content


def _shares(router: Router, scores: Scores) -> np.ndarray:
    """(M, N) of all LLMs in the order of the scores."""
    shares = np.zeros(scores.values.shape)
    shares[[scores.llms.index(llm) for llm in router.llms]] = router.shares(
        dict(zip(scores.llms, scores.values, strict=True))
    )
    return shares


def _by_id(router: Router, scores: Scores) -> np.ndarray:
    """(M,) fractions when every prompt goes to one LLM, as its id decides."""
    chosen = router.choose_many(
        dict(zip(scores.llms, scores.values, strict=True)), scores.prompt_ids
    )
    of = np.array([scores.llms.index(llm) for llm in router.llms])
    return np.bincount(of[chosen], scores.weights, len(scores.llms))


# ---------------------------------------------------------------- other ways to send the prompts


def _routing(
    name: str, note: str, shares: np.ndarray, sample: Sample, limits: str
) -> PromptRouting:
    weights = sample.scores.weights
    of_prompt = (shares * sample.truth.values).sum(axis=0)
    predicted = float((shares * sample.scores.values).sum(axis=0) @ weights)
    return PromptRouting(
        name=name,
        note=note,
        fractions=shares @ weights,
        predicted=predicted,
        worth=float(of_prompt @ weights),
        limits=limits,
        of_prompt=of_prompt,
    )


def _refitted(setup: FixedSetup, tested: Sample) -> list[PromptRouting]:
    """The setup's best routing on these very prompts: by scores, and by grades where there are."""
    routings = []
    for name, by in ((REFITTED, tested.scores), (TRUE, tested.truth)):
        if name == REFITTED or tested.graded:
            router = Router(routing_policy(_rerouted(setup, by), setup.instance.arrival_rate))
            routings.append(_routing(name, "", _shares(router, by), tested, KEPT["holds"]))
    return routings


def _corrected(
    content: SolvedContent,
    setup: FixedSetup,
    loads: ReplicaLoads,
    planned: np.ndarray,
    tested: Sample,
    seed: int,
) -> tuple[PromptRouting, list[str]]:
    """The router after correcting its prices by load, counts without noise; and how long that
    took.
    """
    scores, used = tested.scores, tested.scores.weights > 0
    correction = load_correction(float(np.ptp(scores.values[:, used])))
    router = Router(
        {**routing_policy(content, setup.instance.arrival_rate), "correction": correction}
    )
    intervals, shares = 0, _shares(router, scores)
    while (
        correction
        and intervals < MOST_INTERVALS
        and np.abs(shares @ scores.weights - planned).max() > SETTLED
    ):
        realised = dict(zip(scores.llms, shares @ scores.weights, strict=True))
        router.correct({llm: float(realised[llm]) for llm in router.llms})
        intervals, shares = intervals + 1, _shares(router, scores)
    limits, _ = judge_limits(
        loads, planned, shares, scores.weights, np.random.default_rng([seed, 1])
    )
    note = (
        f"The router's correction by load brings the fractions to within {100 * SETTLED:g} % of all"
        f" prompts in {intervals} intervals."
    )
    if intervals == MOST_INTERVALS:
        note = (
            f"The router's correction by load did not bring the fractions back in {MOST_INTERVALS}"
            " intervals."
        )
    return _routing(CORRECTED, "", shares, tested, KEPT[worst_verdict(limits)]), [
        note
    ] if intervals else []


def _at_random(first: PromptRouting, tested: Sample) -> PromptRouting:
    shares = np.repeat(first.fractions[:, None], tested.scores.weights.size, axis=1)
    return _routing(RANDOM, "", shares, tested, first.limits)


def _served(
    source: PlanAndScenario, fitted: Sample, tested: Sample, solver: BaselineSolver
) -> tuple[list[PromptRouting], list[str]]:
    """The best single LLM that the scenario's GPUs can serve within the SLOs; none, and why, where
    there is none.
    """
    instance = replace(
        source.loaded.instance,
        scores=fitted.truth,
        objective=ObjectiveKind.QUALITY,
        quality_floor=None,
    )
    solver.begin("the best single LLM")
    attempt = single_llm_baseline(solver, instance)
    if not attempt.met:
        return [], ["no single LLM can serve the rate within the SLOs on these GPUs"]
    return [_single(SERVED, tested.scores.llms.index(attempt.variant), tested, KEPT["holds"])], []


def _alone(fitted: Sample, tested: Sample) -> PromptRouting:
    """The best LLM by its mean, whether it can be served or not."""
    return _single(ALONE, int(np.argmax(fitted.truth.values @ fitted.truth.weights)), tested, "")


def _single(name: str, llm: int, tested: Sample, limits: str) -> PromptRouting:
    shares = np.zeros(tested.scores.values.shape)
    shares[llm] = 1.0
    return _routing(name, tested.scores.llms[llm], shares, tested, limits)


def _best_answers(tested: Sample) -> PromptRouting:
    """The best LLM of every prompt, equal ones sharing it."""
    top = tested.truth.values == tested.truth.values.max(axis=0)
    return _routing(BEST, "", top / top.sum(axis=0), tested, "")


def _compared(
    first: PromptRouting, other: PromptRouting, tested: Sample, shares: np.ndarray
) -> RoutingComparison:
    """The router less another routing, paired by prompt."""
    weights, truth = tested.scores.weights, tested.truth.values
    difference = first.worth - other.worth
    if other.name == RANDOM:
        of_prompt = (
            (shares - first.fractions[:, None]) * (truth - (truth @ weights)[:, None])
        ).sum(axis=0)
    else:
        of_prompt = first.of_prompt - other.of_prompt
    n = tested.prompts
    error = (
        float(np.sqrt(n / max(n - 1, 1) * (weights**2 @ (of_prompt - difference) ** 2)))
        if n > 1
        else float("inf")
    )
    dust = 1e-12 * (float(np.abs(truth).max()) or 1.0)
    verdict = (
        "within noise"
        if abs(difference) <= max(NORMAL_975 * error, dust)
        else "better"
        if difference > 0
        else "worse"
    )
    return RoutingComparison(other.name, difference, error, verdict)
