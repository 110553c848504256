"""The dearest prices in words."""

from typing import Any

from planner.presentation.cells.cell_prices import cell_price_lines, cell_shadow_prices_table


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


def test_the_table_names_every_limit() -> None:
    first, second = ({"metric": "ttft", "statistic": s, "scope": "all"} for s in ("mean", "p95"))
    content = {
        **priced(),
        "setups": [{}],
        "cases": [{"case": "day", "slo": [first]}],
        "cells": [{"case": "day", "class": "chat", "slo": [first, second]}],
    }
    table = cell_shadow_prices_table(content)
    assert table["Limit"].tolist() == [
        *["Arrival rate"] * 3,
        *("mean TTFT", "p95 TTFT"),
        *("Pool h100", "Pool h100", "Pool l4"),
    ]
    assert table["Class"].tolist()[:5] == ["chat", "chat", "batch", "", "chat"]
    assert table["Change of quality (mean score)"][4] == 0.0003
    assert len(cell_shadow_prices_table({**content, "setups": []})) == 0
