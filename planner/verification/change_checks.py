"""Checks of what a plan says of the setup that it starts from: replicas kept, started and stopped,
counted again from both setups by LLM, pool, degree and share, and their limit; and what starts
where that has a price, counted again from the seats of both.

    a replica stays    where the setup that runs has one of the same option on the same GPUs
    starts             shards of every other replica, also of one that only moved
    cost               usd_per_gpu x starts / hours
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from planner.verification.tolerances import RANGE_TOL

__all__ = ["check_stated_changes", "check_stated_cycle_changes", "recomputed_changes_cost"]

COUNTS = ("kept", "started", "stopped")

SHARE_DIGITS = 6
"""Decimals of a per cent to which shares are the same."""

UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError)

Key = tuple[str, str, int, float]

Spot = tuple[Key, frozenset[tuple[int, int]]]
"""An option, pool included, and the (node, GPU) of one replica of it."""


def check_stated_changes(plan: Mapping[str, Any]) -> Iterator[str]:
    """`context.from`, where a plan with a setup has it, of either schema.

    With m replicas of an option before and n after: kept sum min(m, n), started sum max(0, n - m),
    stopped sum max(0, m - n), 0 <= moved <= kept, and started + stopped <= most_changes.
    """
    stated = _stated_start(plan)
    if stated is None:
        return
    try:
        setups = plan.get("setups", [plan])
        before, after = _count_stated(stated["options"]), _count_stated(setups[0]["options"])
        numbers = {key: stated[key] for key in (*COUNTS, "moved")}
        most = stated["most_changes"]
    except UNREADABLE:
        yield "context.from: not what a plan says of the one it starts from"
        return
    if not all(isinstance(n, int) for n in numbers.values()) or not isinstance(most, int | None):
        yield f"context.from: {numbers}, most_changes {most} in a plan with a setup"
        return
    if len(setups) != 1:
        yield f"context.from: stated of a plan of {len(setups)} setups"
    yield from _check_counts_of_changes(numbers, before, after, most)
    if stated.get("changes") is not None:
        yield from _check_price_of_starts(plan, stated, before)


def check_stated_cycle_changes(plan: Mapping[str, Any]) -> Iterator[str]:
    """`context.from_cycle`, where a plan with setups in a cycle has it: the same counts of every
    setup against what runs in its own case, and the limit of each.
    """
    context = plan.get("context")
    stated = context.get("from_cycle") if isinstance(context, Mapping) else None
    if stated is None:
        return
    try:
        most, entries = stated["most_changes"], stated["setups"]
        told = [entry["case"] for entry in entries]
        read = [
            (_count_stated(one["options"]), _count_stated(setup["options"]))
            for one, setup in zip(entries, plan["setups"], strict=False)
        ]
        numbers = [{key: one[key] for key in COUNTS} for one in entries]
    except UNREADABLE:
        yield "context.from_cycle: not what a plan says of the one it starts from"
        return
    own = [setup["cases"][0] for setup in plan["setups"]]
    if told != own:
        yield f"context.from_cycle: of the cases {told} but the setups are of {own}"
        return
    whole = all(isinstance(n, int) for one in numbers for n in one.values())
    if not whole or not isinstance(most, int | None):
        yield f"context.from_cycle: {numbers}, most_changes {most} in a plan with setups"
        return
    for case, one, (before, after) in zip(own, numbers, read, strict=True):
        for problem in _check_counts_of_changes({**one, "moved": 0}, before, after, most):
            yield f"{problem}, case {case}"


def recomputed_changes_cost(plan: Mapping[str, Any]) -> float:
    """USD/h of what starts, by the seats of both setups; 0 where no price is stated, or none that
    can be read (`check_stated_changes` says so).
    """
    stated = _stated_start(plan)
    if stated is None or stated.get("changes") is None:
        return 0.0
    try:
        price, hours = _read_price(stated["changes"])
        return price * _shards_started(plan, stated) / hours
    except UNREADABLE:
        return 0.0


def _stated_start(plan: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """`context.from`, an empty table where it is none; None where nothing is stated."""
    context = plan.get("context")
    stated = context.get("from") if isinstance(context, Mapping) else None
    return stated if stated is None or isinstance(stated, Mapping) else {}


def _check_counts_of_changes(
    numbers: Mapping[str, int], before: Counter[Key], after: Counter[Key], most: int | None
) -> Iterator[str]:
    """Replicas kept, started, stopped and moved, and the limit. before, after: by option."""
    if any(count < 1 for count in before.values()):
        yield "context.from.options: an option without a replica"
    kept = sum((before & after).values())
    true = dict(zip(COUNTS, (kept, after.total() - kept, before.total() - kept), strict=True))
    for key in COUNTS:
        if numbers[key] != true[key]:
            yield f"context.from.{key}: {numbers[key]} but the setups say {true[key]}"
    if not 0 <= numbers["moved"] <= kept:
        yield f"context.from.moved: {numbers['moved']} of {kept} replicas that are kept"
    changes = true["started"] + true["stopped"]
    if most is not None and changes > most:
        yield f"context.from: {changes} replicas start or stop, allowed are {most}"


def _check_price_of_starts(
    plan: Mapping[str, Any], stated: Mapping[str, Any], before: Counter[Key]
) -> Iterator[str]:
    """`context.from.changes`: its seats are of the replicas that run, and what starts beside them
    and costs is what is said.
    """
    try:
        told = stated["changes"]
        price, hours = _read_price(told)
        started = _shards_started(plan, stated)
        seated = Counter(key for key, _ in _running_spots(stated).elements())
        true = {
            "gpus": float(started),
            "usd": price * started,
            "usd_per_h": price * started / hours,
        }
        numbers = {key: float(told[key]) for key in true}
    except UNREADABLE:
        yield "context.from.changes: not what a plan says of the price of its changes"
        return
    if seated != before:
        yield "context.from.changes.running: not the seats of the replicas that run"
    for key, value in true.items():
        if not abs(numbers[key] - value) <= RANGE_TOL * (1 + abs(value)):
            yield f"context.from.changes.{key}: {numbers[key]:.9g} but the seats say {value:.9g}"


def _read_price(told: Mapping[str, Any]) -> tuple[float, float]:
    """USD of one shard that starts, and the hours that it is spread over; ValueError where that is
    no price.
    """
    price, hours = float(told["usd_per_gpu"]), float(told["hours"])
    if not (math.isfinite(price) and price >= 0 and math.isfinite(hours) and hours > 0):
        raise ValueError("no price")
    return price, hours


def _shards_started(plan: Mapping[str, Any], stated: Mapping[str, Any]) -> int:
    """Shards of the plan's setup whose replica does not run on its GPUs."""
    news = _spots_of_setup(plan.get("setups", [plan])[0])
    news.subtract(_running_spots(stated))
    return sum(count * len(held) for (_, held), count in news.items() if count > 0)


