"""Named tables of a plan over cells (plan.json, schema 2), for terminal and files."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.plans.option_index import option_slice
from planner.presentation.cells.lost_nodes import lost_nodes_text
from planner.presentation.cells.schedule import has_schedule, setup_name
from planner.presentation.formatting import format_exact

__all__ = ["case_table", "cell_limit_text", "cell_table", "lane_table", "setup_table"]

METRICS = {"ttft": "TTFT", "tpot": "TPOT", "e2e": "E2E"}


def setup_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """One row an option of every setup. Setup: the cases that it serves."""
    columns = {
        "LLM": "llm",
        "Pool": "pool",
        "GPU": "gpu",
        "TP": "tp_degree",
        "Share (%)": "mps_share_pct",
        "Replicas": "replicas",
        "Provenance": "provenance",
    }
    rows = [
        {
            "Setup": setup_name(setup) if has_schedule(content) else "all cases",
            **{column: option[key] for column, key in columns.items()},
            **_share_column(option),
        }
        for setup in content["setups"]
        for option in setup["options"]
    ]
    return pd.DataFrame(rows, columns=["Setup", *columns])


def _share_column(option: Mapping[str, Any]) -> dict[str, Any]:
    """The share in per cent, or the MIG profile."""
    return {"Share (%)": option_slice(option)}


def case_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """One row a case: demand, quality, cost, and the limit with least room."""
    rows = []
    for case in content["cases"]:
        cells = _cells_of(content, case["case"])
        # The cells of every loss have the same rates.
        rates = {cell["class"]: cell["rate_rps"] for cell in cells}
        limits = [*case["slo"], *(slo for cell in cells for slo in cell["slo"])]
        rows.append(
            {
                "Case": case["case"],
                "Hours": case["hours"],
                "Rate (req/s)": sum(rates.values()),
                "Quality": case["quality"],
                "GPUs": case["gpus_used"],
                "USD/h": case["cost_usd_per_h"],
                "Tightest limit": cell_limit_text(limits),
            }
        )
    return pd.DataFrame(rows)


def cell_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """One row a class in a case, of lost nodes in every routed loss."""
    return pd.DataFrame(
        [
            {
                "Case": cell["case"],
                "Loss": _loss_words(content, cell["loss"]),
                "Class": cell["class"],
                "Rate (req/s)": cell["rate_rps"],
                "Quality": cell["quality"],
                "Goes to": _routing_text(cell["routing"]),
                "Tightest limit": cell_limit_text(cell["slo"]),
            }
            for cell in content["cells"]
        ]
    )


def lane_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """One row a lane."""
    rows = []
    options = {case: setup["options"] for setup in content["setups"] for case in setup["cases"]}
    for lane in content["lanes"]:
        option = options[lane["case"]][lane["option"]]
        rows.append(
            {
                "Case": lane["case"],
                "Loss": _loss_words(content, lane["loss"]),
                "LLM": option["llm"],
                "Pool": option["pool"],
                "TP": option["tp_degree"],
                **_share_column(option),
                "Replicas": lane["replicas"],
                "Load (req/s per replica)": lane["load_rps"],
                "Rates (req/s)": ", ".join(
                    f"{name} {rate:.4g}" for name, rate in lane["rates"].items() if rate > 0
                )
                or "idle",
            }
        )
    return pd.DataFrame(rows)


def cell_limit_text(slos: Sequence[Mapping[str, Any]]) -> str:
    """The SLO with least room, `TTFT p95 480 ms (limit 500)`; "" without any."""
    known = [slo for slo in slos if slo["achieved_ms"] is not None]
    if not known:
        return ""
    slo = max(known, key=lambda one: one["achieved_ms"] / one["limit_ms"])
    limit = format_exact(slo["limit_ms"])
    if "planned_limit_ms" in slo:
        limit += f", planned with {format_exact(slo['planned_limit_ms'])}"
    where = "" if slo["scope"] == "all" else " of each LLM"
    return (
        f"{METRICS[slo['metric']]} {slo['statistic']}{where} {slo['achieved_ms']:,.1f} ms (limit"
        f" {limit})"
    )


def _cells_of(content: Mapping[str, Any], case: str) -> list[Mapping[str, Any]]:
    return [cell for cell in content["cells"] if cell["case"] == case]


def _routing_text(routing: Mapping[str, float]) -> str:
    """`a 70 %, b 30 %`, the largest first."""
    parts = sorted(routing.items(), key=lambda item: -item[1])
    return ", ".join(
        f"{name} {100 * part:.0f} %" if part >= 0.005 else f"{name} under 1 %"
        for name, part in parts
    )


def _loss_words(content: Mapping[str, Any], loss: int | None) -> str:
    return "" if loss is None else lost_nodes_text(content["losses"][loss]["nodes"])
