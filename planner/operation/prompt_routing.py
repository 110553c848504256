"""Ways to send prompts: the router of a plan, and what it is compared with.

refitted      prices computed on these very prompts, for the same setup and limits: what stale
              prices cost
corrected     the same prices after the router's own correction by load has settled: what a
              gateway gets without planning again
at random     the same fractions, prompts drawn: what knowing the prompt gains
single        one LLM for everything: the best that these GPUs can serve within the SLOs, in its
              own setup; the best, load ignored
true grades   prices computed on the grades, same setup and limits: no router does better there
              (only with grades)
best answer   the best LLM of every prompt, load ignored
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.instance import ObjectiveKind
from models.router import Router
from planner.errors import NoPlanInTimeError
from planner.operation.fixed_setup import FixedSetup
from planner.operation.replica_loads import LimitCheck, LimitsAtLoads, judge_limits_at_loads
from planner.operation.router_policy import build_routing_policy, router_policy_load_correction
from planner.operation.samples import Sample
from planner.operation.verdicts import SloVerdict
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.schema import SolvedContent
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import BaselineSolver
from profiles.records import Scores

__all__ = [
    "ALONE",
    "BEST",
    "CORRECTED",
    "KEPT",
    "MOST_INTERVALS",
    "RANDOM",
    "REFITTED",
    "ROUTER",
    "SERVED",
    "SETTLED",
    "TRUE",
    "PromptRouting",
    "worst_verdict",
]


KEPT = {SloVerdict.HOLDS: "kept", SloVerdict.UNCERTAIN: "open", SloVerdict.MISSES: "not kept"}
"""Verdicts from good to bad, and how a routing's limits are called."""


ROUTER, REFITTED, RANDOM = "router", "prices refitted to these prompts", "same fractions at random"


CORRECTED = "prices corrected by load"


SETTLED, MOST_INTERVALS = 1e-3, 200
"""The correction has settled when every fraction is within 0.1 % of all prompts of the planned one;
it gets this many intervals.
"""


SERVED, ALONE = "best single LLM that can serve it", "best single LLM, load ignored"


TRUE, BEST = "true grades, same limits", "best answer, load ignored"


@dataclass(frozen=True, kw_only=True)
class PromptRouting:
    """One way to send the prompts.

    name, note: words. fractions: (M,). predicted, value: mean score and mean of the truth.

    limits: kept | open | not kept, "" where the load is ignored. of_prompt: (N,) sum_i y_i t_i.
    usd_per_h: of its own setup, where it has one with a price.
    """

    name: str
    note: str
    fractions: np.ndarray
    predicted: float
    value: float
    limits: str
    of_prompt: np.ndarray
    usd_per_h: float | None = None


def worst_verdict(limits: Sequence[LimitCheck]) -> SloVerdict:
    """The worst verdict."""
    return max((limit.verdict for limit in limits), key=tuple(KEPT).index)


def rerouted_prompts_content(setup: FixedSetup, scores: Scores) -> SolvedContent:
    """The best routing of the setup for these scores."""
    rerouted = setup.reroute(scores=scores)
    if rerouted.content is None:
        raise NoPlanInTimeError("no routing of the plan's setup was found for these prompts")
    return rerouted.content


def prompt_shares_routed(router: Router, scores: Scores) -> np.ndarray:
    """(M, N) of all LLMs in the order of the scores."""
    shares = np.zeros(scores.values.shape)
    shares[[scores.llms.index(llm) for llm in router.llms]] = router.shares(
        dict(zip(scores.llms, scores.values, strict=True))
    )
    return shares


def prompt_routing_of(
    name: str, note: str, shares: np.ndarray, sample: Sample, limits: str
) -> PromptRouting:
    """A way to send the sample's prompts.

    shares: (M, N) of every prompt; limits: a word of KEPT, "" where the load is ignored.
    """
    weights = sample.scores.weights
    of_prompt = (shares * sample.truth.values).sum(axis=0)
    predicted = float((shares * sample.scores.values).sum(axis=0) @ weights)
    return PromptRouting(
        name=name,
        note=note,
        fractions=shares @ weights,
        predicted=predicted,
        value=float(of_prompt @ weights),
        limits=limits,
        of_prompt=of_prompt,
    )


def refitted_prompt_routings(setup: FixedSetup, tested: Sample) -> list[PromptRouting]:
    """The setup's best routing on these very prompts: by scores, and by grades where there are."""
    routings = []
    for name, by in ((REFITTED, tested.scores), (TRUE, tested.truth)):
        if name == REFITTED or tested.graded:
            router = Router(
                build_routing_policy(
                    rerouted_prompts_content(setup, by), setup.instance.arrival_rate
                )
            )
            routings.append(
                prompt_routing_of(
                    name, "", prompt_shares_routed(router, by), tested, KEPT[SloVerdict.HOLDS]
                )
            )
    return routings


def corrected_prompt_routing(
    policy: Mapping[str, Any],
    loads: LimitsAtLoads,
    planned: np.ndarray,
    tested: Sample,
    seed: int,
) -> tuple[PromptRouting, list[str]]:
    """The router after correcting its prices by load, counts without noise; and how long that
    took. policy: content of router_policy.json.
    """
    scores, used = tested.scores, tested.scores.weights > 0
    correction = router_policy_load_correction(float(np.ptp(scores.values[:, used])))
    router = Router({**policy, "correction": correction})
    intervals, shares = 0, prompt_shares_routed(router, scores)
    while (
        correction
        and intervals < MOST_INTERVALS
        and np.abs(shares @ scores.weights - planned).max() > SETTLED
    ):
        realised = dict(zip(scores.llms, shares @ scores.weights, strict=True))
        router.correct({llm: float(realised[llm]) for llm in router.llms})
        intervals, shares = intervals + 1, prompt_shares_routed(router, scores)
    limits, _ = judge_limits_at_loads(
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
    return prompt_routing_of(CORRECTED, "", shares, tested, KEPT[worst_verdict(limits)]), [
        note
    ] if intervals else []


def random_routing(first: PromptRouting, tested: Sample) -> PromptRouting:
    """The same fractions, prompts drawn."""
    shares = np.repeat(first.fractions[:, None], tested.scores.weights.size, axis=1)
    return prompt_routing_of(RANDOM, "", shares, tested, first.limits)


def served_prompt_routings(
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
    llm = tested.scores.llms.index(attempt.variant)
    served = _single(SERVED, llm, tested, KEPT[SloVerdict.HOLDS])
    content = attempt.content or {}
    return [replace(served, usd_per_h=content.get("cost_usd_per_h"))], []


def best_alone(fitted: Sample, tested: Sample) -> PromptRouting:
    """The best LLM by its mean, whether it can be served or not."""
    return _single(ALONE, int(np.argmax(fitted.truth.values @ fitted.truth.weights)), tested, "")


def _single(name: str, llm: int, tested: Sample, limits: str) -> PromptRouting:
    shares = np.zeros(tested.scores.values.shape)
    shares[llm] = 1.0
    return prompt_routing_of(name, tested.scores.llms[llm], shares, tested, limits)


def best_answers(tested: Sample) -> PromptRouting:
    """The best LLM of every prompt, equal ones sharing it."""
    top = tested.truth.values == tested.truth.values.max(axis=0)
    return prompt_routing_of(BEST, "", top / top.sum(axis=0), tested, "")
