"""What a gateway of LiteLLM reads of a plan over classes and cases.

config.yaml has a model group for every class, LLM and lane: the servers of the lane, equally. Which
group a request gets decides the plugin, by class and case; the parts are in router_policy.json.
When no server of a lane answers, the request goes to the group of all servers of its LLM, then to
those of the other LLMs that its class may use. `fleet` is what clients ask for: without the plugin
any server.

A bundle's rows: about, setups (label, cases, deployment), nodes (of all setups, each server once),
groups (name, class, llm, servers; of an LLM outside no servers), outside (name, label, key),
changes, clock.
"""

from collections.abc import Mapping
from typing import Any

from reports.deploy.litellm import (
    litellm_gateway_variables,
    litellm_server_model,
)

__all__ = ["cells_gateway_variables", "cells_litellm_config", "cells_whole_group"]

PLUGIN = "cell_price_plugin.proxy_hook"

Row = Mapping[str, Any]


def cells_whole_group(group: Row) -> str:
    """Name of the group of all servers of a class's LLM."""
    name = str(group["name"])
    return name.rpartition(".")[0] if group["servers"] else name


def cells_litellm_config(bundle: Row) -> dict[str, Any]:
    """Config.yaml."""
    rows = {row["name"]: row for node in bundle["nodes"] for row in node["servers"]}
    outside = {one["name"]: one for one in bundle["outside"]}
    fleet, models = bundle["about"]["fleet"], []
    for name, row in rows.items():
        models.append(litellm_server_model(fleet, f"{fleet}-{name}", row, 1))
    whole: dict[str, dict[str, None]] = {}
    for group in bundle["groups"]:
        if not group["servers"]:
            models.append(_outside_model(group["name"], outside[group["llm"]]))
            continue
        for name in group["servers"]:
            key = f"{group['name']}-{name}"
            models.append(litellm_server_model(group["name"], key, rows[name], 1))
            whole.setdefault(cells_whole_group(group), {})[name] = None
    for group_name, names in whole.items():
        for name in names:
            models.append(litellm_server_model(group_name, f"{group_name}-{name}", rows[name], 1))
    return {
        "model_list": models,
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 2,
            "fallbacks": _cells_fallbacks(bundle),
        },
        "litellm_settings": {"callbacks": [PLUGIN]},
    }


def _outside_model(group: str, outside: Row) -> dict[str, Any]:
    """An LLM outside, as a server that speaks OpenAI's protocol."""
    parameters = {
        "model": f"openai/{outside['label']}",
        "api_base": f"os.environ/API_BASE_{outside['key']}",
        "api_key": f"os.environ/API_KEY_{outside['key']}",
        "weight": 1,
    }
    return {
        "model_name": group,
        "litellm_params": parameters,
        "model_info": {"id": f"{group}-{outside['label']}"},
    }


def _cells_fallbacks(bundle: Row) -> list[dict[str, list[str]]]:
    """Who answers for whom: never an LLM that the class may not use."""
    whole: dict[str, dict[str, None]] = {}
    for group in bundle["groups"]:
        whole.setdefault(group["class"], {})[cells_whole_group(group)] = None
    fallbacks: dict[str, list[str]] = {}
    for group in bundle["groups"]:
        own = cells_whole_group(group)
        others = [name for name in whole[group["class"]] if name != own]
        fallbacks[group["name"]] = [*([own] if own != group["name"] else []), *others]
        fallbacks[own] = others
    return [{name: others} for name, others in fallbacks.items() if others]


def cells_gateway_variables(bundle: Row) -> str:
    """The lines of gateway.env: where nodes, servers and LLMs outside are."""
    lines = []
    for one in bundle["outside"]:
        lines += [
            "",
            f"# {one['title']}, outside: TO BE SET (its model id is in config.yaml).",
            f"API_BASE_{one['key']}=",
            f"API_KEY_{one['key']}=",
        ]
    return litellm_gateway_variables(bundle) + "".join(f"{line}\n" for line in lines)
