"""The shape of plan.json, schema 2, that the checks of cells rely on."""

from typing import Any

from planner.verification.plan_shape import (
    NUMBER,
    OPTIONAL,
    PART_SHAPE,
    PLAN_SHAPE,
    POSITION,
    TEXT,
    WHOLE,
)

__all__ = ["CELLS_SHAPE"]


CELLS_SHAPE: dict[str, Any] = {
    **{
        key: PLAN_SHAPE[key]
        for key in ("status", "objective", "quality", "cost_usd_per_h", "gpus_used", "gpus_total")
    },
    "pools?": PLAN_SHAPE["pools?"],
    "setups": [
        {
            "cases": [TEXT],
            "options": [
                {
                    "llm": TEXT,
                    "pool": TEXT,
                    "gpu": TEXT,
                    "tp_degree": WHOLE,
                    **PART_SHAPE,
                    "replicas": WHOLE,
                    "max_rate_per_replica_rps?": NUMBER,
                    "memory_gib_per_gpu": NUMBER,
                    "provenance": TEXT,
                }
            ],
            "placement": [
                {
                    "pool": TEXT,
                    "node": WHOLE,
                    "gpu": WHOLE,
                    "option": WHOLE,
                    "mig_start?": WHOLE,
                    "replica": WHOLE,
                    "shard": WHOLE,
                }
            ],
            "gpus_used": WHOLE,
        }
    ],
    "cells": [
        {
            "class": TEXT,
            "case": TEXT,
            "loss": POSITION,
            "rate_rps": NUMBER,
            "quality": NUMBER,
            "routing": {"*": NUMBER},
            "dual_prices": {"*": OPTIONAL},
            "router": PLAN_SHAPE["router"],
            "slo": PLAN_SHAPE["slo"],
        }
    ],
    "lanes": [
        {
            "case": TEXT,
            "loss": POSITION,
            "option": WHOLE,
            "replicas": WHOLE,
            "load_rps": NUMBER,
            "rates": {"*": NUMBER},
            "latency_ms": {"*": NUMBER},
            "class_latency_ms?": {"*": {"*": NUMBER}},
        }
    ],
    "losses": [
        {"case": TEXT, "nodes": {"*": [WHOLE]}, "same_as": POSITION, "alike?": WHOLE},
    ],
    "cases": [
        {
            "case": TEXT,
            "hours": NUMBER,
            "quality": OPTIONAL,
            "gpus_used": WHOLE,
            "cost_usd_per_h": OPTIONAL,
            "slo": PLAN_SHAPE["slo"],
        }
    ],
    "cost": {
        "gpus_usd_per_h": OPTIONAL,
        "outside_usd_per_h": OPTIONAL,
        "starts_usd_per_h": OPTIONAL,
    },
}
"""What the checks need; "*" matches any key, a key with "?" may be missing."""