def _running_spots(stated: Mapping[str, Any]) -> Counter[Spot]:
    """Replicas that run, by option and GPUs."""
    keys = [_stated_key(entry) for entry in stated["options"]]
    spots: Counter[Spot] = Counter()
    for seat in stated["changes"]["running"]:
        at = seat["option"]
        if not isinstance(at, int) or at < 0:
            raise ValueError("no position")
        spots[keys[at], frozenset((int(seat["node"]), int(gpu)) for gpu in seat["gpus"])] += 1
    return spots


def _spots_of_setup(setup: Mapping[str, Any]) -> Counter[Spot]:
    """Replicas of a placement of either schema, by option and GPUs."""
    held: dict[tuple[Key, int], set[tuple[int, int]]] = {}
    for shard in setup["placement"]:
        key = _stated_key(setup["options"][shard["option"]] if "option" in shard else shard)
        held.setdefault((key, shard["replica"]), set()).add((shard["node"], shard["gpu"]))
    return Counter((key, frozenset(on)) for (key, _), on in held.items())


def _stated_key(entry: Mapping[str, Any]) -> Key:
    profile = entry.get("mig_profile")
    part = round(float(entry["mps_share_pct"]), SHARE_DIGITS) if profile is None else profile
    return entry["llm"], entry["pool"], entry["tp_degree"], part


def _count_stated(entries: Any) -> Counter[Key]:
    """Replicas of each option."""
    counted: Counter[Key] = Counter()
    for entry in entries:
        counted[_stated_key(entry)] += entry["replicas"]
    return counted
