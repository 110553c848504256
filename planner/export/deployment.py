"""A plan as servers on machines: what the deploy bundle is made of, as plain values for `reports`.

about   scenario, hashes, date, demand, SLOs in words, LLMs and fractions
llms    one row per LLM that is deployed: name (the scenario's), label (served by that name),
        model_key (variable that holds its model id), model_id (the catalogue's, or None), measured
        (whether no curve of it is an estimate), fraction (0..1 of all requests), price (score, None
        without traffic), servers (names)
nodes   one row per node in use: label, host_key (variable that holds its address), pool, gpu,
        memory_gib, price_usd_per_gpu_h (or None), gpus (one row per GPU in use: at, key, shared,
        share_pct and utilization summed over its servers), servers one row per server: name, llm
        (label), gpus (positions in the node), tp_degree, mps_share_pct (of an instance its part of
        the compute), mig_profile ("" without), part (either in words), shared (by MPS),
        instance_gib (of a MIG instance, or None), port, wave (servers
        of one wave may start at once), after (servers on its GPUs that must be up before),
        utilization, memory_limit_mib, context (what its room for a context is made of, or None:
        longest, memory_gib, taken_gib, token_gib), memory_gib_per_gpu, rate_rps, fraction (of all
        requests),
        latency_ms (planned, of the columns that SLOs limit), share_of_llm (of its LLM's requests),
        tokens (mean of prompts and of answers that its curve was taken with, or None)
classes one row per class of requests, [] where there is one: name, label, priority
periods (start, end) of the setup, minutes of the day; [] where it is there at all times
cautions   sentences on what cannot be taken from the plan

`about["llms"]` counts those with traffic, `about["unused"]` names those that are not
deployed, with the reason where no option is left;
every other number is the plan's or follows from it (`planner.export.deployment_memory`).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from models.instance import Instance
from planner.export.deployment_memory import (
    deployment_memory_cautions,
    deployment_memory_context_cautions,
)
from planner.export.deployment_names import deployment_labels, deployment_variable_name, one_line
from planner.export.deployment_nodes import build_deployment_nodes
from planner.operation.router_policy import router_policy_plan_hash
from planner.plans.labels import slo_label, slo_name
from planner.plans.option_index import (
    OptionIndex,
    option_compute_pct,
    option_key,
    option_slice_words,
)
from planner.plans.plan_file import CELLS_SCHEMA
from planner.plans.schema import PlanContent, ShardContent
from planner.presentation.formatting import format_exact, format_planned_rate
from planner.presentation.plan.headroom import headroom_lines
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.provenance import ESTIMATES, assumed_precision_text
from planner.version import VERSION
from profiles.catalogue import load_catalogue_llms

__all__ = ["FLEET", "build_deployment"]

FLEET = "fleet"
"""Name under which a gateway offers all LLMs together; every server answers to it in addition to
its own.
"""
LLM_LABEL, POOL_LABEL = 30, 16
"""Most characters: a Kubernetes name is put together from both, with degree, share and node, and
may have 63.
"""

Row = dict[str, Any]


def build_deployment(content: PlanContent, instance: Instance, on: date) -> Row:
    """The servers of a plan (content of a verified plan.json with a setup, for its instance).

    on: date stated in the files.
    """
    llm_labels = deployment_labels(
        (llm.name for llm in instance.llms), LLM_LABEL, reserved=(FLEET,)
    )
    pool_labels = deployment_labels((pool.name for pool in instance.pools), POOL_LABEL)
    servers = _deployment_servers(content, instance, llm_labels)
    nodes = build_deployment_nodes(servers, instance, pool_labels)
    llms = _deployment_llms(content, llm_labels, servers)
    return {
        "about": _about_deployment(content, instance, on),
        "llms": llms,
        "nodes": nodes,
        "classes": [],
        "periods": [],
        "cautions": [
            *filter(None, [placeholder_scores_text(content)]),
            *(
                one_line(warning, 400)
                for warning in content.get("context", {}).get("curve_warnings", [])
            ),
            *_deployment_model_cautions(llms),
            *deployment_memory_cautions(nodes),
            *deployment_memory_context_cautions(nodes),
        ],
    }


def _about_deployment(content: PlanContent, instance: Instance, on: date) -> Row:
    """What heads every file. scenario and pools are made fit for one line."""
    return {
        "scenario": one_line(content["scenario"]),
        "scenario_label": deployment_labels([content["scenario"]], LLM_LABEL)[content["scenario"]],
        "plan_hash": router_policy_plan_hash(content),
        "scenario_sha256": content["scenario_sha256"],
        "planner_version": VERSION,
        "date": on.isoformat(),
        "status": content["status"],
        "arrival_rate_rps": float(instance.arrival_rate),
        "slo": [
            f"{slo_name(slo)}{' over all requests' if slo['scope'] == 'all' else ''}"
            f" <= {slo['limit_ms']:g} ms"
            for slo in content["slo"]
        ],
        "headroom": float(instance.memory_headroom),
        "kept_free": headroom_lines(content),
        "planned_rate": _planned_rate_words(content),
        "slo_columns": _slo_columns(content),
        "precision": assumed_precision_text(content).strip(),
        "placeholders": placeholder_scores_text(content),
        "fleet": FLEET,
        "provenance": sorted({option["provenance"] for option in content["options"]}),
        "notices": [
            one_line(notice, 400) for notice in content.get("context", {}).get("notices", [])
        ],
        "sources": [
            one_line(source, 400) for source in content.get("context", {}).get("sources", [])
        ],
        "tied": sum(tie["share"] for tie in content["router"]["ties"]),
        "llms": sum(fraction > 0.0 for fraction in content["routing"].values()),
        "unused": [
            one_line(f"{llm.name}{_why_unused(content, instance, llm.name)}", 400)
            for llm in instance.llms
            if llm.name not in {option["llm"] for option in content["options"]}
        ],
    }


def _planned_rate_words(content: PlanContent) -> str:
    """At which rate latencies hold; of a plan over cases there is no single one."""
    if content.get("schema") == CELLS_SCHEMA:
        return "the rates of its cases"
    stated = format_exact(content["context"]["arrival_rate_rps"])
    return format_planned_rate(content) or f"{stated} req/s"


def _slo_columns(content: PlanContent) -> dict[str, str]:
    """Column of a latency that an SLO limits -> what it is called, without a scope."""
    return {
        f"{slo['metric']}_{slo['statistic']}": slo_label(slo["metric"], slo["statistic"], "all")
        for slo in content["slo"]
    }


def _why_unused(content: PlanContent, instance: Instance, llm: str) -> str:
    """In brackets, why none of an LLM's options could be chosen; nothing where some could."""
    if any(instance.llms[option.llm].name == llm for option in instance.options):
        return ""
    dropped = content.get("context", {}).get("dropped", [])
    first, *others = dict.fromkeys(one["reason"] for one in dropped if one["llm"] == llm) or [""]
    more = f", and {len(others)} more reason{'s' * (len(others) > 1)}" if others else ""
    return f" (none of its options can be used: {first}{more})" if first else ""


