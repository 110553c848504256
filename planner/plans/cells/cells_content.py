"""plan.json of a solution over cells (schema version 2): positions and SI units become names and
the units of files.

`build_cells_plan` returns no plan that fails the independent verifier.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandInstance
from models.formulation import known_fleet_cost
from models.instance import Slo
from planner.cell_solution import CellPlan, CellSolution, Lane, PlannedSetup, RoutedCase
from planner.errors import VerificationError
from planner.plans.cells.cell_conflict_content import cell_conflict_content
from planner.plans.cells.cell_prices_content import cell_prices_content
from planner.plans.cells.cell_slo_content import case_slo_content, cell_slo_content
from planner.plans.context_content import scenario_context
from planner.plans.latencies import latencies_at, latency_provenance_at
from planner.plans.numbers import finite_number
from planner.plans.option_index import option_slice_content, option_slice_of, option_start_contents
from planner.plans.plan_file import CELLS_SCHEMA
from planner.plans.setup_content import bought_nodes_content
from planner.verification.cells.cells_verifier import run_cells_verifier
from planner.version import VERSION
from profiles.records import PROVENANCES, ScoreProvenance

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult
    from planner.settings import Settings

__all__ = ["build_cells_plan"]


def build_cells_plan(
    loaded: "LoadResult",
    demand: DemandInstance,
    solution: CellSolution,
    settings: "Settings",
    timings: Mapping[str, float],
    begin: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The content of plan.json, verified.

    timings: s by phase, in addition to those of the search. begin: from the content to what its
    context says of the plan that this one starts from. VerificationError when the plan fails
    the verifier.
    """
    effort, scenario = solution.effort, loaded.scenario
    content: dict[str, Any] = {
        "schema": CELLS_SCHEMA,
        "scenario": scenario.spec.name,
        "scenario_path": Path(scenario.path).as_posix(),
        "overrides": dict(scenario.overrides),
        "scenario_sha256": loaded.sha256,
        "planner_version": VERSION,
        "status": solution.status,
        "objective": _objective_content(demand, solution),
        **_result_content(demand, solution.plan),
        "solver": {
            "name": "HiGHS",
            "version": effort.solver_version,
            "wall_s": float(effort.wall),
            "milp_solves": int(effort.milp_solves),
            "quality_cuts": int(effort.quality_cuts),
            "nodes": int(effort.nodes),
            "termination": effort.termination,
        },
        "checks": {"verified": True, "problems": []},
        "context": {
            **scenario_context(loaded, demand.instance),
            "scores_provenance": _weakest_scores_provenance(demand),
            "effort_notes": list(effort.notes),
            "seconds": {
                phase: float(seconds) for phase, seconds in {**timings, **effort.seconds}.items()
            },
            "notices": list(dict.fromkeys([*loaded.notices, *demand.instance.warnings])),
        },
    }
    if solution.plan is not None:
        content["shadow_prices"] = cell_prices_content(demand, solution.prices)
    if solution.reasons:
        content["conflict"] = cell_conflict_content(scenario.spec, solution)
    if begin is not None:
        content["context"] |= begin(content)
    problems = run_cells_verifier(content, demand, rel_gap_target=settings.rel_gap)
    if problems:
        raise VerificationError(problems)
    return content


def _weakest_scores_provenance(demand: DemandInstance) -> str:
    """The weakest of the scores of any class."""
    kinds = list(ScoreProvenance)
    return max((one.scores.provenance for one in demand.classes), key=kinds.index).value


def _objective_content(demand: DemandInstance, solution: CellSolution) -> dict[str, Any]:
    """Value and bound of quality (mean score) or cost (USD/h); null where there is none."""
    value, bound = finite_number(solution.value), finite_number(solution.bound)
    gap = None if value is None or bound is None else abs(bound - value) / max(abs(value), 1e-9)
    quality = demand.instance.objective == "quality"
    sense, of = ("maximize", "quality") if quality else ("minimize", "cost")
    return {"sense": sense, "of": of, "value": value, "bound": bound, "rel_gap": gap}


