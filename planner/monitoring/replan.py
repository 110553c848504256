"""The plan made again with the numbers that were measured, against today's setup at the same
numbers.

rate     the level that lasted, where it differs from the planned rate by more than NEAR and by more
         than SURE standard deviations
curves   those that have drifted, times their factor: means and percentiles of the metric. Where the
         budget of an SLO runs out, also those that are off by less than they state: there the
         measured number is the better one. Of an option that does not run, of the same LLM, the
         curves get the mean of its LLM's factors, weighted by requests: were only the running
         option slower, the plan would run to options that nobody has looked at. All others stay

Both plans are verified. Today's setup keeps replicas and placement and gets the best routing
(`planner.operation.fixed_setup`). Planning again pays where the new plan is better by more than
`worth` of today's value, or where today's setup keeps the SLOs no more. Numbers of nodes that the
plan has decided stay decided.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from models.instance import Instance, ObjectiveKind, Option
from planner.monitoring.curve_factors import CurveDrift, CurveSpan
from planner.monitoring.rate_level import SURE, RateDrift, RatePlace
from planner.operation.fixed_setup import FixedSetup
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.plans.changes.running_setup import keep_running_places, running_setup
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from planner.plans.record import Plan
from planner.settings import Progress
from planner.sizing.rate_sizing import solve_sized_rate
from planner.solution import Status
from profiles.records import Curve

__all__ = ["NEAR", "Replan", "differs_from_planned_rate", "replan_with_measured"]

NEAR = 0.05
TWO_SIDED = 1.96
"""Standard deviations in the error of a rate."""
FLOOR_NOISE = 1e-6
Factors = Mapping[int, Mapping[str, float]]
"""Position of an option -> metric -> factor of its latencies."""


@dataclass(frozen=True, kw_only=True)
class Replan:
    """rate: req/s that was planned for. factors: curves that were changed, by option in words.

    status: of the new plan. kept: value of today's setup, None where it has none; kept_impossible:
    proved. value: of the new plan. gain: how much better, in the objective's unit, None where one
    of them has no value. pays: as above.
    """

    rate: float
    factors: Mapping[tuple[str, str], float]
    status: Status
    kept: float | None
    kept_impossible: bool
    value: float | None
    gain: float | None
    pays: bool
    plan: Plan
    diff: PlanDiff | None


def differs_from_planned_rate(rate: RateDrift) -> bool:
    """Whether the rate is worth a plan of its own."""
    off = rate.level / rate.planned - 1.0
    if rate.is_whole:
        off = abs(off)
    return rate.place == RatePlace.ABOVE or off > max(NEAR, SURE / TWO_SIDED * rate.error)


def replan_with_measured(
    source: PlanAndScenario,
    rate: RateDrift,
    curves: Sequence[CurveDrift],
    worth: float,
    *,
    budget_runs_out: bool = False,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Replan:
    """Plan again. curves: all factors; worth: relative gain from which it pays; budget_runs_out:
    whether those of an SLO does.
    """
    settings, content = source.loaded.settings, source.plan.content
    arrival = rate.level if differs_from_planned_rate(rate) else rate.planned
    drifted = _latest_measured_factors(
        one for one in curves if one.drifted or (budget_runs_out and one.differs)
    )
    there = replace(
        source.loaded,
        instance=_instance_with_measured(source.loaded.instance, arrival, drifted),
    )
    instance, solution = solve_sized_rate(
        there.instance, settings, progress=progress, cancel=cancel
    )
    if solution.has_plan:
        solution = keep_running_places(instance, solution, running_setup(instance, content))
    plan = build_plan_content(replace(there, instance=instance), solution, settings, {})
    kept, impossible = _value_of_today(replace(source, loaded=there))
    value = solution.value if solution.has_plan else None
    sign = 1.0 if instance.objective == ObjectiveKind.QUALITY else -1.0
    gain = None if value is None or kept is None else sign * (value - kept)
    better = gain is not None and kept is not None and gain > worth * max(abs(kept), 1e-9)
    return Replan(
        rate=arrival,
        factors={(one.option.words, one.metric): one.factor.value for one in drifted},
        status=solution.status,
        kept=kept,
        kept_impossible=impossible,
        value=value,
        gain=gain,
        pays=better or (value is not None and kept is None),
        plan=plan,
        diff=diff_plans(content, plan.content) if solution.has_plan else None,
    )


def _latest_measured_factors(curves: Iterable[CurveDrift]) -> list[CurveDrift]:
    """Of every option and metric one factor, that of the last quarter where there is one."""
    latest: dict[tuple[int, str], CurveDrift] = {}
    for one in sorted(curves, key=lambda one: one.span == CurveSpan.LAST):
        latest[one.option.deployed.position, one.metric] = one
    return list(latest.values())


def _instance_with_measured(
    instance: Instance, rate: float, drifted: Sequence[CurveDrift]
) -> Instance:
    factors: dict[int, dict[str, float]] = defaultdict(dict)
    by_llm: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
    for one in drifted:
        requests = sum(entry.window.requests for entry in one.option.steady)
        factors[one.option.deployed.position][one.metric] = one.factor.value
        by_llm[one.option.option.llm, one.metric].append((one.factor.value, requests))
    runs = set(factors)
    for o, option in enumerate(instance.options):
        if o in runs:
            continue
        for (llm, metric), found in by_llm.items():
            if option.llm == llm:
                total = sum(requests for _, requests in found)
                factors[o][metric] = sum(f * requests for f, requests in found) / total
    options = tuple(
        _option_with_factors(option, factors.get(o, {}))
        for o, option in enumerate(instance.options)
    )
    return replace(instance, arrival_rate=rate, options=options)


def _option_with_factors(option: Option, factors: Mapping[str, float]) -> Option:
    if not factors:
        return option
    curve: Curve = option.curve
    latency = {
        column: factors.get(column[0], 1.0) * values for column, values in curve.latency.items()
    }
    return replace(option, curve=replace(curve, latency=latency))


def _value_of_today(source: PlanAndScenario) -> tuple[float | None, bool]:
    """(value of the plan's setup at the measured numbers, whether it is proved to have none)."""
    instance = source.loaded.instance
    rerouted = FixedSetup(source).reroute(instance.arrival_rate)
    quality = rerouted.quality
    if quality is None:
        return None, rerouted.proved_none
    if instance.objective == ObjectiveKind.QUALITY:
        return quality, False
    floor = instance.quality_floor
    if floor is not None and quality < floor - FLOOR_NOISE * max(1.0, abs(floor)):
        return None, rerouted.bound is not None and rerouted.bound < floor
    return source.plan.content["cost_usd_per_h"], False