def _deployment_servers(
    content: PlanContent, instance: Instance, llm_labels: Mapping[str, str]
) -> list[Row]:
    """One row per replica, LLM by LLM in the scenario's order, numbered by pool, node and
    GPU.
    """
    pools = {pool.name: at for at, pool in enumerate(instance.pools)}
    options = {option_key(option): option for option in content["options"]}
    known = OptionIndex(instance)
    shards: dict[tuple[Any, ...], list[ShardContent]] = defaultdict(list)
    for row in content["placement"]:
        shards[*option_key(row), row["replica"]].append(row)
    servers = []
    for (*key, _), rows in shards.items():
        option, first = options[tuple(key)], rows[0]
        servers.append(
            {
                "llm_name": option["llm"],
                "llm": llm_labels[option["llm"]],
                "pool_at": pools[option["pool"]],
                "node_at": first["node"],
                "gpus": tuple(row["gpu"] for row in sorted(rows, key=lambda row: row["shard"])),
                "tp_degree": option["tp_degree"],
                "mps_share_pct": option_compute_pct(option),
                "mig_profile": option.get("mig_profile", ""),
                "part": option_slice_words(option),
                "shared": option_compute_pct(option) < 100 and "mig_profile" not in option,
                "instance_gib": _deployment_instance_gib(instance, known.position(option)),
                "memory_gib_per_gpu": option["memory_gib_per_gpu"],
                "rate_rps": option["rate_per_replica_rps"],
                "latency_ms": {
                    column: option["latency_ms"].get(column) for column in _slo_columns(content)
                },
                "tokens": _deployment_tokens(instance, known.position(option)),
            }
        )
    return _number_deployment_servers(servers, content, [llm.name for llm in instance.llms])


def _deployment_instance_gib(instance: Instance, position: int | None) -> float | None:
    """GiB of the MIG instance of an option; None where it has a share of GPUs."""
    mig = None if position is None else instance.options[position].mig
    return None if mig is None else mig.memory


def _deployment_tokens(instance: Instance, position: int | None) -> tuple[int, int] | None:
    """The lengths that an option's curve was taken with; None where the table does not say."""
    prompt, answer = (
        (math.nan, math.nan) if position is None else instance.options[position].curve.tokens
    )
    return (round(prompt), round(answer)) if math.isfinite(prompt + answer) else None


def _number_deployment_servers(
    servers: list[Row], content: PlanContent, llms: Sequence[str]
) -> list[Row]:
    """Name the servers and state which part of the requests each one gets."""
    named: list[Row] = []
    for llm in llms:
        own = sorted(
            (row for row in servers if row["llm_name"] == llm),
            key=lambda row: (row["pool_at"], row["node_at"], row["gpus"]),
        )
        rate = sum(row["rate_rps"] for row in own)
        for k, row in enumerate(own):
            share = row["rate_rps"] / rate if rate > 0.0 else 1.0 / len(own)
            named.append(
                {
                    "name": f"{row['llm']}-{k}",
                    **row,
                    "share_of_llm": share,
                    "fraction": share * content["routing"][llm],
                }
            )
    return named


def _deployment_llms(
    content: PlanContent, llm_labels: Mapping[str, str], servers: Sequence[Row]
) -> list[Row]:
    """The LLMs that are deployed, in the scenario's order."""
    catalogue = load_catalogue_llms()
    llms = []
    for name, label in llm_labels.items():
        own = [row["name"] for row in servers if row["llm_name"] == name]
        if own:
            known = catalogue.get(name)
            llms.append(
                {
                    "name": name,
                    "title": one_line(name),
                    "label": label,
                    "model_key": deployment_variable_name("MODEL", label),
                    "model_id": None if known is None else known.hf_id,
                    "measured": all(
                        option["provenance"] not in ESTIMATES
                        for option in content["options"]
                        if option["llm"] == name
                    ),
                    "fraction": content["routing"][name],
                    "price": content["dual_prices"][name],
                    "servers": own,
                }
            )
    return llms


def _deployment_model_cautions(llms: Sequence[Row]) -> list[str]:
    """The LLMs whose model id is unknown."""
    unknown = [row for row in llms if row["model_id"] is None]
    return [
        f"{row['title']} is in no catalogue: set {row['model_key']} in deploy.env to the model that"
        " its curves are of (an id or a path)"
        for row in unknown
    ]
