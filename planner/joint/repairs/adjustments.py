"""The numbers of an instance that may be moved, one at a time, to make it feasible; and sentences
on them: the limits in conflict, and the changes that do not help.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import mul

import numpy as np

from models.formulation import Knob, KnobKind
from models.instance import Instance, Llm, ObjectiveKind

PRECISION = 1e-3
"""Relative precision of a repair (of the range of scores for a quality floor)."""

RATE_HALVINGS = 14
"""How often the arrival rate is halved in search of one that has a plan."""

MORE_REPLICAS = 8
"""How many more replicas of an LLM are tried at most."""

HEADROOM_OF = {
    "slo_pct": "the SLO limits",
    "rate_pct": "the arrival rate",
    "utilization_pct": "the curves' last rates",
}

CHANGE_LIMIT = "most_changes"
"""What stands for a path where the number is no key of the scenario: the limit of `plan --from`."""

MOST_NAMES = 4
"""LLMs listed by name in a sentence; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """One number of the instance that may be moved, in file units.

    change: its dotted path. apply: the instance with another value. tries: values away from the
    present one, the most helpful last; monotone: what the last one cannot repair none can.
    precision: how near to the least change is near enough; whole: whole numbers only.

    knob: the same number in the rows of a program, where it stands there linearly, over the
    instance `opened`; stated: a knob's value in file units.
    """

    change: str
    before: float
    tries: tuple[float, ...]
    apply: Callable[[float], Instance]
    precision: float
    monotone: bool = True
    whole: bool = False
    knob: Knob | None = None
    opened: Instance | None = None
    stated: Callable[[float], float] = float

    @property
    def upwards(self) -> bool:
        """Whether more of it helps."""
        return self.tries[-1] > self.before

    def allows(self, value: float) -> bool:
        """Whether a value lies beyond the present one and within what may be tried."""
        last = self.tries[-1]
        return (
            self.before < value <= last if self.upwards else min(last, 0.0) <= value < self.before
        )


def adjustments_of(instance: Instance) -> list[Adjustment]:
    """What may be moved, in the contract's paths and units."""
    return [
        *_node_adjustments(instance),
        *_quality_floor_adjustments(instance),
        *_slo_limit_adjustments(instance),
        _arrival_rate_adjustment(instance),
        *_utilisation_floor_adjustments(instance),
        *_headroom_adjustments(instance),
        *_replica_limit_adjustments(instance),
        *_change_limit_adjustments(instance),
    ]


def _slo_limit_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """Every limit up, as far as any curve goes: beyond its highest latency nothing is slower."""
    for j, slo in enumerate(instance.slos):
        columns = [
            option.curve.latency[column]
            for option in instance.options
            for column in option.curve.latency
            if column[0] == slo.metric
        ]
        highest = 1e3 * max((float(column.max()) for column in columns), default=slo.limit)

        def with_limit(limit_ms: float, j: int = j) -> Instance:
            slos = list(instance.slos)
            slos[j] = replace(slos[j], limit=limit_ms / 1e3)
            return replace(instance, slos=tuple(slos))

        highest /= 1.0 - instance.headroom.slo
        if highest > 1e3 * slo.limit:
            before, most = 1e3 * slo.limit, float(np.ceil(highest))
            upwards = _adjust_upwards(f"slo.{j}.limit_ms", before, most, with_limit)
            if slo.scope == "all" and slo.statistic == "mean":
                of = sum(other.scope == "all" for other in instance.slos[:j])
                yield replace(
                    upwards,
                    knob=Knob(kind=KnobKind.SLO, of=of, low=1.0, high=most / before),
                    opened=instance,
                    stated=partial(mul, before),
                )
            else:
                yield upwards


def _arrival_rate_adjustment(instance: Instance) -> Adjustment:
    """The arrival rate down. Feasibility in it is not monotone: a limit of each LLM may bar low
    rates, where a curve falls at first, and so may a utilisation floor.
    """
    rate = instance.arrival_rate
    return Adjustment(
        change="arrival_rate_rps",
        before=rate,
        tries=tuple(rate / 2.0**k for k in range(1, RATE_HALVINGS)),
        apply=lambda value: replace(instance, arrival_rate=value),
        precision=PRECISION,
        monotone=False,
        knob=Knob(kind=KnobKind.RATE, low=0.5 ** (RATE_HALVINGS - 1), high=1.0),
        opened=instance,
        stated=partial(mul, rate),
    )


def _node_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """The nodes of every pool up, to four times as many, or eight more."""
    for p, pool in enumerate(instance.pools):

        def with_nodes(nodes: float, p: int = p) -> Instance:
            pools = list(instance.pools)
            pools[p] = replace(pools[p], nodes=round(nodes))
            return replace(instance, pools=tuple(pools))

        most = float(max(4 * pool.nodes, pool.nodes + 8))
        yield replace(
            _adjust_upwards(f"pools.{p}.nodes", float(pool.nodes), most, with_nodes, whole=True),
            knob=Knob(kind=KnobKind.NODES, of=p, low=pool.nodes + 1.0, high=most),
            opened=with_nodes(most),
        )


