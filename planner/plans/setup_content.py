"""The setup of a solution in names and file units: options, routing, router, SLOs achieved,
placement, GPUs and cost.
"""

from collections.abc import Sequence
from itertools import chain, groupby
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
    shards = _setup_shards(instance, solution)
    used = _setup_gpus_used(instance, shards)
    operating = _setup_operating_points(instance, solution)
    names = [llm.name for llm in instance.llms]
    return {
        "quality": finite_number(solution.quality),
        **bought_nodes_content(instance),
        "cost_usd_per_h": known_fleet_cost(instance, used),
        "gpus_used": sum(used),
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
        "placement": _setup_placement_content(instance, shards),
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


def _setup_shards(instance: Instance, solution: Solution) -> np.ndarray:
    """(6, S) pool, node, GPU, option, replica and shard, sorted by them."""
    fields, size = len(Shard._fields), len(solution.placement)
    numbers = np.fromiter(chain.from_iterable(solution.placement), int, size * fields)
    option, replica, shard, node, gpu = numbers.reshape(size, fields).T
    pools = np.array([option.pool for option in instance.options], dtype=int)
    table = np.array([pools[option], node, gpu, option, replica, shard])
    return table[:, np.lexsort(table[::-1])]


def _setup_gpus_used(instance: Instance, shards: np.ndarray) -> list[int]:
    """GPUs of each pool that hold a shard."""
    places = shards[:3]
    is_first = np.ones(places.shape[1], dtype=bool)
    is_first[1:] = (np.diff(places) != 0).any(axis=0)
    used: list[int] = np.bincount(places[0, is_first], minlength=len(instance.pools)).tolist()
    return used


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


def _setup_placement_content(instance: Instance, shards: np.ndarray) -> list[ShardContent]:
    """One row per shard, sorted by pool, node, GPU, option, replica. shards: of `_setup_shards`."""
    _, nodes, gpus, options, replicas, numbers = shards.tolist()
    named = {
        o: (
            instance.pools[instance.options[o].pool].name,
            instance.llms[instance.options[o].llm].name,
            int(instance.options[o].tp_degree),
            option_slice_content(option_slice_of(instance.options[o])),
        )
        for o in set(options)
    }
    content: list[ShardContent] = []
    for o, node, gpu, replica, number in zip(options, nodes, gpus, replicas, numbers, strict=True):
        pool, llm, tp_degree, part = named[o]
        content.append(
            {
                "pool": pool,
                "node": node,
                "gpu": gpu,
                "llm": llm,
                "tp_degree": tp_degree,
                **part,
                "replica": replica,
                "shard": number,
            }
        )
    if any(instance.options[o].mig is not None for o in named):
        _add_instance_starts(instance, options, content)
    return content


def _add_instance_starts(
    instance: Instance, options: Sequence[int], content: Sequence[ShardContent]
) -> None:
    """Say of every MIG instance where on its GPU it begins: rows of one GPU follow each other, in
    the order in which its instances are laid out. options: of the rows.
    """
    pairs = list(zip(options, content, strict=True))
    for _, pair in groupby(
        pairs, key=lambda pair: (pair[1]["pool"], pair[1]["node"], pair[1]["gpu"])
    ):
        gpu = list(pair)
        starts = option_start_contents([instance.options[o] for o, _ in gpu])
        for (_, row), start in zip(gpu, starts, strict=True):
            row.update(start)
