"""The prices of one cell, and its lanes: named tables and JSON."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from models.demand.requests import DemandInstance
from planner.operation.cells.cell_policy import lane_parts, plain_lane_name
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import StateCell, state_at_stated_rates, state_name
from planner.plans.option_index import option_slice_words

__all__ = [
    "cell_lanes_table",
    "cell_prices_table",
    "cell_routing_content",
    "cell_routing_name",
    "cell_tie_lines",
]


def cell_routing_name(source: CellsPlanAndScenario, cell: StateCell) -> str:
    """`class chat in case day`."""
    name = source.demand.classes[cell.request_class].name
    where = state_name(source.plan.content, source.demand, cell.state)
    return f"class {name} in case {where}"


def cell_prices_table(cell: StateCell) -> pd.DataFrame:
    """One row an LLM that gets requests of the cell."""
    content = cell.content
    rows = [
        (name, 100 * part, content["dual_prices"][name])
        for name, part in content["routing"].items()
    ]
    return pd.DataFrame(rows, columns=["LLM", "Planned (%)", "Dual price (score)"])


def cell_tie_lines(cell: StateCell) -> list[str]:
    """How prompts between LLMs are split, the largest part of the prompts first."""
    return [
        f"{100 * tie['share']:.2f} % of the prompts tie between {', '.join(tie['llms'])}: split "
        + ", ".join(
            f"{100 * part:.2f} % {llm}" for llm, part in zip(tie["llms"], tie["split"], strict=True)
        )
        for tie in sorted(content_ties(cell), key=lambda tie: -tie["share"])
    ]


def content_ties(cell: StateCell) -> list[Mapping[str, Any]]:
    """The stated groups of LLMs that tie."""
    return list(cell.content["router"]["ties"])


def cell_lanes_table(source: CellsPlanAndScenario, cell: StateCell) -> pd.DataFrame:
    """One row a lane of the cell's LLMs, and each LLM outside; rates as they are stated."""
    return pd.DataFrame(
        [
            {
                "LLM": row["llm"],
                "Lane": row["lane"],
                "Option": row["option"],
                "Replicas": row["replicas"],
                "Part of its LLM (%)": 100 * row["share"],
                "Rate (req/s)": row["rate_rps"],
                "Load (req/s per replica)": row["load_rps"],
            }
            for row in _lane_rows(source.demand, source.plan.content, cell)
        ]
    )


def _lane_rows(
    demand: DemandInstance, content: Mapping[str, Any], cell: StateCell
) -> list[dict[str, Any]]:
    parts = {
        (llm, part["lane"]): part["share"]
        for llm, own in lane_parts(demand, cell.state, cell.request_class).items()
        for part in own
    }
    rows, state = [], state_at_stated_rates(demand, cell.state)
    options = content["setups"][cell.state.setup]["options"]
    for lane in state.lanes:
        option = options[lane.setup_option]
        key = option["llm"], plain_lane_name(lane.position)
        if key in parts:
            words = f"{option['pool']} tp{option['tp_degree']} {option_slice_words(option)}"
            rows.append(
                {
                    "llm": option["llm"],
                    "lane": key[1],
                    "option": words,
                    "replicas": lane.replicas,
                    "share": parts[key],
                    "rate_rps": float(lane.rates[cell.request_class]),
                    "load_rps": lane.load,
                }
            )
    for e, llm in enumerate(demand.outside):
        if (llm.name, llm.name) in parts:
            rows.append(
                {
                    "llm": llm.name,
                    "lane": llm.name,
                    "option": "outside",
                    "replicas": None,
                    "share": 1.0,
                    "rate_rps": float(state.outside[cell.request_class, e]),
                    "load_rps": None,
                }
            )
    return rows


def cell_routing_content(source: CellsPlanAndScenario, cell: StateCell) -> dict[str, Any]:
    """Which cell it is, with its prices, ties and lanes, as plain values."""
    demand, content = source.demand, cell.content
    return {
        "class": demand.classes[cell.request_class].name,
        "case": demand.cases[cell.state.case].name,
        "loss": cell.state.loss,
        "routing": dict(content["routing"]),
        "dual_prices": dict(content["dual_prices"]),
        "router": content["router"],
        "lanes": _lane_rows(demand, source.plan.content, cell),
    }
