"""Infeasible is a result: what is in conflict, and the cheapest single changes that mend it.

Each repair is found by bisection over one number and is told only when a plan with it was found
(and a plan a step short of it was not): the smallest SLO limit, the highest arrival rate, the
fewest additional nodes of each pool or replicas of each LLM, the highest quality floor. The
best-effort plan is the best plan of the nearest repaired scenario.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from models.instance import Instance, Llm, ObjectiveKind
from models.quality import Quality
from planner.joint.search_state import Clock
from planner.settings import CLOSE_ENOUGH, Settings
from planner.solution import Conflict, Repair, Solution, Status, Termination

PRECISION = 2e-3
"""Relative precision of a repair (of the range of scores for a quality floor)."""

EXPLAIN_SECONDS = 20.0
"""Time for the repairs; less when the time limit is shorter."""

LEAST_SECONDS = 5.0
"""Time for the repairs, however short the time limit is."""

PROBE_SECONDS = 10.0
"""Time for the question whether one changed scenario has a plan."""

RATE_HALVINGS = 14
"""How often the arrival rate is halved in search of one that has a plan."""

MORE_REPLICAS = 8
"""How many more replicas of an LLM are tried at most."""

MOST_NAMES = 4
"""LLMs told by name; the others are counted."""

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""


@dataclass(frozen=True)
class Knob:
    """One number of the instance that may be changed, in file units.

    apply: the instance with another value. tries: values away from the present one, the most
    helpful last; monotone: what the last one cannot mend none can. precision: how near to the least
    change is near enough; whole: whole numbers only.
    """

    change: str
    before: float
    tries: tuple[float, ...]
    apply: Callable[[float], Instance]
    precision: float
    monotone: bool = True
    whole: bool = False


@dataclass
class Probes:
    """Asks whether changed scenarios have plans.

    undecided: whether a question ran out of time or was interrupted.
    """

    solve: Callable[..., Solution]
    settings: Settings
    quality: Quality
    cancel: threading.Event | None
    deadline: float
    undecided: bool = False

    def cut_short(self) -> bool:
        """Whether no more questions can be asked."""
        return time.perf_counter() >= self.deadline or (
            self.cancel is not None and self.cancel.is_set()
        )

    def plan(self, instance: Instance) -> Solution | None:
        """A plan, or None: there is none, or it is not known."""
        left = self.deadline - time.perf_counter()
        if self.cut_short():
            self.undecided = True
            return None
        limited = Settings(
            ROUGH_GAP, min(left, PROBE_SECONDS), self.settings.threads, self.settings.seed
        )
        answer = self.solve(
            instance, limited, cancel=self.cancel, quality=self.quality, explain=False
        )
        self.undecided |= answer.status == Status.UNKNOWN
        return answer if answer.has_plan else None


def explain_conflict(
    instance: Instance,
    settings: Settings,
    quality: Quality,
    clock: Clock,
    solve: Callable[..., Solution],
) -> tuple[Conflict, tuple[str, ...]]:
    """The limits in conflict, verified repairs and a best-effort plan; and notes on what was not
    found out.

    solve: `planner.joint.solve`. Limits: those of which each, moved alone, makes the rest feasible;
    all that were tried when none does. After them one sentence on what does not help alone: changes
    of which every question was answered.
    """
    seconds = min(EXPLAIN_SECONDS, max(LEAST_SECONDS, clock.left()))
    probes = Probes(solve, settings, quality, clock.cancel, time.perf_counter() + seconds)
    repairs: list[tuple[Knob, float, Solution]] = []
    vain: list[Knob] = []
    tried = knobs(instance)
    for knob in tried:
        open_before, probes.undecided = probes.undecided, False
        found = _least_change(knob, probes)
        if found is not None:
            repairs.append((knob, *found))
        elif not probes.undecided:
            vain.append(knob)
        probes.undecided |= open_before
    notes: tuple[str, ...] = ()
    if probes.undecided:
        notes = (
            (
                "the search for repairs was cut short: those told work, but may go further than"
                " needed, and others may be missing"
            ),
        )
    limits = tuple(_limit(instance, knob, value) for knob, value, _ in repairs) or tuple(
        _limit(instance, knob, None) for knob in tried
    )
    limits += _in_vain(instance, vain)
    told = tuple(Repair(knob.change, knob.before, value) for knob, value, _ in repairs)
    if not repairs:
        return Conflict(limits, told), notes
    knob, value, rough = min(repairs, key=lambda repair: _distance(repair[0], repair[1]))
    best_effort = restated(rough, settings, quality, clock.limit())
    if not probes.cut_short():
        left = probes.deadline - time.perf_counter()
        better = solve(
            knob.apply(value),
            replace(settings, time_limit=left),
            cancel=clock.cancel,
            quality=quality,
            explain=False,
        )
        best_effort = better if better.has_plan else best_effort
    return Conflict(limits, told, best_effort, Repair(knob.change, knob.before, value)), notes


def restated(
    rough: Solution, settings: Settings, quality: Quality, why: Termination = Termination.TIME
) -> Solution:
    """A plan found at a rough gap, with the status it has at the gap that was asked for.

    why: what ended the search.
    """
    if rough.value is None or rough.bound is None:
        return rough
    gap = abs(rough.bound - rough.value)
    closed = gap <= max(
        settings.rel_gap * max(abs(rough.value), 1e-9), CLOSE_ENOUGH * quality.scale
    )
    return (
        rough
        if closed
        else replace(rough, status=Status.FEASIBLE, effort=replace(rough.effort, termination=why))
    )


def knobs(instance: Instance) -> list[Knob]:
    """What may be changed, in contract paths and units."""
    found = []
    for j, slo in enumerate(instance.slos):
        columns = [
            o.curve.latency[c]
            for o in instance.options
            for c in o.curve.latency
            if c[0] == slo.metric
        ]
        highest = 1e3 * max((float(column.max()) for column in columns), default=slo.limit)

        def with_limit(limit_ms: float, j: int = j) -> Instance:
            slos = list(instance.slos)
            slos[j] = replace(slos[j], limit=limit_ms / 1e3)
            return replace(instance, slos=tuple(slos))

        if highest > 1e3 * slo.limit:
            found.append(
                _upwards(f"slo.{j}.limit_ms", 1e3 * slo.limit, float(np.ceil(highest)), with_limit)
            )
    rate = instance.arrival_rate
    slower = tuple(rate / 2.0**k for k in range(1, RATE_HALVINGS))
    found.append(
        Knob(
            "arrival_rate_rps",
            rate,
            slower,
            lambda r: replace(instance, arrival_rate=r),
            PRECISION,
            monotone=False,
        )
    )
    for p, pool in enumerate(instance.pools):

        def with_nodes(nodes: float, p: int = p) -> Instance:
            pools = list(instance.pools)
            pools[p] = replace(pools[p], nodes=round(nodes))
            return replace(instance, pools=tuple(pools))

        most = float(max(4 * pool.nodes, pool.nodes + 8))
        found.append(_upwards(f"pools.{p}.nodes", float(pool.nodes), most, with_nodes, whole=True))
    for i, llm in enumerate(instance.llms):

        def with_llm(changed: Llm, i: int = i) -> Instance:
            return replace(instance, llms=(*instance.llms[:i], changed, *instance.llms[i + 1 :]))

        if llm.max_replicas is not None:
            more = partial(
                lambda llm, put, n: put(replace(llm, max_replicas=round(n))), llm, with_llm
            )
            most = float(llm.max_replicas + MORE_REPLICAS)
            found.append(
                _upwards(f"llms.{i}.max_replicas", float(llm.max_replicas), most, more, whole=True)
            )
        if llm.min_replicas > 0:
            fewer = partial(
                lambda llm, put, n: put(replace(llm, min_replicas=round(n))), llm, with_llm
            )
            found.append(
                Knob(
                    f"llms.{i}.min_replicas",
                    float(llm.min_replicas),
                    (0.0,),
                    fewer,
                    1.0,
                    whole=True,
                )
            )
    if instance.objective == ObjectiveKind.COST and instance.quality_floor is not None:
        lowest = float((instance.scores.values @ instance.scores.weights).min())
        if lowest < instance.quality_floor:
            floor = instance.quality_floor
            step = PRECISION * float(np.ptp(instance.scores.values))
            found.append(
                Knob(
                    "objective.quality_at_least",
                    floor,
                    (lowest,),
                    lambda q: replace(instance, quality_floor=q),
                    step,
                )
            )
    if instance.min_utilization > 0:
        percent = 100 * instance.min_utilization
        found.append(
            Knob(
                "setups.min_gpu_utilization_pct",
                percent,
                (0.0,),
                lambda u: replace(instance, min_utilization=u / 100),
                0.2,
            )
        )
    return found


def _upwards(
    change: str,
    before: float,
    most: float,
    apply: Callable[[float], Instance],
    *,
    whole: bool = False,
) -> Knob:
    """A knob that helps the more the larger it is: tried a little larger first."""
    steps = [before + 1, before + 2, before + 4] if whole else [1.25 * before, 2 * before]
    tries = (*(value for value in steps if value < most), most)
    return Knob(change, before, tries, apply, 1.0 if whole else PRECISION * before, whole=whole)


def _least_change(knob: Knob, probes: Probes) -> tuple[float, Solution] | None:
    """The value nearest to the present one with which a plan was found, and the plan; None when no
    try has one.
    """
    if knob.monotone and len(knob.tries) > 1 and probes.plan(knob.apply(knob.tries[-1])) is None:
        return None
    bad, good, plan = knob.before, knob.before, None
    for value in knob.tries:
        plan = probes.plan(knob.apply(value))
        if plan is not None:
            good = value
            break
        bad = value
    if plan is None:
        return None
    precision = knob.precision if knob.monotone else knob.precision * abs(good)
    while abs(good - bad) > precision:
        middle = _middle(bad, good, whole=knob.whole)
        at_middle = probes.plan(knob.apply(middle))
        if at_middle is not None:
            good, plan = middle, at_middle
        elif probes.cut_short():
            break
        else:
            bad = middle
    if not knob.whole:
        rounded = _rounded(good, upwards=good > knob.before)
        at_rounded = probes.plan(knob.apply(rounded))
        if at_rounded is not None:
            good, plan = rounded, at_rounded
    return good, plan


def _middle(bad: float, good: float, *, whole: bool) -> float:
    """Arithmetic, or geometric while the ends are far apart."""
    if whole:
        return float(round((bad + good) / 2))
    near, far = sorted((abs(bad), abs(good)))
    return (
        float(np.sqrt(near * far))
        if near > 0 and far > 4 * near and bad * good > 0
        else (bad + good) / 2
    )


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


def _limit(instance: Instance, knob: Knob, repaired: float | None) -> str:
    """The limit in words, as it stands; of a quality what can be reached at all.

    repaired: its value in a repair, None without one.
    """
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
        count = f"{knob.before:g} replica{'' if knob.before == 1 else 's'}"
        return (
            f"at {'most' if which == 'max_replicas' else 'least'} {count} of"
            f" {instance.llms[int(i)].name}"
        )
    if knob.change == "objective.quality_at_least":
        ceiling = float(instance.scores.weights @ instance.scores.values.max(axis=0))
        within = "" if repaired is None else f", about {repaired:g} within the other limits"
        return (
            f"a quality of at least {knob.before:g} (these scores allow {ceiling:.4g} if nothing"
            f" else is limited{within})"
        )
    return f"a GPU utilisation of at least {knob.before:g} %"


def _in_vain(instance: Instance, knobs: list[Knob]) -> tuple[str, ...]:
    """A sentence on the changes that were tried and do not help, each alone, with how far each
    went; none where there are none.
    """
    told: list[str] = []
    counted = {"min_replicas", "max_replicas"}
    for knob in knobs:
        last = knob.tries[-1]
        match knob.change.split("."):
            case ["slo", j, _]:
                slo = instance.slos[int(j)]
                told.append(f"a {slo.statistic} {slo.metric.upper()} of up to {last:,.0f} ms")
            case ["arrival_rate_rps"]:
                told.append(f"a rate down to {last:.3g} req/s")
            case ["pools", p, _]:
                told.append(f"more nodes of pool {instance.pools[int(p)].name}, up to {last:,.0f}")
            case ["llms", _, which] if which in counted:
                names = [
                    instance.llms[int(k.change.split(".")[1])].name
                    for k in knobs
                    if k.change.endswith(which)
                ]
                more = len(names) - MOST_NAMES
                of = ", ".join(names[:MOST_NAMES]) + (
                    f" and {more} more LLM{'s' if more > 1 else ''}" if more > 0 else ""
                )
                far = (
                    f"up to {MORE_REPLICAS} more replicas"
                    if which == "max_replicas"
                    else "no replica asked for"
                )
                told.append(f"{far} of {'one of ' if len(names) > 1 else ''}{of}")
                counted.remove(which)
            case ["objective", _]:
                told.append(f"a quality down to {last:.4g}")
            case ["setups", _]:
                told.append(f"a GPU utilisation down to {last:g} %")
    return (f"Tried without success, each alone: {'; '.join(told)}.",) if told else ()
