"""Infeasible is a result: what is in conflict, and the cheapest single changes that mend it.

Each repair is found by bisection over one number and is told only when a plan with it was found (and a plan a step short of it was
not): the smallest SLO limit, the highest arrival rate, the fewest additional nodes of each pool or replicas of each LLM, the highest
quality floor. The
best-effort plan is the best plan of the nearest repaired scenario.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from models.instance import Instance, Llm
from models.quality import Quality
from planner.ground import Clock
from planner.settings import Settings
from planner.solution import Conflict, Repair, Solution

PRECISION = 2e-3
"""Relative precision of a repair."""

EXPLAIN_SECONDS = 20.0
"""Time for the repairs, besides what is left of the time limit."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""


@dataclass(frozen=True)
class Knob:
    """One number of the instance that may be changed, in file units. apply: the instance with another value; worst: what helps most."""

    change: str
    before: float
    worst: float
    apply: Callable[[float], Instance]
    whole: bool = False


def explain_conflict(instance: Instance, settings: Settings, quality: Quality, clock: Clock, solve: Callable[..., Solution]) -> Conflict:
    """The limits in conflict, verified repairs and a best-effort plan.

    solve: `planner.joint.solve`. Limits: those of which each, moved alone, makes the rest feasible; all that were tried when none does.
    """
    deadline = time.perf_counter() + max(EXPLAIN_SECONDS, clock.left())

    def plan(changed: Instance) -> Solution | None:
        left = deadline - time.perf_counter()
        if left <= 0 or (clock.cancel is not None and clock.cancel.is_set()):
            return None
        limited = Settings(ROUGH_GAP, min(left, 10.0), settings.threads, settings.seed)
        answer = solve(changed, limited, cancel=clock.cancel, quality=quality, explain=False)
        return answer if answer.has_plan else None

    repairs: list[tuple[Knob, float]] = []
    tried = knobs(instance)
    for knob in tried:
        value = _least_change(knob, plan)
        if value is not None:
            repairs.append((knob, value))
    limits = [_limit(instance, knob) for knob in ([knob for knob, _ in repairs] or tried)]
    best_effort, change = None, None
    if repairs:
        knob, value = min(repairs, key=lambda pair: _distance(*pair))
        change = Repair(knob.change, knob.before, value)
        left = max(deadline - time.perf_counter(), 2.0)
        answer = solve(knob.apply(value), replace(settings, time_limit=left), cancel=clock.cancel, quality=quality, explain=False)
        best_effort = answer if answer.has_plan else None
    told = tuple(Repair(knob.change, knob.before, value) for knob, value in repairs)
    return Conflict(tuple(limits), told, best_effort, change if best_effort else None)


