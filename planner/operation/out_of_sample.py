"""What the prices of a plan do on prompts that they were not computed on: fractions, quality,
latency, and what is gained or lost by it.

The router (`models.router`) gets the plan's prices, or with `split` those computed for the plan's
setup on one part of the prompts, and sends the prompts of the sample (with `split`: of the other
part). y_i(x) is the share of prompt x that LLM i gets, ties in expectation; w_x the weights (sum
1), t_i(x) the value of an answer: its grade, or without grades its score.

    fractions     f_i = sum_x w_x y_i(x)                latencies and limits at these:
                                                        `planner.operation.replica_loads`
    quality       sum_x w_x sum_i y_i(x) t_i(x)

It is compared with other ways to send the same prompts (`planner.operation.prompt_routing`).
Differences are paired by prompt: d = sum_x w_x d_x with the standard error sqrt(n / (n - 1) sum_x
w_x^2 (d_x - d)^2), for given prices; within 1.96 of it they are called noise. For the random one
d_x = sum_i (y_i(x) - f_i) (t_i(x) - mean t_i), as its fractions are the router's own. Single LLMs
are chosen where the prices were computed; without `split` that is in hindsight, which favours them.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.quality import Quality
from models.router import Router
from planner.errors import NoPlanInTimeError
from planner.operation.fixed_setup import FixedSetup
from planner.operation.prompt_routing import (
    KEPT,
    RANDOM,
    ROUTER,
    PromptRouting,
    best_alone,
    best_answers,
    corrected_prompt_routing,
    prompt_routing_of,
    prompt_shares_routed,
    random_routing,
    refitted_prompt_routings,
    rerouted_prompts_content,
    served_prompt_routings,
    worst_verdict,
)
from planner.operation.replica_loads import LimitCheck, ReplicaLoads, judge_limits_at_loads
from planner.operation.router_policy import build_routing_policy
from planner.operation.routing_cost import RoutingCost, routing_cost_with_single_llm
from planner.operation.samples import Sample, split_sample
from planner.operation.verdicts import DifferenceVerdict, SloVerdict
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.settings import Progress, Settings
from planner.studies.baselines.solver import BaselineSolver
from profiles.records import Scores

__all__ = [
    "NORMAL_975",
    "Evaluation",
    "RoutingComparison",
    "Slack",
    "compare_out_of_sample",
    "evaluate_out_of_sample",
    "routed_by_id_out_of_sample",
]

NORMAL_975 = 1.96


@dataclass(frozen=True)
class RoutingComparison:
    """The router less another routing: difference of value and its standard error."""

    against: str
    difference: float
    error: float
    verdict: DifferenceVerdict


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Room that the noise of a sample takes, at the fullest replica, in parts of its planned load.

    needed: by how much its load exceeds the planned one at most, in 97.5 % of samples of this size;
    spare: how much it may. rate_headroom: to plan with (headroom.rate_pct) so that it is enough.
    """

    needed: float
    spare: float
    rate_headroom: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """routings: the router first.

    planned: (M,) fractions that the prices were computed for; by_id: (M,) with ties decided by
    prompt id. rate_headroom: what the plan keeps free, as a part of the rate.

    fitted: prompts that the prices were computed on where they were split, else None. interval: (M,
    2) of the fractions, 95 %.
    notes: what could not be computed. arrival_rate: req/s. cost: None where it is not known, or not
    of these prompts alone.
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
    rate_headroom: float = 0.0
    cost: RoutingCost | None = None

    @property
    def quality_error(self) -> float:
        """Standard error of the router's quality over the prompts; inf of a single one."""
        first, weights, n = self.routings[0], self.sample.scores.weights, self.sample.prompts
        if n < 2:
            return float("inf")
        return float(np.sqrt(n / (n - 1) * (weights**2 @ (first.of_prompt - first.value) ** 2)))

    @property
    def slack(self) -> Slack | None:
        """What the fullest replica needs and has; None where its load is not known."""
        fullest = self.limits[-1]
        if not (fullest.planned > 0 and np.isfinite(fullest.planned + fullest.high)):
            return None
        return Slack(
            needed=max(0.0, fullest.high / fullest.planned - 1),
            spare=max(0.0, fullest.limit / fullest.planned - 1),
            rate_headroom=max(0.0, (1 + self.rate_headroom) * fullest.high / fullest.limit - 1),
        )

    @property
    def verdict(self) -> SloVerdict:
        """The worst of the limits' verdicts."""
        return worst_verdict(self.limits)


