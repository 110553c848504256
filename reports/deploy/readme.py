"""The README of a deploy bundle: what is planned, and what to do before anything starts.

Its other sections: `readme_start` (servers), `readme_gateways`, `readme_checks`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.deploy.file_heads import file_head_lines, purpose_of
from reports.deploy.markdown import code_block, escape, markdown_table, node_servers
from reports.deploy.readme_checks import (
    readme_check_assumed,
    readme_check_contexts,
    readme_check_left_out,
    readme_check_shared_fate,
    readme_check_troubles,
    readme_checks,
)
from reports.deploy.readme_cluster import CLUSTER_SECTIONS
from reports.deploy.readme_gateways import (
    readme_gateway,
    readme_gateway_own_router,
    readme_gateway_routellm,
)
from reports.deploy.readme_start import (
    readme_start_compose,
    readme_start_machines,
    readme_start_models,
    readme_start_scores,
)

__all__ = ["deploy_readme"]

Row = Mapping[str, Any]


def deploy_readme(
    deployment: Row,
    kinds: Sequence[str],
    left_out: Mapping[str, Sequence[str]],
    files: Sequence[str],
) -> str:
    """The README.

    kinds: what the bundle holds; left_out: what it does not, with the reasons; files: the other
    ones.
    """
    about = deployment["about"]
    purposes = [(f"`{name}`", purpose_of(name)) for name in files]
    head = [f"> {escape(line)}  " for line in file_head_lines(about)]
    sections = [
        [f"# Deployment of {escape(about['scenario'])}", "", *head],
        _readme_planned(deployment),
        _readme_before(deployment, kinds),
        readme_start_machines(deployment) if "shell" in kinds else [],
        readme_start_compose(deployment) if "compose" in kinds else [],
        *(section(deployment) for kind, section in CLUSTER_SECTIONS.items() if kind in kinds),
        readme_gateway(deployment) if "litellm" in kinds else [],
        readme_gateway_own_router() if "router" in kinds else [],
        readme_gateway_routellm() if "routellm" in kinds else [],
        readme_check_left_out(left_out),
        readme_checks(deployment, kinds),
        readme_check_troubles(deployment, kinds),
        readme_check_shared_fate(deployment),
        readme_check_assumed(deployment),
        ["## Files", "", *markdown_table(["file", "what it is for"], purposes)],
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _readme_planned(deployment: Row) -> list[str]:
    """Servers and shared GPUs."""
    about = deployment["about"]
    titles = {row["label"]: escape(row["title"]) for row in deployment["llms"]}
    idle = [titles[row["label"]] for row in deployment["llms"] if not row["fraction"]]
    gpus = [gpu for node in deployment["nodes"] for gpu in _readme_shared_gpus(node)]
    lines = [
        "## What is planned",
        "",
        f"{about['arrival_rate_rps']:g} requests per second, within these SLOs:"
        f" {'; '.join(about['slo']) or 'none'}.",
        *about["kept_free"],
    ]
    if about["unused"]:
        lines.append(f"Not in the plan: {', '.join(map(escape, about['unused']))}.")
    if idle:
        lines.append(f"Deployed without requests, as the scenario demands: {', '.join(idle)}.")
    memory = "On shared GPUs (by MPS) it adds up to:" if gpus else "No GPU is shared."
    lines += [
        "",
        *_readme_servers(deployment, titles),
        "",
        f"Rates (req/s) and latencies are planned, at {about['planned_rate']} in all. Memory is"
        f" vLLM's `--gpu-memory-utilization`. {memory}",
    ]
    if gpus:
        lines += ["", *markdown_table(["node", "GPU", "servers", "shares", "memory"], gpus)]
    return lines


def _readme_servers(deployment: Row, titles: Mapping[str, str]) -> list[str]:
    """One row per server. titles: of the LLMs by label."""
    rows = [
        (
            row["name"],
            titles[row["llm"]],
            node["label"],
            ", ".join(map(str, row["gpus"])),
            row["part"],
            row["port"],
            f"{row['utilization']:.3f}",
            f"{row['rate_rps']:.2f}",
            f"{100 * row['fraction']:.2f} %",
            *("-" if ms is None else f"{ms:,.1f}" for ms in row["latency_ms"].values()),
        )
        for node, row in node_servers(deployment)
    ]
    heads = ["server", "LLM", "node", "GPUs", "share of each", "port", "memory", "req/s"]
    limited = [f"{name} (ms)" for name in deployment["about"]["slo_columns"].values()]
    return markdown_table([*heads, "of all requests", *limited], rows)


def _readme_shared_gpus(node: Row) -> list[tuple[Any, ...]]:
    """One row per GPU that several servers may use."""
    return [
        (
            node["label"],
            gpu["at"],
            ", ".join(gpu["servers"]),
            f"{gpu['share_pct']:g} %",
            f"{gpu['utilization']:.3f}",
        )
        for gpu in node["gpus"]
        if gpu["shared"]
    ]


def _readme_before(deployment: Row, kinds: Sequence[str]) -> list[str]:
    """What to do before anything starts."""
    nodes = [
        f"`{node['label']}` is a machine with {node['gpus_per_node']} x {escape(node['gpu'])}"
        for node in deployment["nodes"]
    ]
    several = len(nodes) > 1
    copy = "Copy this folder to each" if several else "Copy this folder there"
    lines = [
        "## 1. Before you start",
        "",
        *readme_start_scores(deployment["about"]),
        f"- Nodes: {'; '.join(nodes)}. {copy}.",
        *readme_check_contexts([deployment]),
    ]
    if "shell" in kinds or "compose" in kinds:
        lines.append(readme_start_models(deployment["llms"]))
        lines += [
            f"- **Set `{row['model_key']}`**: {escape(row['title'])} is in no catalogue."
            for row in deployment["llms"]
            if row["model_id"] is None
        ]
    if "shell" in kinds:
        root = any(row["shared"] for _, row in node_servers(deployment))
        who = ", as root (MPS needs it)" if root else ""
        commands = (f"./deploy.sh check {node['label']}" for node in deployment["nodes"])
        where = f"On {'each' if several else 'the'} machine{who}"
        lines += [f"- {where}, check what is missing:", "", *code_block(commands)]
    return [
        *lines,
        "",
        "**Who can reach the servers.** They listen on 127.0.0.1 and ask for VLLM_API_KEY, which"
        " you set in deploy.env (one key for all of them; the gateway gets it in gateway.env)."
        " When the gateway runs on another machine, set BIND_ADDRESS to this machine's address in"
        " the network that both are in; compose publishes ports past the host's firewall, so do not"
        " use a public address. On Kubernetes the Services are inside the cluster; the key is the"
        " secret vllm-api-key. `/health` and `/metrics` need no key.",
    ]
