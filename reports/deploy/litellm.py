"""What a gateway of LiteLLM reads, and the threshold of RouteLLM.

config.yaml has one model group `fleet` of all servers, whose weights are fraction x share of the
LLM's requests, and one group per LLM, whose weights split its requests among its servers. Without
the plugin (or without scores) a request for `fleet` goes by the weights: the planned fractions, at
random. With it the plugin names the LLM, and the weights only choose among its servers. When none
of them answers the request goes to another LLM, that of the lowest dual price first: it has most
spare capacity.
"""

from collections.abc import Mapping
from typing import Any

from reports.deploy.file_heads import file_head_lines
from reports.deploy.vllm_server import API_KEY
from reports.deploy.weights import largest_remainder_weights

__all__ = [
    "litellm_backends",
    "litellm_config",
    "litellm_gateway_variables",
    "litellm_routellm_threshold",
    "litellm_server_model",
]

PLUGIN = "dual_price_plugin.proxy_hook"

Row = Mapping[str, Any]


def litellm_config(deployment: Row) -> dict[str, Any]:
    """Config.yaml."""
    servers = _servers(deployment)
    weights = largest_remainder_weights([row["fraction"] for row in servers])
    fleet = deployment["about"]["fleet"]
    models = [
        litellm_server_model(fleet, f"{fleet}-{row['name']}", row, weight)
        for row, weight in zip(servers, weights, strict=True)
    ]
    for llm in deployment["llms"]:
        own = [row for row in servers if row["llm"] == llm["label"]]
        shares = largest_remainder_weights([row["share_of_llm"] for row in own])
        models += [
            litellm_server_model(llm["label"], row["name"], row, weight)
            for row, weight in zip(own, shares, strict=True)
        ]
    return {
        "model_list": models,
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 2,
            "fallbacks": _litellm_fallbacks(deployment),
        },
        "litellm_settings": {"callbacks": [PLUGIN]},
    }


def _litellm_fallbacks(deployment: Row) -> list[dict[str, list[str]]]:
    """Who answers for whom, the LLMs without traffic last."""
    ordered = sorted(
        deployment["llms"], key=lambda llm: (llm["price"] is None, llm["price"] or 0.0)
    )
    labels = [llm["label"] for llm in ordered]
    groups = [deployment["about"]["fleet"], *(llm["label"] for llm in deployment["llms"])]
    return [
        {group: others}
        for group in groups
        if (others := [label for label in labels if label != group])
    ]


def litellm_backends(deployment: Row) -> dict[str, list[dict[str, Any]]]:
    """The servers of every LLM by the scenario's name of it, for router_policy.json.

    share: of the LLM's requests.
    """
    servers = _servers(deployment)
    return {
        llm["name"]: [
            {
                "id": row["name"],
                "model": f"hosted_vllm/{row['llm']}",
                "group": row["llm"],
                "api_base": base(row),
                "share": row["share_of_llm"],
            }
            for row in servers
            if row["llm"] == llm["label"]
        ]
        for llm in deployment["llms"]
    }


def litellm_gateway_variables(deployment: Row) -> str:
    """The lines of gateway.env: where the nodes and their servers are."""
    single = len(deployment["nodes"]) == 1
    how = (
        "change 127.0.0.1 when it runs on another machine than the servers"
        if single
        else "TO BE SET"
    )
    lines = [
        "# Key that clients of the gateway send: sk- and 32 random digits (openssl rand -hex 16);"
        " LiteLLM does not start without it. TO BE SET."
    ]
    lines += [
        "LITELLM_MASTER_KEY=",
        "# Key that the servers ask the gateway for, as in deploy.env. TO BE SET.",
        f"{API_KEY}=",
        "",
        f"# Address of every node as the gateway reaches it: {how}.",
    ]
    lines += [f"{node['host_key']}={'127.0.0.1' if single else ''}" for node in deployment["nodes"]]
    for node in deployment["nodes"]:
        lines += ["", f"# {node['label']}"]
        address = f"${{{node['host_key']}:?set {node['host_key']} in gateway.env}}"
        lines += [f'{base_key(row)}="http://{address}:{row["port"]}/v1"' for row in node["servers"]]
    return "\n".join(lines) + "\n"


def base_key(server: Row) -> str:
    """Variable that holds the URL of a server."""
    return "API_BASE_" + server["name"].upper().replace("-", "_")


def base(server: Row) -> str:
    """URL of a server as LiteLLM reads it: from a variable of gateway.env."""
    return f"os.environ/{base_key(server)}"


def _servers(deployment: Row) -> list[Row]:
    """All servers, those of one LLM together, in the plan's order."""
    by_name = {row["name"]: row for node in deployment["nodes"] for row in node["servers"]}
    return [by_name[name] for llm in deployment["llms"] for name in llm["servers"]]


def litellm_server_model(group: str, key: str, server: Row, weight: int) -> dict[str, Any]:
    """One entry of model_list: a server in a group. key: its id there."""
    parameters = {
        "model": f"hosted_vllm/{server['llm']}",
        "api_base": base(server),
        "api_key": f"os.environ/{API_KEY}",
        "weight": weight,
    }
    return {"model_name": group, "litellm_params": parameters, "model_info": {"id": key}}


def litellm_routellm_threshold(deployment: Row, widest: float) -> dict[str, Any]:
    """The threshold that does what the two prices do; exactly two LLMs have traffic.

    widest: largest difference of their scores.

    Strong if s_strong - s_weak >= a_strong - a_weak, which is w >= t under w = (1 + (s_strong -
    s_weak) / scale) / 2 and t = (1 + (a_strong - a_weak) / scale) / 2. The scale keeps w within
    0..1.
    """
    weak, strong = sorted(
        (row for row in deployment["llms"] if row["fraction"] > 0.0), key=lambda row: row["price"]
    )
    scale = 1.0 if widest <= 1.0 else widest
    threshold = 0.5 * (1.0 + (strong["price"] - weak["price"]) / scale)
    return {
        "note": " ".join(file_head_lines(deployment["about"])),
        "strong_model": strong["label"],
        "weak_model": weak["label"],
        "threshold": threshold,
        "win_rate": "(1 + (s_strong - s_weak) / scale) / 2",
        "scale": scale,
        "rule": "strong if win_rate >= threshold",
        "planned_fraction_of_strong": strong["fraction"],
        "planned_fraction_tied": deployment["about"]["tied"],
    }
