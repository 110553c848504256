"""The inputs of a scenario that a plan may depend on, each with two values around its own.

    arrival rate               all rates of all classes and cases together
    limit of each SLO          also those of classes
    price of each pool's GPUs  rented and reserved ones, and of each LLM outside; only where cost is
                               minimised or bounded
    scores of each LLM         a shift of all its scores
    latencies of each LLM      all its curves, times a factor; only where there is an SLO
    nodes of each pool         whole nodes, at least one; only where the number is given
    headroom                   each kind that is stated
    required quality, budget   where they are stated

A value moves by PERCENT per cent of itself. Scores, and the quality that is required of them, have
no zero of their own where some are negative: then by as much of the range of all scores.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.instance import Instance, ObjectiveKind, Slo
from planner.plans.labels import slo_label
from planner.scenario.assemble import LoadResult
from profiles.records import Scores

__all__ = ["HEADROOMS", "InputKind", "StudiedInput", "studied_inputs"]

HEADROOMS = ("slo", "rate", "utilization")
"""Kinds of headroom, as `models.instance.Headroom` names them."""


class InputKind(StrEnum):
    """What kind of input moves."""

    RATE = "rate"
    SLO = "slo"
    CLASS_SLO = "class slo"
    PRICE = "price"
    OUTSIDE_PRICE = "outside price"
    SCORES = "scores"
    LATENCY = "latency"
    NODES = "nodes"
    HEADROOM = "headroom"
    FLOOR = "floor"
    BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class StudiedInput:
    """One input. at: positions of its kind (pool; served LLM; SLO; class and SLO; headroom).

    words, unit: its name in tables. today: its value, in `unit` (latencies: 1). low, high: the
    values that it is moved to, None where there is no such value.
    """

    kind: InputKind
    at: tuple[int, ...]
    words: str
    unit: str
    today: float
    low: float | None
    high: float | None


def studied_inputs(loaded: LoadResult, percent: float) -> list[StudiedInput]:
    """All inputs of a scenario that have a meaning for it. percent: by how much each moves."""
    part = percent / 100.0
    return [
        *_studied_rates(loaded, part),
        *_studied_slos(loaded, part),
        *_studied_prices(loaded, part),
        *_studied_llms(loaded, part),
        *_studied_nodes(loaded.instance, part),
        *_studied_limits(loaded, part),
    ]


def _studied_input(
    kind: InputKind, at: tuple[int, ...], words: str, unit: str, today: float, part: float
) -> StudiedInput:
    """An input that is moved by a part of itself."""
    low, high = ((1.0 + sign * part) * today for sign in (-1, 1))
    return StudiedInput(kind=kind, at=at, words=words, unit=unit, today=today, low=low, high=high)


def _studied_rates(loaded: LoadResult, part: float) -> Iterator[StudiedInput]:
    demand = loaded.demand
    if demand is None:
        words, rate = "arrival rate", loaded.instance.arrival_rate
    else:
        words, rate = "all arrival rates (largest case)", float(demand.rates().sum(axis=0).max())
    yield _studied_input(InputKind.RATE, (), words, "req/s", rate, part)


def _studied_slos(loaded: LoadResult, part: float) -> Iterator[StudiedInput]:
    for j, slo in enumerate(loaded.instance.slos):
        yield _studied_slo(InputKind.SLO, (j,), slo, "", part)
    for c, one in enumerate(() if loaded.demand is None else loaded.demand.classes):
        for j, slo in enumerate(one.slos):
            yield _studied_slo(InputKind.CLASS_SLO, (c, j), slo, f" of class {one.name}", part)


def _studied_slo(
    kind: InputKind, at: tuple[int, ...], slo: Slo, of: str, part: float
) -> StudiedInput:
    words = f"limit on {slo_label(slo.metric, slo.statistic, slo.scope)}{of}"
    return _studied_input(kind, at, words, "ms", 1000.0 * slo.limit, part)


def _studied_prices(loaded: LoadResult, part: float) -> Iterator[StudiedInput]:
    demand = loaded.demand
    bounded = demand is not None and demand.cost_at_most is not None
    if loaded.instance.objective != ObjectiveKind.COST and not bounded:
        return
    for p, pool in enumerate(loaded.instance.pools):
        if pool.price:
            words, price = f"price of a GPU of pool {pool.name}", pool.price
            yield _studied_input(InputKind.PRICE, (p,), words, "USD/h", price, part)
    for e, llm in enumerate(() if demand is None else demand.outside):
        words = f"prices of {llm.name}"
        yield _studied_input(InputKind.OUTSIDE_PRICE, (e,), words, "x", 1.0, part)


def _studied_llms(loaded: LoadResult, part: float) -> Iterator[StudiedInput]:
    instance, demand = loaded.instance, loaded.demand
    scores = instance.scores if demand is None else demand.classes[0].scores
    served = [llm.name for llm in instance.llms] if demand is None else list(demand.served)
    for k, name in enumerate(served):
        today = float(scores.values[k] @ scores.weights)
        yield _studied_score(InputKind.SCORES, (k,), f"scores of {name}", today, scores, part)
    slos = [*instance.slos, *(slo for c in (demand.classes if demand else ()) for slo in c.slos)]
    curved = {option.llm for option in instance.options}
    for k, name in enumerate(served if slos else ()):
        if k in curved or k >= len(instance.llms):
            words = f"latencies of {name}"
            yield _studied_input(InputKind.LATENCY, (k,), words, "x", 1.0, part)


def _studied_score(
    kind: InputKind, at: tuple[int, ...], words: str, today: float, scores: Scores, part: float
) -> StudiedInput:
    """An input in the unit of the scores."""
    least, most = float(np.min(scores.values)), float(np.max(scores.values))
    step = part * (most - least if least < 0 else abs(today))
    return StudiedInput(
        kind=kind,
        at=at,
        words=words,
        unit="mean score",
        today=today,
        low=today - step,
        high=today + step,
    )


def _studied_nodes(instance: Instance, part: float) -> Iterator[StudiedInput]:
    for p, pool in enumerate(instance.pools):
        if pool.sized is not None:
            continue
        step = max(1, round(part * pool.nodes))
        fewer = pool.nodes - step
        yield StudiedInput(
            kind=InputKind.NODES,
            at=(p,),
            words=f"nodes of pool {pool.name}",
            unit="nodes",
            today=pool.nodes,
            low=fewer if fewer >= max(1, pool.reserved) else None,
            high=pool.nodes + step,
        )


def _studied_limits(loaded: LoadResult, part: float) -> Iterator[StudiedInput]:
    """Headroom, required quality, budget."""
    instance, demand = loaded.instance, loaded.demand
    for k, key in enumerate(HEADROOMS):
        today = 100.0 * getattr(instance.headroom, key)
        if today > 0:
            one = _studied_input(InputKind.HEADROOM, (k,), f"headroom.{key}_pct", "%", today, part)
            # Of a limit and of a curve, less than all can be kept free.
            if key == "rate" or (one.high is not None and one.high < 100.0):
                yield one
    floor = instance.quality_floor
    if floor is not None:
        scores = instance.scores if demand is None else demand.classes[0].scores
        yield _studied_score(InputKind.FLOOR, (), "required quality", floor, scores, part)
    if demand is not None and demand.cost_at_most is not None:
        most = demand.cost_at_most
        yield _studied_input(InputKind.BUDGET, (), "budget", "USD/h", most, part)
