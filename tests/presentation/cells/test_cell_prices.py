"""The dearest prices in words."""

from typing import Any

from planner.presentation.cells.cell_prices import cell_price_lines


def priced(**changes: Any) -> dict[str, Any]:
    prices = {
        "cells": [
            {"class": "chat", "case": "day", "per_rps": -0.002},
            {"class": "chat", "case": "night", "per_rps": 1e-9},
            {"class": "batch", "case": "day", "per_rps": None},
        ],
        "slo": [
            {"class": None, "case": "day", "index": 0, "per_ms": 0.0001},
            {"class": "chat", "case": "day", "index": 1, "per_ms": 0.0003},
        ],
        "pools": [
            {"pool": "h100", "case": "day", "per_node": 0.03},
            {"pool": "h100", "case": "night", "per_node": 0.01},
            {"pool": "l4", "case": "day", "per_node": 0.0},
        ],
        "notes": [],
        **changes,
    }
    return {"objective": {"of": "quality", "value": 0.7}, "shadow_prices": prices}


def test_the_dearest_of_each_kind() -> None:
    assert cell_price_lines(priced()) == [
        "+1 node of h100: quality +0.04, 75 % of it in day",
        "+10 ms of limit 1 of chat in day: quality +0.003",
        "+1 req/s of chat in day: quality -0.002",
    ]


def test_nothing_is_said_of_what_buys_nothing_or_is_not_known() -> None:
    assert cell_price_lines(priced(cells=[], slo=[], pools=[])) == []
    assert cell_price_lines({"objective": {"of": "quality"}}) == []