def evaluate_out_of_sample(
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

    def report_out_of_sample(phase: str) -> None:
        if cancel is not None and cancel.is_set():
            raise NoPlanInTimeError("stopped before the prompts were routed")
        if progress is not None:
            progress(Progress(time.perf_counter() - began, phase))

    report_out_of_sample("prices")
    setup, content = FixedSetup(source), source.plan.demand_setup().content
    fitted, tested = (sample, sample) if split is None else split_sample(sample, split, seed)
    if split is not None:
        content = {**content, **rerouted_prompts_content(setup, fitted.scores)}
    policy = build_routing_policy(content, setup.instance.arrival_rate)
    router, loads = Router(policy), ReplicaLoads(setup, content)
    shares = prompt_shares_routed(router, tested.scores)
    planned = np.array([content["routing"][llm] for llm in tested.scores.llms])
    limits, interval = judge_limits_at_loads(
        loads, planned, shares, tested.scores.weights, np.random.default_rng([seed, 1])
    )
    first = prompt_routing_of(ROUTER, "", shares, tested, KEPT[worst_verdict(limits)])
    corrected, intervals = corrected_prompt_routing(policy, loads, planned, tested, seed)
    routings = [
        first,
        corrected,
        *refitted_prompt_routings(setup, tested),
        random_routing(first, tested),
    ]
    report_out_of_sample("the best single LLM")
    solver = BaselineSolver(
        settings=settings, quality=Quality(fitted.truth), cancel=cancel, progress=progress
    )
    served, notes = served_prompt_routings(source, fitted, tested, solver)
    cost = routing_cost_with_single_llm(source, served, solver)
    report_out_of_sample("done")
    routings += [*served, best_alone(fitted, tested), best_answers(tested)]
    return Evaluation(
        sample=tested,
        fitted=None if split is None else fitted.prompts,
        arrival_rate=setup.instance.arrival_rate,
        planned=planned,
        by_id=routed_by_id_out_of_sample(router, tested.scores),
        interval=interval,
        routings=tuple(routings),
        limits=limits,
        comparisons=tuple(
            compare_out_of_sample(first, other, tested, shares) for other in routings[1:]
        ),
        notes=(*intervals, *notes),
        seconds=time.perf_counter() - began,
        rate_headroom=setup.instance.headroom.rate,
        cost=cost,
    )


def routed_by_id_out_of_sample(router: Router, scores: Scores) -> np.ndarray:
    """(M,) fractions when every prompt goes to one LLM, as its id decides."""
    chosen = router.choose_many(
        dict(zip(scores.llms, scores.values, strict=True)), scores.prompt_ids
    )
    of = np.array([scores.llms.index(llm) for llm in router.llms])
    return np.bincount(of[chosen], scores.weights, len(scores.llms))


def compare_out_of_sample(
    first: PromptRouting, other: PromptRouting, tested: Sample, shares: np.ndarray
) -> RoutingComparison:
    """The router less another routing, paired by prompt."""
    weights, truth = tested.scores.weights, tested.truth.values
    difference = first.value - other.value
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
    # Differences of equal routings are rounding, whatever the standard error is.
    rounding = 1e-12 * (float(np.abs(truth).max()) or 1.0)
    verdict = DifferenceVerdict.BETTER if difference > 0 else DifferenceVerdict.WORSE
    if abs(difference) <= max(NORMAL_975 * error, rounding):
        verdict = DifferenceVerdict.NOISE
    return RoutingComparison(other.name, difference, error, verdict)
