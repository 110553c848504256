"""One setup of a plan over cells in the words of a plan of schema 1, for what compares, shows or
starts a setup and knows no classes or cases.

    rate of an option      its replicas at the largest load of any case that the setup serves
    routing                parts of the LLMs of the cluster, in the served case of the highest rate
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["setup_as_plan"]

Content = Mapping[str, Any]
KEPT = ("schema", "scenario", "scenario_sha256", "status", "context")
"""Keys of the plan that stay."""


def setup_as_plan(content: Content, setup: int) -> dict[str, Any]:
    """Options, placement, routing and context; no SLO, no price, no tie.

    content: of a readable plan with a setup. setup: position in plan["setups"].
    """
    entry = content["setups"][setup]
    lanes = [lane for lane in content["lanes"] if lane["case"] in entry["cases"]]
    loads = [
        max((lane["load_rps"] for lane in lanes if lane["option"] == k), default=0.0)
        for k in range(len(entry["options"]))
    ]
    options = [
        {**option, "rate_per_replica_rps": load, "rate_rps": load * option["replicas"]}
        for option, load in zip(entry["options"], loads, strict=True)
    ]
    routing = _routing_of_busiest(content, entry)
    keys = ("llm", "tp_degree", "mps_share_pct", "mig_profile")
    return {
        **{key: content[key] for key in KEPT},
        "options": options,
        "placement": [
            {**shard, **{key: of[key] for key in keys if key in of}}
            for shard, of in (
                (shard, entry["options"][shard["option"]]) for shard in entry["placement"]
            )
        ],
        "routing": routing,
        "dual_prices": {name: 0.0 if part > 0 else None for name, part in routing.items()},
        "router": {"rule": "", "tie_eps": 0.0, "ties": []},
        "slo": [],
    }


def _routing_of_busiest(content: Content, entry: Content) -> dict[str, float]:
    """Parts of what stays in the cluster, in the state of the highest rate."""
    rates: dict[tuple[str, int | None], dict[str, float]] = {}
    for lane in content["lanes"]:
        if lane["case"] in entry["cases"]:
            of_state = rates.setdefault((lane["case"], lane["loss"]), {})
            llm = entry["options"][lane["option"]]["llm"]
            of_state[llm] = of_state.get(llm, 0.0) + sum(lane["rates"].values())
    busiest = max(rates.values(), key=lambda own: sum(own.values()), default={})
    whole = sum(busiest.values())
    return {
        llm["name"]: busiest.get(llm["name"], 0.0) / whole if whole > 0 else 0.0
        for llm in content["context"]["llms"]
    }
