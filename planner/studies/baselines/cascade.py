"""The cascade baseline: cheapest LLM first, the next one while the score of the best answer is
below a threshold (as in FrugalGPT).

The scores are those that the router of the joint plan sees; here they judge answers that were made.
Every visit is load: with v_i the mean visits of a prompt to LLM i (sum_i v_i > 1) and latencies
that add up over the LLMs a prompt visits,

    rate of LLM i = lambda v_i            sum_i v_i L_i <= tau  for a mean SLO over all requests

which is the joint problem at lambda' = most * lambda, f'_i = v_i / most, tau' = tau / most, the
rest at an idle LLM (`models.cascade`). So setup, thresholds and the parts of the prompts that go
through each cascade are decided together by the joint search: the best mix of cascades, at least as
good as any one of them.

Effort: chains of at most LONGEST LLMs (the length of FrugalGPT's own), in the order of the weights;
thresholds in STEPS steps of the best score so far; with more than FEW LLMs first chains of two,
then those of three made of the LLMs (at most USED) that the first answer uses most.

What favours the cascade: TTFT adds up by stages, although an answer must be finished before it can
be judged; judging takes no time; the best answer seen is kept; a limit of each LLM holds per visit.
Left out, with the reason: percentiles over all requests (the tables have no percentile of a sum)
and mean TPOT over all requests (only the tokens of the answer kept count, whoever made the others).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, cast

import numpy as np

from models.cascade import CascadeMix, CascadePolicy, CascadeQuality, cascade_policies
from models.instance import Instance, Llm, ObjectiveKind, Option, Pool
from models.quality import Quality
from planner.solution import Solution, Status
from planner.studies.baselines.solver import (
    BaselineResult,
    BaselineSolver,
    baseline_violation_factor,
)
from profiles.records import Curve, Scores

__all__ = ["cascade_baseline", "cascade_equivalent_instance"]

NAME = "cascade"
LONGEST = 3
FEW = 4
STEPS = {1: 1, 2: 40, 3: 16}
"""Thresholds by the length of a chain."""
COARSE = {1: 1, 2: 20, 3: 8}
"""The same with more than FEW LLMs."""
USED = 8
"""LLMs of which chains of three are made then: 56 chains of 64 policies."""
SMALLEST_PART = 0.005
"""Smaller parts of the prompts are left out of the words."""
INSTANT = 1e-9
"""s: a latency that counts as none."""


@dataclass(frozen=True)
class MixPlan:
    """A setup with its mix.

    content: verified against the equivalent instance; value, bound: of the objective.
    """

    mix: CascadeMix
    content: Mapping[str, Any]
    value: float
    bound: float


def cascade_baseline(
    solver: BaselineSolver, instance: Instance, sizes: np.ndarray
) -> BaselineResult:
    """The best mix of cascades. sizes: (M,) by which the LLMs are ordered, cheapest first."""
    reason = _cascade_out_of_reach(instance)
    if reason:
        return BaselineResult(name=NAME, variant="", reason=reason)
    able = sorted({o.llm for o in instance.options}, key=lambda i: (sizes[i], i))
    many = len(able) > FEW
    chains = [
        chain for n in range(1, 3 if many else LONGEST + 1) for chain in combinations(able, n)
    ]
    best = _solved_cascade(
        solver, instance, _every_cascade(solver, instance.scores, chains, COARSE if many else STEPS)
    )
    if many and best is not None and not solver.stopped():
        most = np.argsort(-best.mix.visits, kind="stable")[:USED]
        used = [i for i in able if i in most and best.mix.visits[i] > 1e-3]
        chains = [*chains, *combinations(used, LONGEST)]
        better = _solved_cascade(
            solver, instance, _every_cascade(solver, instance.scores, chains, COARSE)
        )
        best = best if better is None or _worse(instance, better.value, best.value) else better
    if best is None:
        aim = " that reaches the required quality" if instance.objective == "cost" else ""
        return BaselineResult(
            name=NAME, variant="", reason=f"no mix of cascades{aim} was found within the SLOs"
        )
    effort = f"{best.mix.visits.sum():.2f} LLMs answer a prompt on average"
    if all(len(policy.chain) == 1 for policy in best.mix.policies):
        effort = "no second answer pays: LLMs are drawn by lot"
    notes = [f"best mix of {len(chains)} chains of at most {LONGEST} LLMs", effort]
    return BaselineResult(
        name=NAME,
        variant=_cascade_policy_words(instance, best.mix),
        content=best.content,
        value=best.value,
        bound=best.bound,
        quality=best.mix.quality,
        factor=baseline_violation_factor(best.content, _equal_slos(instance, best.mix)),
        notes=notes,
        mix=best.mix,
    )


def _worse(instance: Instance, value: float, than: float) -> bool:
    return value < than if instance.objective == "quality" else value > than


def _cascade_out_of_reach(instance: Instance) -> str:
    """Why the tables say nothing about cascades under these SLOs; "" when they do."""
    for slo in instance.slos:
        if slo.scope == "all" and slo.statistic != "mean":
            return (
                f"left out: a {slo.statistic} over all requests needs the spread of a sum of"
                " stages, which the tables do not hold"
            )
        if slo.scope == "all" and slo.metric == "tpot":
            return (
                "left out: mean TPOT over all requests counts the answers kept alone, and the"
                " tables hold it for all answers together"
            )
    return ""


def _every_cascade(
    solver: BaselineSolver,
    scores: Scores,
    chains: Sequence[tuple[int, ...]],
    steps: Mapping[int, int],
) -> list[CascadePolicy]:
    """The policies of all chains; after Ctrl-C of those until then, chains of one LLM first."""
    made: list[CascadePolicy] = []
    for chain in chains:
        if made and solver.interrupted():
            break
        made += cascade_policies(scores, chain, steps[len(chain)])
    return made


def _solved_cascade(
    solver: BaselineSolver, instance: Instance, candidates: list[CascadePolicy]
) -> MixPlan | None:
    """The best mix and its setup by the joint search, verified; None without one."""
    quality = CascadeQuality(candidates, instance.scores)
    solution = solver.solve(_spread_cascade(instance, quality.most), cast(Quality, quality))
    if not solution.has_plan or solution.value is None or solution.bound is None:
        return None
    mix = quality.mix(solution.fractions)
    if mix is None:
        return None
    checked = cascade_equivalent_instance(instance, mix)
    content = solver.content(checked, _cascade_as_visits(instance, checked, mix, solution))
    if instance.objective == "cost":
        return MixPlan(mix, content, solution.value, solution.bound)
    return MixPlan(mix, content, mix.quality, max(solution.bound, mix.quality))


def _spread_cascade(instance: Instance, most: float) -> Instance:
    """The joint problem over visits: `most` times the rate, limits on means over all divided by it,
    and an idle LLM that takes the rest.
    """
    count = len(instance.llms)
    columns = dict.fromkeys(c for option in instance.options for c in option.curve.latency)
    rate = most * instance.arrival_rate
    curve = Curve(
        np.array([rate]), {column: np.array([INSTANT]) for column in columns}, ("measured",)
    )
    idle = Option(
        llm=count, pool=len(instance.pools), tp_degree=1, mps_share=1.0, memory=0.5, curve=curve
    )
    floor = (
        (instance.min_utilization * instance.gpus + 1) / (instance.gpus + 1)
        if instance.min_utilization > 0
        else 0.0
    )
    return replace(
        instance,
        llms=(*instance.llms, Llm("idle", 1, 1)),
        pools=(
            *instance.pools,
            Pool(name="idle", gpu="", nodes=1, gpus_per_node=1, memory=1.0, price=0.0),
        ),
        options=(*instance.options, idle),
        slos=_divided(instance, most),
        arrival_rate=rate,
        min_utilization=floor,
    )


def _divided(instance: Instance, by: float) -> tuple[Any, ...]:
    return tuple(
        replace(slo, limit=slo.limit / by) if slo.scope == "all" else slo for slo in instance.slos
    )


def _equal_slos(instance: Instance, mix: CascadeMix) -> tuple[Any, ...]:
    return _divided(instance, float(mix.visits.sum()))


def cascade_equivalent_instance(instance: Instance, mix: CascadeMix) -> Instance:
    """The instance that the verifier judges a mix by: each visit a request, to be routed in the
    proportions of the visits.

    One pseudo-prompt for every LLM visited, with score 1 there and 0 elsewhere: quality 1 says
    that all visits are served.
    """
    visits = mix.visits
    visited = np.flatnonzero(visits > 0)
    values = np.ascontiguousarray(np.eye(visits.size)[:, visited])
    scores = Scores(
        np.array([f"v{i}" for i in visited]),
        tuple(llm.name for llm in instance.llms),
        values,
        visits[visited] / visits[visited].sum(),
    )
    return replace(
        instance,
        scores=scores,
        slos=_equal_slos(instance, mix),
        arrival_rate=instance.arrival_rate * float(visits.sum()),
        objective=ObjectiveKind.QUALITY,
        quality_floor=None,
    )


def _cascade_as_visits(
    instance: Instance, checked: Instance, mix: CascadeMix, solution: Solution
) -> Solution:
    """The plan in the terms of the equivalent instance; rates are put right by what the mix's
    rounding takes.
    """
    count, llms = len(instance.options), len(instance.llms)
    of_llm = np.array([o.llm for o in instance.options])
    rates = solution.routed_rates[:count]
    carried = np.bincount(of_llm, weights=rates, minlength=llms)
    due = mix.visits * instance.arrival_rate
    rates = rates * np.divide(due, carried, out=np.zeros(llms), where=carried > 0)[of_llm]
    fractions = mix.visits / mix.visits.sum()
    return Solution(
        status=Status.OPTIMAL,
        value=1.0,
        bound=1.0,
        effort=solution.effort,
        replicas=solution.replicas[:count],
        routed_rates=rates,
        fractions=fractions,
        quality=1.0,
        dual_prices=np.where(fractions > 0, 0.0, np.nan),
        placement=tuple(shard for shard in solution.placement if shard.option < count),
    )


def _cascade_policy_words(instance: Instance, mix: CascadeMix) -> str:
    """The policies, the largest part first, e.g. `70 %: a, below 0.61 then b; 30 %: b`."""
    words = []
    for part, policy in sorted(
        zip(mix.parts, mix.policies, strict=True), key=lambda pair: -pair[0]
    ):
        if part < SMALLEST_PART:
            continue
        names = [instance.llms[i].name for i in policy.chain]
        steps = [
            f"then {name} " + ("always" if np.isinf(t) else f"below {t:.3f}")
            for name, t in zip(names[1:], policy.thresholds, strict=True)
        ]
        words.append(
            (f"{100 * part:.0f} % of the prompts: " if len(mix.parts) > 1 else "")
            + ", ".join([names[0], *steps])
        )
    return "; ".join(words)
