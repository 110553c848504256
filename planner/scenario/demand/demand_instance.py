"""Spec + rates + scores + base instance -> demand instance; ms become s here."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.demand.requests import DemandCase, DemandInstance, OutsideLlm, RequestClass
from models.instance import Instance
from planner.scenario.demand.rates import ONLY_CASE, ONLY_CLASS
from planner.scenario.demand.slo_columns import build_slos, lack_for_slos
from planner.scenario.schema.demand_specification import ApiSpec, ClassSpec
from planner.scenario.schema.specification import LlmSpec, MaximizeQuality, ScenarioSpec
from profiles.records import Curve, Scores

__all__ = ["assemble_base_scores", "assemble_demand_instance"]


def assemble_base_scores(spec: ScenarioSpec, scores: Scores) -> Scores:
    """The rows of the LLMs of the cluster."""
    count = len(spec.cluster_llms)
    if len(scores.llms) == count:
        return scores
    return Scores(
        scores.prompt_ids,
        scores.llms[:count],
        np.ascontiguousarray(scores.values[:count]),
        scores.weights,
        scores.dropped,
        scores.provenance,
    )


def assemble_demand_instance(
    spec: ScenarioSpec,
    base: Instance,
    scores: Sequence[Scores],
    rates: np.ndarray,
    curves: Mapping[tuple[int, int], Curve],
) -> DemandInstance:
    """What the search sees of a scenario with classes, cases, LLMs outside or a budget.

    base: LLMs of the cluster, pools and options. scores: (C,) of the classes. rates: (C, T) req/s.
    curves: by (option, class), of classes with profile rows of their own.
    """
    outside = spec.outside_llms
    stated = spec.classes or (ClassSpec(name=ONLY_CLASS),)
    classes = tuple(
        _build_request_class(spec, one, table) for one, table in zip(stated, scores, strict=True)
    )
    objective = spec.objective
    return DemandInstance(
        instance=base,
        classes=classes,
        cases=_build_demand_cases(spec, base, rates),
        outside=tuple(_build_outside_llm(llm) for llm in outside),
        cost_at_most=(
            objective.cost_at_most_usd_per_h if isinstance(objective, MaximizeQuality) else None
        ),
        class_curves=curves,
        unjudged=frozenset(
            (o, c)
            for o, option in enumerate(base.options)
            for c, one in enumerate(classes)
            if lack_for_slos(curves.get((o, c), option.curve).latency, (*one.slos, *base.slos))
        ),
        start_usd=spec.fleet.start_usd_per_gpu if spec.fleet.mode == "scheduled" else None,
    )


def _build_request_class(spec: ScenarioSpec, one: ClassSpec, scores: Scores) -> RequestClass:
    work = one.work
    return RequestClass(
        name=one.name,
        scores=scores,
        slos=build_slos(one.slo),
        permitted=tuple(one.llms is None or name in one.llms for name in spec.served_llms),
        work=tuple(
            float(work.get(llm.name, 1.0) if isinstance(work, dict) else work)
            for llm in spec.cluster_llms
        ),
        quality_floor=one.quality_at_least,
        weight=one.weight,
        outside_usd=tuple(_outside_price(llm.api, one) for llm in spec.outside_llms),
    )


def _outside_price(api: ApiSpec | None, one: ClassSpec) -> float:
    """USD of one request of a class; 0 where the class may not use the LLM and states no tokens."""
    if api is None:
        raise TypeError("an LLM of the cluster has no price of a request")
    if api.usd_per_request is not None:
        return api.usd_per_request
    tokens = (one.input_tokens or 0.0, one.output_tokens or 0.0)
    prices = (api.usd_per_1m_input_tokens or 0.0, api.usd_per_1m_output_tokens or 0.0)
    return sum(price * count for price, count in zip(prices, tokens, strict=True)) / 1e6


def _build_outside_llm(llm: LlmSpec) -> OutsideLlm:
    if llm.api is None:
        raise TypeError("an LLM of the cluster has no api")
    latency = {column: value / 1000 for column, value in llm.api.latency_ms.items()}
    return OutsideLlm(name=llm.name, max_rate=llm.api.max_rate_rps, latency=latency)


def _build_demand_cases(
    spec: ScenarioSpec, base: Instance, rates: np.ndarray
) -> tuple[DemandCase, ...]:
    nothing_lost = tuple(0 for _ in base.pools)
    at = {case.name: t for t, case in enumerate(spec.cases or ())}
    if spec.cases is None:
        only = tuple(map(float, rates[:, 0]))
        return (DemandCase(name=ONLY_CASE, hours=1.0, rates=only, lost_nodes=nothing_lost),)
    return tuple(
        DemandCase(
            name=case.name,
            hours=case.hours,
            rates=tuple(map(float, rates[:, t])),
            lost_nodes=tuple(case.lost_nodes.get(pool.name, 0) for pool in base.pools),
            slo_factor=case.slo_factor,
            quality_floor=case.quality_at_least,
            of=None if case.of is None else at[case.of],
        )
        for t, case in enumerate(spec.cases)
    )