def knobs(instance: Instance) -> list[Knob]:
    """What may be changed, in contract paths and units."""
    found = []
    for j, slo in enumerate(instance.slos):
        columns = [o.curve.latency[c] for o in instance.options for c in o.curve.latency if c[0] == slo.metric]
        highest = 1e3 * max((float(column.max()) for column in columns), default=slo.limit)

        def with_limit(limit_ms: float, j: int = j) -> Instance:
            slos = list(instance.slos)
            slos[j] = replace(slos[j], limit=limit_ms / 1e3)
            return replace(instance, slos=tuple(slos))

        if highest > 1e3 * slo.limit:
            found.append(Knob(f"slo.{j}.limit_ms", 1e3 * slo.limit, float(np.ceil(highest)), with_limit))
    rate = instance.arrival_rate
    found.append(Knob("arrival_rate_rps", rate, rate * 1e-3, lambda r: replace(instance, arrival_rate=r)))
    for p, pool in enumerate(instance.pools):

        def with_nodes(nodes: float, p: int = p) -> Instance:
            pools = list(instance.pools)
            pools[p] = replace(pools[p], nodes=round(nodes))
            return replace(instance, pools=tuple(pools))

        most = float(max(4 * pool.nodes, pool.nodes + 8))
        found.append(Knob(f"pools.{p}.nodes", float(pool.nodes), most, with_nodes, whole=True))
    for i, llm in enumerate(instance.llms):

        def with_llm(changed: Llm, i: int = i) -> Instance:
            return replace(instance, llms=(*instance.llms[:i], changed, *instance.llms[i + 1 :]))

        if llm.max_replicas is not None:
            more = partial(lambda llm, put, n: put(replace(llm, max_replicas=round(n))), llm, with_llm)
            found.append(Knob(f"llms.{i}.max_replicas", float(llm.max_replicas), float(llm.max_replicas + 8), more, whole=True))
        if llm.min_replicas > 0:
            fewer = partial(lambda llm, put, n: put(replace(llm, min_replicas=round(n))), llm, with_llm)
            found.append(Knob(f"llms.{i}.min_replicas", float(llm.min_replicas), 0.0, fewer, whole=True))
    if instance.objective == "cost" and instance.quality_floor is not None:
        lowest = float((instance.scores.values @ instance.scores.weights).min())
        if lowest < instance.quality_floor:
            floor = instance.quality_floor
            found.append(Knob("objective.quality_at_least", floor, lowest, lambda q: replace(instance, quality_floor=q)))
    if instance.min_utilization > 0:
        percent = 100 * instance.min_utilization
        found.append(Knob("setups.min_gpu_utilization_pct", percent, 0.0, lambda u: replace(instance, min_utilization=u / 100)))
    return found


def _least_change(knob: Knob, plan: Callable[[Instance], Solution | None]) -> float | None:
    """The value nearest to the present one with which a plan was found; None when even the most helpful value has none."""

    def works(value: float) -> bool:
        return plan(knob.apply(value)) is not None

    if not works(knob.worst):
        return None
    bad, good = knob.before, knob.worst
    while abs(good - bad) > (1.0 if knob.whole else PRECISION * max(abs(knob.before), 1e-9)):
        middle = _middle(bad, good, whole=knob.whole)
        bad, good = (bad, middle) if works(middle) else (middle, good)
    if knob.whole:
        return good
    rounded = _rounded(good, upwards=good > knob.before)
    return rounded if works(rounded) else good


def _middle(bad: float, good: float, *, whole: bool) -> float:
    """Arithmetic, or geometric while the ends are far apart."""
    if whole:
        return float(round((bad + good) / 2))
    near, far = sorted((abs(bad), abs(good)))
    return float(np.sqrt(near * far)) if near > 0 and far > 4 * near and bad * good > 0 else (bad + good) / 2


def _rounded(value: float, *, upwards: bool) -> float:
    """Four significant digits, away from the value that did not work."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    steps = np.ceil(value / unit - 1e-9) if upwards else np.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.4g}")


def _distance(knob: Knob, value: float) -> float:
    """How far a repair goes: the relative change."""
    return abs(value - knob.before) / max(abs(knob.before), 1e-12)


def _limit(instance: Instance, knob: Knob) -> str:
    """The limit in words, as it stands."""
    if knob.change.startswith("slo."):
        slo = instance.slos[int(knob.change.split(".")[1])]
        whose = "over all requests" if slo.scope == "all" else "of every deployed option"
        return f"{slo.statistic} {slo.metric.upper()} {whose} at most {knob.before:g} ms"
    if knob.change == "arrival_rate_rps":
        return f"{knob.before:g} req/s to be served"
    if knob.change.startswith("pools."):
        pool = instance.pools[int(knob.change.split(".")[1])]
        return f"pool {pool.name} of {pool.nodes} x {pool.gpus_per_node} GPUs"
    if knob.change.startswith("llms."):
        _, i, which = knob.change.split(".")
        return f"at {'most' if which == 'max_replicas' else 'least'} {knob.before:g} replicas of {instance.llms[int(i)].name}"
    if knob.change == "objective.quality_at_least":
        return f"a quality of at least {knob.before:g}"
    return f"a GPU utilisation of at least {knob.before:g} %"