def _replica_limit_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """The most replicas of every LLM up, the least down to none."""
    for i, llm in enumerate(instance.llms):

        def with_most(most: float, i: int = i) -> Instance:
            return _with_llm(instance, i, replace(instance.llms[i], max_replicas=round(most)))

        def with_least(least: float, i: int = i) -> Instance:
            return _with_llm(instance, i, replace(instance.llms[i], min_replicas=round(least)))

        if llm.max_replicas is not None:
            before = float(llm.max_replicas)
            most = before + MORE_REPLICAS
            yield replace(
                _adjust_upwards(f"llms.{i}.max_replicas", before, most, with_most, whole=True),
                knob=Knob(kind=KnobKind.MOST, of=i, low=before + 1, high=most),
                opened=with_most(most),
            )
        if llm.min_replicas > 0:
            yield Adjustment(
                change=f"llms.{i}.min_replicas",
                before=float(llm.min_replicas),
                tries=(0.0,),
                apply=with_least,
                precision=1.0,
                whole=True,
                knob=Knob(kind=KnobKind.LEAST, of=i, low=0.0, high=llm.min_replicas - 1.0),
                opened=with_least(0.0),
            )


def _change_limit_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """The limit of replicas that may start or stop up, to as many as run and fit in all."""
    running = instance.running
    if running is None or running.most is None:
        return

    def with_most(most: float) -> Instance:
        return replace(instance, running=replace(running, most=round(most)))

    smallest = min((option.mps_share for option in instance.options), default=1.0)
    fit = float(np.ceil(instance.gpus / smallest))
    before, most = float(running.most), running.gone + sum(running.replicas) + fit
    if before < most:
        yield _adjust_upwards(CHANGE_LIMIT, before, most, with_most, whole=True)


def _with_llm(instance: Instance, i: int, changed: Llm) -> Instance:
    return replace(instance, llms=(*instance.llms[:i], changed, *instance.llms[i + 1 :]))


def _quality_floor_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """The quality floor of a cost objective down, to what the worst LLM alone gives."""
    floor = instance.quality_floor
    if instance.objective != ObjectiveKind.COST or floor is None:
        return
    lowest = float((instance.scores.values @ instance.scores.weights).min())
    if lowest < floor:
        yield Adjustment(
            change="objective.quality_at_least",
            before=floor,
            tries=(lowest,),
            apply=lambda value: replace(instance, quality_floor=value),
            precision=PRECISION * float(np.ptp(instance.scores.values)),
        )


def _utilisation_floor_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """The utilisation floor down, to none."""
    if instance.min_utilization > 0:
        yield Adjustment(
            change="setups.min_gpu_utilization_pct",
            before=100 * instance.min_utilization,
            tries=(0.0,),
            apply=lambda percent: replace(instance, min_utilization=percent / 100),
            precision=0.2,
            knob=Knob(kind=KnobKind.UTILIZATION, low=0.0, high=instance.min_utilization),
            opened=replace(instance, min_utilization=0.0),
            stated=partial(mul, 100.0),
        )


def _headroom_adjustments(instance: Instance) -> Iterator[Adjustment]:
    """Each headroom down, to none."""
    for key in HEADROOM_OF:
        part = key.removesuffix("_pct")
        stated = getattr(instance.headroom, part)

        def with_less(percent: float, part: str = part) -> Instance:
            less = replace(instance.headroom, **{part: percent / 100})
            return replace(instance, headroom=less)

        if stated > 0:
            less = Adjustment(
                change=f"headroom.{key}",
                before=100 * stated,
                tries=(0.0,),
                apply=with_less,
                precision=1.0,
                # A whole per cent is as fine as anybody states it, and stays feasible as written.
                whole=True,
                # Fewer requests may be harder to serve, as for the arrival rate itself.
                monotone=part != "rate",
            )
            over_all = all(slo.scope == "all" and slo.statistic == "mean" for slo in instance.slos)
            if part == "rate":
                yield replace(
                    less,
                    knob=Knob(kind=KnobKind.RATE, low=1 / (1 + stated), high=1.0),
                    opened=instance,
                    stated=partial(_rate_headroom_left, stated),
                )
            elif part == "slo" and over_all:
                yield replace(
                    less,
                    knob=Knob(kind=KnobKind.SLO, low=1.0, high=1 / (1 - stated)),
                    opened=instance,
                    stated=partial(_slo_headroom_left, stated),
                )
            else:
                yield less


