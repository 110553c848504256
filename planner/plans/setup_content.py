"""The setup of a solution in names and file units: options, routing, router, SLOs achieved,
placement, GPUs and cost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import cast

import numpy as np

from models.demand.headroom import with_headroom
from models.demand.node_numbers import decided_numbers
from models.formulation import known_fleet_cost
from models.instance import Instance, Slo
from planner.plans.latencies import (
    OperatingPoint,
    achieved_latency,
    latencies_at,
    latency_provenance_at,
)
from planner.plans.numbers import finite_number, tidy
from planner.plans.option_index import option_slice_content, option_slice_of, option_start_contents
from planner.plans.schema import (
    BoughtNodesContent,
    OptionContent,
    RouterContent,
    SetupContent,
    ShardContent,
    SloContent,
    TieContent,
)
from planner.solution import Shard, Solution

__all__ = ["BINDING_SLACK", "bought_nodes_content", "setup_content"]

BINDING_SLACK = 0.001
"""An SLO is called binding when less than this share of its limit is left: plans are found up to a
gap, and curves up to their error.
"""


def setup_content(instance: Instance, solution: Solution) -> SetupContent:
    """Return the keys quality ... placement of plan.json; empty lists, mappings and null when the
    solution has no plan.
    """
    if not solution.has_plan:
        return {
            "quality": None,
            "cost_usd_per_h": None,
            "gpus_used": None,
            "gpus_total": instance.gpus,
            "options": [],
            "routing": {},
            "dual_prices": {},
            "router": _setup_router_content(instance, solution),
            "slo": _setup_slos_content(instance, []),
            "placement": [],
        }
    used = {(instance.options[s.option].pool, s.node, s.gpu) for s in solution.placement}
    operating = _setup_operating_points(instance, solution)
    names = [llm.name for llm in instance.llms]
    return {
        "quality": finite_number(solution.quality),
        **bought_nodes_content(instance),
        "cost_usd_per_h": _setup_cost(instance, Counter(pool for pool, _, _ in used)),
        "gpus_used": len(used),
        "gpus_total": instance.gpus,
        "options": [
            _setup_option_content(instance, solution, int(o))
            for o in np.flatnonzero(solution.replicas)
        ],
        "routing": {name: float(f) for name, f in zip(names, solution.fractions, strict=True)},
        "dual_prices": {
            n: finite_number(a) if f > 0.0 else None
            for n, a, f in zip(names, solution.dual_prices, solution.fractions, strict=True)
        },
        "router": _setup_router_content(instance, solution),
        "slo": _setup_slos_content(instance, operating),
        "placement": _setup_placement_content(instance, solution),
    }


def bought_nodes_content(instance: Instance) -> BoughtNodesContent:
    """The numbers of nodes that the plan has decided; nothing where all were given."""
    numbers = decided_numbers(instance)
    pools = [{"pool": instance.pools[p].name, "nodes": count} for p, count in numbers.items()]
    return cast("BoughtNodesContent", {"pools": pools} if pools else {})


def _setup_operating_points(instance: Instance, solution: Solution) -> list[OperatingPoint]:
    """The deployed options with their rates."""
    return [
        OperatingPoint(
            instance.options[o].curve,
            float(solution.routed_rates[o]),
            float(solution.routed_rates[o] / solution.replicas[o]),
        )
        for o in np.flatnonzero(solution.replicas)
    ]


def _setup_cost(instance: Instance, used: Mapping[int, int]) -> float | None:
    """USD/h of all GPUs that are paid for; None when one of them has no price.

    used: GPUs in use by pool.
    """
    return known_fleet_cost(instance, [used.get(p, 0) for p in range(len(instance.pools))])


def _setup_option_content(instance: Instance, solution: Solution, o: int) -> OptionContent:
    """One deployed option: rates in req/s, latencies in ms at the rate per replica, memory in
    GiB per GPU.
    """
    option, pool = instance.options[o], instance.pools[instance.options[o].pool]
    replicas, rate = int(solution.replicas[o]), float(solution.routed_rates[o])
    per_replica = rate / replicas
    latencies = latencies_at(option.curve, per_replica)
    return {
        "llm": instance.llms[option.llm].name,
        "pool": pool.name,
        "gpu": pool.gpu,
        "tp_degree": int(option.tp_degree),
        **option_slice_content(option_slice_of(option)),
        "replicas": replicas,
        "rate_rps": rate,
        "rate_per_replica_rps": per_replica,
        "max_rate_per_replica_rps": option.curve.max_rate,
        "latency_ms": {
            f"{metric}_{statistic}": 1000.0 * seconds
            for (metric, statistic), seconds in latencies.items()
        },
        "memory_gib_per_gpu": float(option.memory),
        "provenance": latency_provenance_at(option.curve, per_replica),
    }


def _setup_router_content(instance: Instance, solution: Solution) -> RouterContent:
    """The rule that realises the fractions on the scores, with the split of prompts that
    tie.
    """
    names = [llm.name for llm in instance.llms]
    ties: list[TieContent] = [
        {
            "llms": [names[i] for i in tie.llms],
            "share": float(tie.share),
            "split": [float(s) for s in tie.split],
        }
        for tie in solution.ties
    ]
    return {"rule": "argmax(score - dual_price)", "tie_eps": float(solution.tie_eps), "ties": ties}


def _setup_slos_content(instance: Instance, operating: list[OperatingPoint]) -> list[SloContent]:
    """Every SLO with what the setup achieves, ms; achieved is null without a setup."""
    return [
        _setup_slo_content(slo, planned, operating, headroom=bool(instance.headroom))
        for slo, planned in zip(instance.slos, with_headroom(instance).slos, strict=True)
    ]


def _setup_slo_content(
    slo: Slo, planned: Slo, operating: list[OperatingPoint], *, headroom: bool
) -> SloContent:
    """One SLO. planned: with the limit less the headroom, told where one is stated."""
    achieved = achieved_latency(operating, slo)
    content: SloContent = {
        "metric": slo.metric,
        "statistic": slo.statistic,
        "scope": slo.scope,
        "limit_ms": tidy(1000.0 * slo.limit),
        "achieved_ms": None if achieved is None else 1000.0 * achieved,
        "binding": achieved is not None and achieved >= (1.0 - BINDING_SLACK) * planned.limit,
    }
    return {**content, "planned_limit_ms": tidy(1000.0 * planned.limit)} if headroom else content


def _setup_placement_content(instance: Instance, solution: Solution) -> list[ShardContent]:
    """One row per shard, sorted by pool, node, GPU, option, replica."""
    rows = [solution.placement[k] for k in _setup_placement_order(instance, solution)]
    named = {
        o: (
            instance.pools[instance.options[o].pool].name,
            instance.llms[instance.options[o].llm].name,
            int(instance.options[o].tp_degree),
            option_slice_content(option_slice_of(instance.options[o])),
        )
        for o in {shard.option for shard in rows}
    }
    content: list[ShardContent] = []
    for shard in rows:
        pool, llm, tp_degree, part = named[shard.option]
        content.append(
            {
                "pool": pool,
                "node": int(shard.node),
                "gpu": int(shard.gpu),
                "llm": llm,
                "tp_degree": tp_degree,
                **part,
                "replica": int(shard.replica),
                "shard": int(shard.shard),
            }
        )
    if any(instance.options[o].mig is not None for o in named):
        _add_instance_starts(instance, rows, content)
    return content


def _setup_placement_order(instance: Instance, solution: Solution) -> list[int]:
    """Positions of the shards by pool, node, GPU, option, replica, shard."""
    columns = [
        np.fromiter(map(attrgetter(field), solution.placement), int)
        for field in ("shard", "replica", "option", "gpu", "node")
    ]
    pools = np.array([option.pool for option in instance.options], dtype=int)
    order: list[int] = np.lexsort([*columns, pools[columns[2]]]).tolist()
    return order


def _add_instance_starts(
    instance: Instance, rows: Sequence[Shard], content: Sequence[ShardContent]
) -> None:
    """Say of every MIG instance where on its GPU it begins: rows of one GPU follow each other, in
    the order in which its instances are laid out.
    """
    pairs = list(zip(rows, content, strict=True))
    for _, pair in groupby(pairs, key=lambda pair: (pair[1]["pool"], pair[0].node, pair[0].gpu)):
        gpu = list(pair)
        starts = option_start_contents([instance.options[shard.option] for shard, _ in gpu])
        for (_, row), start in zip(gpu, starts, strict=True):
            row.update(start)
