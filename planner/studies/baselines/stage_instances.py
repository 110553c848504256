"""Instances on which the joint search solves the allocation of the two-stage baseline.

The scores are replaced by those of pseudo-prompts, one per LLM with weight f_i / 2, with score
PREFER at LLM i and 0 elsewhere, and one idle prompt of weight 1/2 that goes either to an idle LLM
without latency (score 0) or to one that uses budget up (score 1). With the arrival rate doubled
the share y of the idle prompt measures what is left of the budget

    sum_i f_i L_i + y tau <= tau        so the largest y is the least latency, and PREFER serves f
                                        first
"""

from dataclasses import replace

import numpy as np

from models.instance import Instance, Llm, Option, Pool, Slo
from profiles.records import Curve, Scores

__all__ = ["stage_fractions_as_scores", "stage_with_idle_prompt"]


PREFER = 20.0
"""Score for serving f, far above that of the idle prompt: no latency is bought with a request."""


NOTHING = 1e-5
"""A fraction that counts as none."""


INSTANT = 1e-9
"""s: a latency that counts as none."""


ROOMY = 1e-6
"""Relative: the busy LLM's percentile latency lies so far above its limit, so that it breaks it."""


def stage_fractions_as_scores(instance: Instance, fractions: np.ndarray) -> Scores:
    """One prompt for every LLM that is routed to, with score 1 there and 0 elsewhere."""
    routed = np.flatnonzero(fractions > NOTHING)
    values = np.ascontiguousarray(np.eye(fractions.size)[:, routed])
    weights = fractions[routed] / fractions[routed].sum()
    return Scores(
        np.array([f"f{i}" for i in routed]),
        tuple(llm.name for llm in instance.llms),
        values,
        weights,
    )


def stage_with_idle_prompt(instance: Instance, fractions: np.ndarray) -> Instance:
    """Stage 2's instance: pseudo-prompts, doubled arrival rate, halved mean limits, and the two
    idle LLMs in a separate pool.
    """
    real = stage_fractions_as_scores(instance, fractions)
    count, prompts = real.values.shape
    values = np.full((count + 2, prompts + 1), -PREFER)
    values[:count, :prompts] = PREFER * real.values
    values[count:, prompts] = (0.0, 1.0)
    scores = Scores(
        np.append(real.prompt_ids, "idle"),
        (*real.llms, "idle", "busy"),
        values,
        np.append(real.weights / 2, 0.5),
    )
    slos = tuple(
        replace(slo, limit=slo.limit / 2) if _summed(slo) else slo for slo in instance.slos
    )
    pool = Pool(name="idle", gpu="", nodes=1, gpus_per_node=2, memory=1.0, price=0.0)
    rate = 2 * instance.arrival_rate
    curves = [_idle_stage_curve(instance, rate, busy=busy) for busy in (False, True)]
    options = (
        *instance.options,
        *(
            Option(
                llm=count + k,
                pool=len(instance.pools),
                tp_degree=1,
                mps_share=1.0,
                memory=0.5,
                curve=curve,
            )
            for k, curve in enumerate(curves)
        ),
    )
    padded = tuple(replace(q, weight=(*q.weight, 0.0, 0.0)) for q in instance.quotas)
    floor = (
        (instance.min_utilization * instance.gpus + 2) / (instance.gpus + 2)
        if instance.min_utilization > 0
        else 0.0
    )
    llms = (*instance.llms, Llm("idle", 1, 1), Llm("busy", 1, 1))
    changed = {
        "llms": llms,
        "pools": (*instance.pools, pool),
        "options": options,
        "slos": slos,
        "scores": scores,
        "quotas": padded,
    }
    return replace(instance, **changed, arrival_rate=rate, min_utilization=floor)  # type: ignore[arg-type]


def _summed(slo: Slo) -> bool:
    """Whether the limit is one on a mean over all requests."""
    return slo.scope == "all" and slo.statistic == "mean"


def _idle_stage_curve(instance: Instance, rate: float, *, busy: bool) -> Curve:
    """A constant latency in every column: none, or (busy) as much as uses the budgets up without
    breaking a limit of each LLM.
    """
    latency = {}
    for column in dict.fromkeys(c for option in instance.options for c in option.curve.latency):
        own = [slo for slo in instance.slos if slo.metric == column[0]]
        high = [
            slo.limit if _summed(slo) else slo.limit * (1 + ROOMY)
            for slo in own
            if slo.scope == "all"
        ]
        each = [slo.limit for slo in own if slo.scope == "each_llm" and slo.statistic == column[1]]
        latency[column] = np.array([min([max(high, default=INSTANT), *each]) if busy else INSTANT])
    return Curve(np.array([rate]), latency, ("measured",))