def _rate_headroom_left(headroom: float, part: float) -> float:
    """Headroom in per cent of the stated rate where `part` of the raised one is served."""
    return 100 * ((1 + headroom) * part - 1)


def _slo_headroom_left(headroom: float, factor: float) -> float:
    """Headroom in per cent of the stated limits where the tightened ones grow by a factor."""
    return 100 * (1 - (1 - headroom) * factor)


def _adjust_upwards(
    change: str,
    before: float,
    most: float,
    apply: Callable[[float], Instance],
    *,
    whole: bool = False,
) -> Adjustment:
    """A number that helps the more the larger it is: tried a little larger first, since small
    repairs are the likely ones and a plan found there ends the search upwards.
    """
    steps = [before + 1, before + 2, before + 4] if whole else [1.25 * before, 2 * before]
    return Adjustment(
        change=change,
        before=before,
        tries=(*(value for value in steps if value < most), most),
        apply=apply,
        precision=1.0 if whole else PRECISION * before,
        whole=whole,
    )


def adjustment_limit_sentence(
    instance: Instance, adjustment: Adjustment, repaired: float | None
) -> str:
    """The present limit in words; for a quality floor also the highest reachable quality.

    repaired: its value in a repair, None without one.
    """
    before = adjustment.before
    match adjustment.change.split("."):
        case ["slo", j, _]:
            slo = instance.slos[int(j)]
            whose = "over all requests" if slo.scope == "all" else "of every deployed option"
            return f"{slo.statistic} {slo.metric.upper()} {whose} at most {before:g} ms"
        case ["arrival_rate_rps"]:
            return f"{before:g} req/s to be served"
        case ["pools", p, _]:
            pool = instance.pools[int(p)]
            return f"pool {pool.name} of {pool.nodes} x {pool.gpus_per_node} GPUs"
        case ["llms", i, which]:
            count = f"{before:g} replica{'' if before == 1 else 's'}"
            side = "most" if which == "max_replicas" else "least"
            return f"at {side} {count} of {instance.llms[int(i)].name}"
        case ["objective", _]:
            ceiling = instance.scores.best_mean
            within = "" if repaired is None else f", about {repaired:g} within the other limits"
            return (
                f"a quality of at least {before:g} (these scores allow {ceiling:.4g} if nothing"
                f" else is limited{within})"
            )
        case ["most_changes"]:
            replicas = f"{before:g} replica{'' if before == 1 else 's'}"
            return f"at most {replicas} to start or stop, from the setup that runs"
        case ["headroom", key]:
            return f"a headroom of {before:g} % of {HEADROOM_OF[key]}"
        case _:
            return f"a GPU utilisation of at least {before:g} %"


def unhelpful_adjustments_sentence(
    instance: Instance, adjustments: Sequence[Adjustment]
) -> tuple[str, ...]:
    """One sentence on the changes that were tried and do not help, each alone, with how far each
    went; none where there are none.
    """
    tried: list[str] = []
    counted = {"min_replicas", "max_replicas"}
    for adjustment in adjustments:
        last = adjustment.tries[-1]
        match adjustment.change.split("."):
            case ["slo", j, _]:
                slo = instance.slos[int(j)]
                tried.append(f"a {slo.statistic} {slo.metric.upper()} of up to {last:,.0f} ms")
            case ["arrival_rate_rps"]:
                tried.append(f"a rate down to {last:.3g} req/s")
            case ["pools", p, _]:
                tried.append(f"more nodes of pool {instance.pools[int(p)].name}, up to {last:,.0f}")
            case ["llms", _, which] if which in counted:
                tried.append(_replica_adjustment_phrase(instance, adjustments, which))
                counted.remove(which)
            case ["objective", _]:
                tried.append(f"a quality down to {last:.4g}")
            case ["setups", _]:
                tried.append(f"a GPU utilisation down to {last:g} %")
            case ["most_changes"]:
                tried.append("any number of replicas that start or stop")
            case ["headroom", key]:
                tried.append(f"no headroom of {HEADROOM_OF[key]}")
    return (f"Tried without success, each alone: {'; '.join(tried)}.",) if tried else ()


def _replica_adjustment_phrase(
    instance: Instance, adjustments: Sequence[Adjustment], which: str
) -> str:
    """All LLMs whose limit of one side was moved, in one phrase."""
    names = [
        instance.llms[int(one.change.split(".")[1])].name
        for one in adjustments
        if one.change.endswith(which)
    ]
    more = len(names) - MOST_NAMES
    rest = f" and {more} more LLM{'s' if more > 1 else ''}" if more > 0 else ""
    of = f"{'one of ' if len(names) > 1 else ''}{', '.join(names[:MOST_NAMES])}{rest}"
    if which == "max_replicas":
        return f"up to {MORE_REPLICAS} more replicas of {of}"
    return f"no required replica of {of}"