def _result_content(demand: DemandInstance, plan: CellPlan | None) -> dict[str, Any]:
    """Setup, cells, lanes, losses, cases and cost; empty without a plan."""
    total = demand.instance.gpus
    if plan is None:
        return {
            "quality": None,
            "cost_usd_per_h": None,
            "gpus_used": None,
            "gpus_total": total,
            "setups": [],
            "cells": [],
            "lanes": [],
            "losses": [],
            "cases": [],
            "cost": {"gpus_usd_per_h": None, "outside_usd_per_h": None, "starts_usd_per_h": None},
        }
    priced = all(
        known_fleet_cost(demand.instance, [one.gpus for one in setup.packings]) is not None
        for setup in plan.setups
    )
    routed = sorted(plan.routed, key=lambda one: (one.case, -1 if one.loss is None else one.loss))
    return {
        **bought_nodes_content(demand.instance),
        "quality": float(plan.quality),
        "cost_usd_per_h": plan.cost if priced else None,
        "gpus_used": plan.gpus,
        "gpus_total": total,
        "setups": [_setup_content(demand, setup, routed) for setup in plan.setups],
        "cells": [entry for one in routed for entry in _cells_content(demand, one)],
        "lanes": [
            _lane_content(demand, one, lane, _option_positions(plan.setup_of(one.case)))
            for one in routed
            for lane in one.lanes
        ],
        "losses": [
            {
                "case": demand.cases[loss.case].name,
                "nodes": {
                    demand.instance.pools[p].name: list(nodes)
                    for p, nodes in loss.kind.nodes.items()
                },
                "alike": loss.kind.alike,
                "same_as": loss.same_as,
            }
            for loss in plan.losses
        ],
        "cases": [
            _case_content(demand, plan, t, routed, priced=priced) for t in range(len(demand.cases))
        ],
        "cost": {
            "gpus_usd_per_h": plan.gpus_cost if priced else None,
            "outside_usd_per_h": plan.outside_cost,
            "starts_usd_per_h": plan.starts_cost,
        },
    }


def _option_positions(setup: PlannedSetup) -> dict[int, int]:
    """Option -> its position in the setup's `options`."""
    return {o: k for k, o in enumerate(np.flatnonzero(setup.replicas).tolist())}


def _setup_content(
    demand: DemandInstance, setup: PlannedSetup, routed: Sequence[RoutedCase]
) -> dict[str, Any]:
    """A setup: options by position, and the GPUs of their shards."""
    instance, at = demand.instance, _option_positions(setup)
    own = [one for one in routed if one.case in setup.cases]
    options = []
    for o in at:
        option, pool = instance.options[o], instance.pools[instance.options[o].pool]
        options.append(
            {
                "llm": instance.llms[option.llm].name,
                "pool": pool.name,
                "gpu": pool.gpu,
                "tp_degree": int(option.tp_degree),
                **option_slice_content(option_slice_of(option)),
                "replicas": int(setup.replicas[o]),
                "max_rate_per_replica_rps": option.curve.max_rate,
                "memory_gib_per_gpu": float(option.memory),
                "provenance": _weakest_provenance(demand, own, o),
            }
        )
    placement: list[dict[str, Any]] = [
        {
            "pool": instance.pools[p].name,
            "node": int(node),
            "gpu": int(gpu),
            "option": at[key],
            "replica": int(replica),
            "shard": shard,
        }
        for p, packing in enumerate(setup.packings)
        for key, replica, node, gpus in packing.seats
        for shard, gpu in enumerate(gpus)
    ]
    placement.sort(key=lambda s: (s["pool"], s["node"], s["gpu"], s["option"], s["replica"]))
    of_option = list(at)
    for _, gpu in groupby(placement, key=lambda s: (s["pool"], s["node"], s["gpu"])):
        shards = list(gpu)
        starts = option_start_contents([instance.options[of_option[s["option"]]] for s in shards])
        for shard, start in zip(shards, starts, strict=True):
            shard.update(start)
    return {
        "cases": [demand.cases[t].name for t in setup.cases],
        "options": options,
        "placement": placement,
        "gpus_used": setup.gpus,
    }


