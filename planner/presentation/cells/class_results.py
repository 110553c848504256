"""What every class gets in every case, as tables with units in their headers.

class_results_table   one row a cell, of lost nodes in every routed loss: quality, where it goes
class_prices_table    one row a cell: the router's prices
class_ties_table      one row a set of LLMs that tie in a cell
loss_results_table    one row a kind of lost nodes
lost_pools_table      one row a case and pool whose nodes may be lost, where that was looked at
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from models.demand.requests import DemandInstance
from planner.presentation.cells.case_results import quality_of_cells
from planner.presentation.cells.cells_tables import cell_limit_text
from planner.presentation.cells.lost_nodes import lost_nodes_text

__all__ = [
    "class_prices_table",
    "class_results_table",
    "class_ties_table",
    "loss_results_table",
    "lost_pools_table",
]

Content = Mapping[str, Any]


def _cell_columns(content: Content, cell: Mapping[str, Any]) -> dict[str, Any]:
    if not content["losses"]:
        return {"Case": cell["case"], "Class": cell["class"]}
    nodes = {} if cell["loss"] is None else content["losses"][cell["loss"]]["nodes"]
    return {"Case": cell["case"], "Lost nodes": lost_nodes_text(nodes), "Class": cell["class"]}


def _llms_of_cells(content: Content) -> list[str]:
    """LLMs that some cell sends requests to, those of the cluster first."""
    known = [llm["name"] for llm in content["context"]["llms"]]
    used = dict.fromkeys(name for cell in content["cells"] for name in cell["routing"])
    return [name for name in known if name in used] + [n for n in used if n not in known]


def class_results_table(content: Content) -> pd.DataFrame:
    """One row a class in a case: rate, quality, what part each LLM answers, and its own SLO with
    the least room.
    """
    llms, rows = _llms_of_cells(content), []
    for cell in content["cells"]:
        rows.append(
            {
                **_cell_columns(content, cell),
                "Rate (req/s)": cell["rate_rps"],
                "Quality (mean score)": cell["quality"],
                **{f"To {llm} (%)": _percent_or_none(cell["routing"].get(llm)) for llm in llms},
                "Own SLO with least room": cell_limit_text(cell["slo"]),
            }
        )
    return pd.DataFrame(rows, dtype=object)


def _percent_or_none(part: float | None) -> float | None:
    return None if part is None else 100.0 * part


def class_prices_table(content: Content) -> pd.DataFrame:
    """One row a cell: what the router takes off the score of each LLM; None: never chosen."""
    llms = _llms_of_cells(content)
    rows = [
        {
            **_cell_columns(content, cell),
            **{f"Price of {llm} (score)": cell["dual_prices"].get(llm) for llm in llms},
            "Prompts that tie (%)": 100.0 * sum(tie["share"] for tie in cell["router"]["ties"]),
        }
        for cell in content["cells"]
    ]
    return pd.DataFrame(rows, dtype=object)


def class_ties_table(content: Content) -> pd.DataFrame:
    """One row a set of LLMs that tie in a cell, with how these prompts are split."""
    rows = [
        {
            **_cell_columns(content, cell),
            "LLMs that tie": " = ".join(tie["llms"]),
            "Share of the prompts (%)": 100.0 * tie["share"],
            "Split": ", ".join(f"{100.0 * part:.2f} %" for part in tie["split"]),
        }
        for cell in content["cells"]
        for tie in cell["router"]["ties"]
    ]
    return pd.DataFrame(rows, dtype=object)


def loss_results_table(content: Content, demand: DemandInstance) -> pd.DataFrame:
    """One row a kind of lost nodes: the plan holds all of them, since it was verified."""
    rows = []
    for k, loss in enumerate(content["losses"]):
        routed = k if loss["same_as"] is None else loss["same_as"]
        cells = [cell for cell in content["cells"] if cell["loss"] == routed]
        same = content["losses"][routed]["nodes"]
        rows.append(
            {
                "Case": loss["case"],
                "Lost nodes": lost_nodes_text(loss["nodes"]),
                "Choices of this kind": loss["alike"],
                "Holds": "holds",
                "Quality (mean score)": quality_of_cells(cells, demand) if cells else None,
                "Routed": "as stated" if routed == k else f"as without {lost_nodes_text(same)}",
                "SLO with least room": cell_limit_text([s for cell in cells for s in cell["slo"]]),
            }
        )
    return pd.DataFrame(rows, dtype=object)


HOLDS = {True: "holds", False: "breaks", None: "not decided"}


def lost_pools_table(content: Content) -> pd.DataFrame:
    """One row a case and pool: what the loss of its worst node does, if the setup stays and
    requests are routed anew. No rows where that was not looked at.
    """
    rows = [
        {
            "Case": entry["case"],
            "Lost": f"any node of {entry['pool']}",
            "Outcome": HOLDS[entry["holds"]],
            "Quality then (mean score)": entry["quality"],
            "Requests that can be served (%)": 100.0 if entry["holds"] else entry["served_pct"],
            "Worst node": entry["worst_node"],
        }
        for entry in content["context"].get("lost_nodes", [])
    ]
    return pd.DataFrame(rows, dtype=object)
