"""The plan, told: from positions and SI units to names and the units of files; plan.json and the
named tables.

`tell` turns a `Solution` into the content of plan.json (schema version 1, docs/plan.schema.json)
and lets nothing leave that fails the independent verifier. Beside the contract's keys the content
has `context`: what the tables tell and a reader needs (pools, what filtered, dropped options,
notices, seconds by phase), so that a plan read back from its file tells the same as a fresh one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.instance import Instance, Pool
from planner.errors import VerificationError
from planner.plans.numbers import finite, percent, tidy
from planner.plans.record import SCHEMA, Plan
from planner.plans.setup_content import setup_content
from planner.plans.tables import tables_of
from planner.solution import Conflict, Repair, ShadowPrices, Solution
from planner.verification.verifier import verify
from planner.version import VERSION

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult
    from planner.settings import Settings

__all__ = ["checked_content", "tables", "tell"]


def tell(
    loaded: "LoadResult", solution: Solution, settings: "Settings", timings: Mapping[str, float]
) -> Plan:
    """Tell the plan of `solution`.

    timings: s by phase, beside those in `solution.effort`. Raises VerificationError when the plan,
    or the best effort beside a conflict, fails the verifier against the instance.
    """
    instance, scenario = loaded.instance, loaded.scenario
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "scenario": scenario.spec.name,
        "scenario_path": Path(scenario.path).as_posix(),
        "overrides": dict(scenario.overrides),
        "scenario_sha256": loaded.sha256,
        "planner_version": VERSION,
        **checked_content(instance, solution, settings.rel_gap),
    }
    if solution.conflict is not None:
        content["conflict"] = _conflict_content(loaded, solution.conflict, settings.rel_gap)
    notices = list(dict.fromkeys([*loaded.notices, *instance.warnings]))
    content["context"] = {
        **_context(loaded, instance, solution, timings),
        "dropped": _dropped_content(instance),
        "notices": notices,
    }
    return Plan(content)


def checked_content(instance: Instance, solution: Solution, rel_gap: float) -> dict[str, Any]:
    """Tell status, objective, setup, routing, prices and search of one solution; raise
    VerificationError when it fails the verifier.
    """
    content = {
        "status": solution.status,
        "objective": _objective_content(instance, solution),
        **setup_content(instance, solution),
        "shadow_prices": _shadow_content(instance, solution.shadow_prices),
        "solver": _solver_content(solution),
    }
    return {**content, "checks": _checked(content, instance, rel_gap)}


def _objective_content(instance: Instance, solution: Solution) -> dict[str, Any]:
    """Tell value and bound of quality (mean score) or cost (USD/h); null where there is none."""
    value, bound = finite(solution.value), finite(solution.bound)
    gap = None if value is None or bound is None else abs(bound - value) / max(abs(value), 1e-9)
    quality = instance.objective == "quality"
    sense, of = ("maximize", "quality") if quality else ("minimize", "cost")
    return {"sense": sense, "of": of, "value": value, "bound": bound, "rel_gap": gap}


def _shadow_content(instance: Instance, prices: ShadowPrices | None) -> dict[str, Any]:
    """Tell the change of the objective per +1 req/s, per +1 ms of each SLO, per one more node of
    each pool; null with a reason in notes.
    """
    if prices is None:
        empty = ShadowPrices(
            None,
            (None,) * len(instance.slos),
            (None,) * len(instance.pools),
            ("not computed: there is no plan to price",),
        )
        return _shadow_content(instance, empty)
    per_ms = [None if (p := finite(price)) is None else p / 1000.0 for price in prices.slo]
    pools = {
        pool.name: finite(price) for pool, price in zip(instance.pools, prices.pools, strict=True)
    }
    return {
        "arrival_rate_rps": finite(prices.arrival_rate),
        "slo": per_ms,
        "pools": pools,
        "notes": list(prices.notes),
    }


def _solver_content(solution: Solution) -> dict[str, Any]:
    """Tell the search in numbers; wall_s in s."""
    effort = solution.effort
    return {
        "name": "HiGHS",
        "version": effort.solver_version,
        "wall_s": float(effort.wall),
        "milp_solves": int(effort.milp_solves),
        "quality_cuts": int(effort.quality_cuts),
        "nodes": int(effort.nodes),
        "termination": effort.termination,
    }


def _checked(content: Mapping[str, Any], instance: Instance, rel_gap: float) -> dict[str, Any]:
    """Ask the verifier about `content` (without a setup: that nothing is told); raise
    VerificationError when it finds a problem.
    """
    problems = verify(content, instance, rel_gap_target=rel_gap)
    if problems:
        raise VerificationError(problems)
    return {"verified": True, "problems": []}


def _conflict_content(loaded: "LoadResult", conflict: Conflict, rel_gap: float) -> dict[str, Any]:
    """Tell limits in words, repairs in the scenario's own paths and units, and the plan of the
    nearest feasible case.
    """
    return {
        "limits": list(conflict.limits),
        "repairs": [_repair_content(repair) for repair in conflict.repairs],
        "best_effort": _best_effort(loaded, conflict, rel_gap),
    }


def _best_effort(loaded: "LoadResult", conflict: Conflict, rel_gap: float) -> dict[str, Any] | None:
    """Tell the plan of the instance after the one change that makes it feasible, verified against
    that instance; None without one.
    """
    solution, change = conflict.best_effort, conflict.best_effort_change
    if solution is None or not solution.has_plan:
        return None
    nearest = loaded.instance if change is None else changed_instance(loaded.instance, change)
    content = {
        "change": None if change is None else _repair_content(change),
        **checked_content(nearest, solution, rel_gap),
    }
    content["context"] = {**_context(loaded, nearest, solution, {}), "dropped": [], "notices": []}
    return content


def _repair_content(repair: Repair) -> dict[str, Any]:
    """Tell one change of the scenario: dotted path, value before and after in the scenario's units;
    whole numbers as such.
    """
    return {"change": repair.change, "from": tidy(repair.before), "to": tidy(repair.after)}


def changed_instance(instance: Instance, change: Repair) -> Instance:
    """Replace one number of the scenario (`change` is in its units) in the instance.

    ValueError for an unknown path.
    """
    after = change.after
    match change.change.split("."):
        case ["arrival_rate_rps"]:
            return replace(instance, arrival_rate=float(after))
        case ["slo", at, "limit_ms"]:
            return replace(instance, slos=_with(instance.slos, int(at), limit=after / 1000.0))
        case ["pools", at, "nodes"]:
            return replace(instance, pools=_with(instance.pools, int(at), nodes=round(after)))
        case ["llms", at, ("min_replicas" | "max_replicas") as key]:
            return replace(instance, llms=_with(instance.llms, int(at), **{key: round(after)}))
        case ["objective", "quality_at_least"]:
            return replace(instance, quality_floor=float(after))
        case ["setups", "min_gpu_utilization_pct"]:
            return replace(instance, min_utilization=after / 100.0)
    raise ValueError(f"no instance is known for a change of {change.change}")


def _with(records: Sequence[Any], at: int, **changes: Any) -> tuple[Any, ...]:
    """Change the record at position `at`."""
    return tuple(
        replace(record, **changes) if k == at else record for k, record in enumerate(records)
    )


def _dropped_content(instance: Instance) -> list[dict[str, Any]]:
    """Tell options considered and left out; shares in per cent."""
    return [
        {
            "llm": d.llm,
            "pool": d.pool,
            "tp_degree": d.tp_degree,
            "mps_share_pct": tidy(d.mps_share_pct),
            "reason": d.reason,
        }
        for d in instance.dropped
    ]


def _context(
    loaded: "LoadResult", instance: Instance, solution: Solution, timings: Mapping[str, float]
) -> dict[str, Any]:
    """Tell what stands beside the contract's keys: demand, pools, what filtered the options,
    sources of curves, seconds by phase.
    """
    deployed = [
        option
        for option, replicas in zip(instance.options, solution.replicas, strict=False)
        if replicas > 0
    ]
    return {
        "arrival_rate_rps": float(instance.arrival_rate),
        "quality_at_least": finite(instance.quality_floor),
        "prompts": len(instance.scores.weights),
        "pools": [_pool_content(pool) for pool in instance.pools],
        "llms": [
            {"name": llm.name, "min_replicas": llm.min_replicas, "max_replicas": llm.max_replicas}
            for llm in instance.llms
        ],
        "filters": _filters_content(loaded, instance),
        "options_considered": len(instance.options),
        "sources": sorted({option.curve.source for option in deployed if option.curve.source}),
        "effort_notes": list(solution.effort.notes),
        "seconds": {
            phase: float(seconds)
            for phase, seconds in {**timings, **solution.effort.seconds}.items()
        },
    }


def _pool_content(pool: Pool) -> dict[str, Any]:
    """Tell one pool in the scenario's keys; memory in GiB of one GPU, price in USD/h of one GPU."""
    shape = {
        "name": pool.name,
        "gpu": pool.gpu,
        "nodes": int(pool.nodes),
        "gpus_per_node": int(pool.gpus_per_node),
    }
    return {**shape, "memory_gib": float(pool.memory), "price_usd_per_gpu_h": finite(pool.price)}


def _filters_content(loaded: "LoadResult", instance: Instance) -> dict[str, Any]:
    """Tell settings that keep options or setups out, defaults included; null = everything
    profiled.
    """
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
        "memory_headroom_pct": percent(instance.memory_headroom),
        "min_gpu_utilization_pct": percent(instance.min_utilization),
    }


def tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """Make the plan's named tables, units in the headers; see `planner.plans.tables`."""
    return tables_of(plan.content)