def _weakest_provenance(demand: DemandInstance, routed: Sequence[RoutedCase], o: int) -> str:
    """The weakest of the points beside the loads that an option runs at."""
    words = []
    for one in routed:
        for lane in one.lanes:
            busy = np.flatnonzero(lane.rates > 0).tolist()
            if lane.option == o:
                load = _lane_load(demand, lane)
                words += [latency_provenance_at(demand.curve(o, c), load) for c in busy]
    own = demand.instance.options[o].curve
    return max(words or [latency_provenance_at(own, 0.0)], key=PROVENANCES.index)


def _lane_load(demand: DemandInstance, lane: Lane) -> float:
    """req/s of the profile's work on one replica."""
    llm = demand.instance.options[lane.option].llm
    work = np.array([entry.work[llm] for entry in demand.classes])
    return float(lane.rates @ work) / lane.replicas


def _lane_content(
    demand: DemandInstance, one: RoutedCase, lane: Lane, at: Mapping[int, int]
) -> dict[str, Any]:
    """One lane: its rates, its load, and the latencies there, ms; of a class with a curve of its
    own also that.
    """
    load = _lane_load(demand, lane)
    busy = np.flatnonzero(lane.rates > 0).tolist()
    content: dict[str, Any] = {
        "case": demand.cases[one.case].name,
        "loss": one.loss,
        "option": at[lane.option],
        "replicas": int(lane.replicas),
        "load_rps": load,
        "rates": {demand.classes[c].name: float(lane.rates[c]) for c in busy},
        "latency_ms": _latency_content(demand.instance.options[lane.option].curve, load),
    }
    own = {
        demand.classes[c].name: _latency_content(demand.curve(lane.option, c), load)
        for c in busy
        if (lane.option, c) in demand.class_curves
    }
    return {**content, "class_latency_ms": own} if own else content


def _latency_content(curve: Any, load: float) -> dict[str, float]:
    return {
        f"{metric}_{statistic}": 1000.0 * seconds
        for (metric, statistic), seconds in latencies_at(curve, load).items()
    }


def _cells_content(demand: DemandInstance, one: RoutedCase) -> list[dict[str, Any]]:
    """The cells of one case, or of one loss of it, at the rates that are planned for."""
    names = demand.served
    entries = []
    for cell in demand_with_headroom(demand).cells(one.case):
        c = cell.request_class
        settled, fractions = one.settled[c], one.fractions[c]
        sent = [i for i, fraction in enumerate(fractions) if fraction > 0]
        entries.append(
            {
                "class": demand.classes[c].name,
                "case": demand.cases[one.case].name,
                "loss": one.loss,
                "rate_rps": float(cell.rate),
                "quality": float(settled.value),
                "routing": {names[i]: float(fractions[i]) for i in sent},
                "dual_prices": {names[i]: finite_number(settled.prices[i]) for i in sent},
                "router": {
                    "rule": "argmax(score - dual_price)",
                    "tie_eps": float(settled.tie_eps),
                    "ties": [
                        {
                            "llms": [names[i] for i in tie.llms],
                            "share": float(tie.share),
                            "split": [float(s) for s in tie.split],
                        }
                        for tie in settled.ties
                    ],
                },
                "slo": cell_slo_content(demand, one, cell),
            }
        )
    return entries


def _case_content(
    demand: DemandInstance,
    plan: CellPlan,
    case: int,
    routed: Sequence[RoutedCase],
    *,
    priced: bool,
) -> dict[str, Any]:
    """One case: quality and spend of its worst loss, limits over all its requests."""
    entry = demand.cases[case]
    own = [one for one in routed if one.case == case]
    served = any(entry.rates)
    worst = min(own, key=lambda one: one.quality) if own and served else None
    slos: Sequence[Slo] = demand.instance.slos
    setup = plan.setup_of(case)
    return {
        "case": entry.name,
        "hours": float(entry.hours),
        "quality": None if worst is None else float(worst.quality),
        "gpus_used": setup.gpus,
        "cost_usd_per_h": (
            setup.cost + (0.0 if worst is None else worst.spend) if priced else None
        ),
        "slo": [case_slo_content(demand, own if served else [], case, slo) for slo in slos],
    }
