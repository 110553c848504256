"""The true value of one unit more or less of every limit: by planning again, not by slopes.

    nodes of each pool          +1 and -1                      every SLO           +10 ms and -10 ms
    arrival rate                +1 and -1 req/s                memory of a pool    +1 GiB per GPU,
                                where a used GPU is nearly full
    required quality            +0.01 and -0.01                replicas of an LLM  +1, where as many
                                run as are allowed; -1, where no more run than must

Each is one solve with the kept quality cuts. difference = value there - value here; it counts as
certain when it is larger than what the gaps of both solves leave open. GPUs and replicas come in
whole numbers, so the value of a unit more is rarely that of a unit less.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.instance import Instance
from models.quality import Quality
from planner.joint import solve as joint
from planner.plans.conflict_content import instance_without_conflict
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Repair, Solution

__all__ = ["Marginal", "marginal_values"]

SLO_STEP_MS = 10.0
QUALITY_STEP = 0.01
FULL = 0.98
"""Share of the usable memory from which a GPU counts as nearly full."""


@dataclass(frozen=True, kw_only=True)
class Marginal:
    """One limit moved by one unit.

    change: dotted path, or `pools.K.memory_gib`; before, after: in the scenario's units.

    value, bound: of the plan there, None where there is none (status says why). difference:
    signed, of the objective; certain: larger than the gaps leave open.
    """

    change: str
    before: float
    after: float
    status: str
    value: float | None
    bound: float | None
    difference: float | None
    certain: bool


def marginal_values(
    instance: Instance,
    plan: Solution,
    settings: Settings,
    quality: Quality | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Marginal, ...]:
    """Plan again with every limit moved; `plan` must have a setup. Cancelled, those done so
    far.
    """
    began, quality, moved = time.perf_counter(), quality or Quality(instance.scores), []
    moves = list(_moves_for_marginals(instance, plan))
    for number, (repair, other) in enumerate(moves):
        if cancel is not None and cancel.is_set():
            break
        moved.append(
            _marginal_of_repair(
                plan,
                repair,
                joint.solve_joint(
                    other, settings, cancel=cancel, quality=quality, explain=False, lean=False
                ),
            )
        )
        if progress is not None:
            progress(
                Progress(
                    time.perf_counter() - began,
                    f"{number + 1} of {len(moves)} limits moved",
                    plan.value,
                    plan.bound,
                )
            )
    return tuple(moved)


def _moves_for_marginals(instance: Instance, plan: Solution) -> Iterator[tuple[Repair, Instance]]:
    """Every limit moved by a unit up and down, and the instance there."""
    repairs: list[Repair] = []
    for k, pool in enumerate(instance.pools):
        repairs += [
            Repair(f"pools.{k}.nodes", pool.nodes, after)
            for after in (pool.nodes + 1, pool.nodes - 1)
            if after >= 1
        ]
    for k, slo in enumerate(instance.slos):
        limit = 1000.0 * slo.limit
        repairs += [
            Repair(f"slo.{k}.limit_ms", limit, limit + step)
            for step in (SLO_STEP_MS, -SLO_STEP_MS)
            if limit + step > 0
        ]
    rate, floor = instance.arrival_rate, instance.quality_floor
    repairs += [
        Repair("arrival_rate_rps", rate, rate + step) for step in (1.0, -1.0) if rate + step > 0
    ]
    if floor is not None:
        repairs += [
            Repair("objective.quality_at_least", floor, floor + step)
            for step in (QUALITY_STEP, -QUALITY_STEP)
        ]
    for key, step in (("max_replicas", 1), ("min_replicas", -1)):
        limits = [getattr(llm, key) for llm in instance.llms]
        repairs += [
            Repair(f"llms.{k}.{key}", limit, limit + step)
            for k, limit in _llms_at_limit_for_marginals(instance, plan, limits)
        ]
    for repair in repairs:
        yield repair, instance_without_conflict(instance, repair)
    for k in _full_pools_for_marginals(instance, plan):
        pool = instance.pools[k]
        grown = replace(pool, memory=pool.memory + 1.0)
        yield (
            Repair(f"pools.{k}.memory_gib", pool.memory, grown.memory),
            replace(instance, pools=(*instance.pools[:k], grown, *instance.pools[k + 1 :])),
        )


def _llms_at_limit_for_marginals(
    instance: Instance, plan: Solution, limits: Sequence[int | None]
) -> list[tuple[int, int]]:
    """LLMs that run exactly as many replicas as a limit says, with it; no limit and 0 are none.

    limits: (M,) of each LLM.
    """
    llm = [option.llm for option in instance.options]
    running = np.bincount(llm, weights=plan.replicas, minlength=len(instance.llms))
    return [(k, limit) for k, limit in enumerate(limits) if limit and running[k] == limit]


def _full_pools_for_marginals(instance: Instance, plan: Solution) -> list[int]:
    """Pools with a GPU whose memory is nearly used up."""
    used: dict[tuple[int, int, int], float] = defaultdict(float)
    for shard in plan.placement:
        option = instance.options[shard.option]
        used[option.pool, shard.node, shard.gpu] += option.memory
    return sorted(
        {pool for (pool, _, _), memory in used.items() if memory >= FULL * instance.room(pool)}
    )


def _marginal_of_repair(plan: Solution, repair: Repair, there: Solution) -> Marginal:
    """The plan there, compared with the plan here."""
    if there.value is None or plan.value is None:
        return Marginal(
            change=repair.change,
            before=repair.before,
            after=repair.after,
            status=there.status,
            value=None,
            bound=there.bound,
            difference=None,
            certain=there.status == "infeasible",
        )
    difference = there.value - plan.value
    open_part = sum(
        abs(one.bound - one.value)
        for one in (plan, there)
        if one.bound is not None and one.value is not None
    )
    certain = bool(
        abs(difference) > open_part + CLOSE_ENOUGH * max(abs(plan.value), 1e-9)
        and np.isfinite(open_part)
    )
    return Marginal(
        change=repair.change,
        before=repair.before,
        after=repair.after,
        status=there.status,
        value=there.value,
        bound=there.bound,
        difference=difference,
        certain=certain,
    )
