"""Context of the result in plan.json: demand, pools, filters, sources of curves, dropped
options, notices, seconds by phase.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.instance import Dropped, Instance, Pool
from planner.plans.curve_warnings import curve_warnings
from planner.plans.headroom_content import headroom_content
from planner.plans.numbers import finite_number, percent, tidy
from planner.plans.option_index import option_slice_content
from planner.plans.schema import (
    ContextContent,
    DroppedContent,
    FiltersContent,
    MigFilterContent,
    PaidPoolContent,
    PoolContent,
    ScenarioContextContent,
)
from planner.plans.tail_warnings import tail_warnings
from planner.solution import Solution

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult

__all__ = ["context_content", "scenario_context"]


def context_content(
    loaded: "LoadResult",
    instance: Instance,
    solution: Solution,
    timings: Mapping[str, float],
    notices: Sequence[str],
) -> ContextContent:
    """Return what reports show in addition to the plan.

    instance: the one that `solution` is of, which for a best effort is not `loaded.instance`.
    timings: s by phase, in addition to those in `solution.effort`.
    """
    deployed = [
        option
        for option, replicas in zip(instance.options, solution.replicas, strict=False)
        if replicas > 0
    ]
    return {
        **scenario_context(loaded, instance),
        "sources": sorted({option.curve.source for option in deployed if option.curve.source}),
        "tables_sha256": dict(loaded.table_sha256),
        "curve_warnings": [
            *curve_warnings(instance, deployed),
            *tail_warnings(instance, solution),
        ],
        "effort_notes": list(solution.effort.notes),
        "seconds": {
            phase: float(seconds)
            for phase, seconds in {**timings, **solution.effort.seconds}.items()
        },
        "notices": list(notices),
    }


def scenario_context(loaded: "LoadResult", instance: Instance) -> ScenarioContextContent:
    """Return the part of the context that restates the scenario, whatever the solution."""
    return {
        "arrival_rate_rps": float(instance.arrival_rate),
        **headroom_content(instance.headroom),
        "quality_at_least": finite_number(instance.quality_floor),
        "prompts": len(instance.scores.weights),
        "scores_provenance": instance.scores.provenance.value,
        "pools": [_context_pool_content(pool) for pool in instance.pools],
        "llms": [
            {"name": llm.name, "min_replicas": llm.min_replicas, "max_replicas": llm.max_replicas}
            for llm in instance.llms
        ],
        "filters": _context_filters_content(loaded, instance),
        "options_considered": len(instance.options),
        "dropped": [_context_dropped_content(option) for option in instance.dropped],
    }


def _context_pool_content(pool: Pool) -> PoolContent:
    """One pool in the scenario's keys; memory in GiB of one GPU, price in USD/h of one GPU."""
    return {
        "name": pool.name,
        "gpu": pool.gpu,
        "nodes": int(pool.nodes),
        "gpus_per_node": int(pool.gpus_per_node),
        "memory_gib": float(pool.memory),
        "price_usd_per_gpu_h": finite_number(pool.price),
        **_context_payment_content(pool),
    }


def _context_payment_content(pool: Pool) -> PaidPoolContent:
    """How a pool is paid; nothing where it is rented."""
    paid: PaidPoolContent = {}
    if pool.sized is not None:
        paid["nodes_at_least"], paid["nodes_at_most"] = pool.sized
    elif pool.owned:
        paid["owned"] = True
    if pool.reserved:
        price = float(pool.reserved_price)
        paid["reserved"] = {"nodes": pool.reserved, "price_usd_per_gpu_h": price}
    return paid


def _context_filters_content(loaded: "LoadResult", instance: Instance) -> FiltersContent:
    """Settings that keep options or setups out, defaults included; null = everything profiled."""
    setups = loaded.scenario.spec.setups
    return {
        "tp_degrees": (
            None if setups.tp_degrees is None else [int(degree) for degree in setups.tp_degrees]
        ),
        "mps_shares_pct": (
            None
            if setups.mps_shares_pct is None
            else [tidy(share) for share in setups.mps_shares_pct]
        ),
        **_mig_filter_content(setups.mig_profiles),
        "memory_headroom_pct": percent(instance.memory_headroom),
        "min_gpu_utilization_pct": percent(instance.min_utilization),
    }


def _mig_filter_content(profiles: Sequence[str] | None) -> MigFilterContent:
    """Nothing where all profiles may be used."""
    return {} if profiles is None else {"mig_profiles": list(profiles)}


def _context_dropped_content(option: Dropped) -> DroppedContent:
    """One option that was considered and left out; its share in per cent."""
    return {
        "llm": option.llm,
        "pool": option.pool,
        "tp_degree": option.tp_degree,
        **option_slice_content(option.mig_profile or tidy(option.mps_share_pct)),
        "reason": option.reason,
    }
