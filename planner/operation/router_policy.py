"""router_policy.json: what `models.router` needs of a plan, as plain content; keys and units in
docs/router.md.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from models.instance import Instance
from planner.operation.price_table import PriceTable
from planner.plans.labels import slo_name
from planner.plans.schema import PlanContent, SolvedContent
from planner.version import VERSION

__all__ = [
    "build_router_policy",
    "build_routing_policy",
    "router_policy_load_correction",
    "router_policy_plan_hash",
]

DECISION = ("scenario_sha256", "options", "routing", "dual_prices", "router", "placement")
"""Keys of a plan that are its decision."""

RAMP, LIMIT = 0.02, 0.25
"""Of the price correction, in shares of the range of scores.

The gain is the ramp: the largest that never overshoots.
"""


def router_policy_plan_hash(content: PlanContent) -> str:
    """SHA-256 of what a plan decides: equal for the same decision, however long the search took and
    wherever the files are.
    """
    decided = json.dumps(
        {key: value for key, value in content.items() if key in DECISION},
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(decided.encode()).hexdigest()


def build_router_policy(
    content: PlanContent,
    instance: Instance,
    *,
    table: PriceTable | None = None,
    backends: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the content of router_policy.json.

    content: of a plan with a setup. instance: of its scenario. table: prices over load. backends:
    where each LLM is reached (its deployed options where not given).
    """
    low, high = float(instance.scores.values.min()), float(instance.scores.values.max())
    slos = [f"{slo_name(slo)} at most {slo['limit_ms']:g} ms" for slo in content["slo"]]
    bare = build_routing_policy(content, instance.arrival_rate)
    return {
        "version": bare["version"],
        "plan_hash": router_policy_plan_hash(content),
        "scenario": content["scenario"],
        "planner_version": VERSION,
        **bare,
        "score_unit": f"of the scores table of the plan, {low:g} to {high:g} there",
        "valid_for": {
            **bare["valid_for"],
            "slo": slos,
            "scenario_sha256": content["scenario_sha256"],
        },
        "correction": router_policy_load_correction(high - low),
        "backends": _router_policy_backends(content) if backends is None else dict(backends),
        "price_table": None if table is None else table.content(),
    }


def build_routing_policy(content: SolvedContent, rate: float) -> dict[str, Any]:
    """Make what the router cannot do without: prices, ties and weights of a plan, or of a routing
    of its setup, for a rate (req/s).
    """
    return {
        "version": 1,
        "rule": "argmax(score - alpha)",
        "alpha": dict(content["dual_prices"]),
        "tie_eps": content["router"]["tie_eps"],
        "ties": [
            {"llms": list(tie["llms"]), "split": list(tie["split"])}
            for tie in content["router"]["ties"]
        ],
        # An LLM without a price gets nothing, also where rounding left a share of 1e-17.
        "fallback_weights": {
            name: share if content["dual_prices"][name] is not None else 0.0
            for name, share in content["routing"].items()
        },
        "valid_for": {"arrival_rate_rps": float(rate)},
    }


def router_policy_load_correction(spread: float) -> dict[str, float] | None:
    """Make the correction by load for scores that span `spread` (score units); None where they are
    all equal.
    """
    return (
        {"ramp": RAMP * spread, "gain": RAMP * spread, "limit": LIMIT * spread}
        if spread > 0
        else None
    )


def _router_policy_backends(content: SolvedContent) -> dict[str, list[dict[str, Any]]]:
    """Deployed options by LLM."""
    keys = ("pool", "gpu", "tp_degree", "mps_share_pct", "mig_profile", "replicas", "rate_rps")
    backends: dict[str, list[dict[str, Any]]] = {name: [] for name in content["routing"]}
    for entry in content["options"]:
        backends[entry["llm"]].append({key: dict(entry)[key] for key in keys if key in entry})
    return backends
