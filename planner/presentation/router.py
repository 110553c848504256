"""The router: prices and realised fractions, ties, one prompt's decision, prices over load;
tables with units and sentences.

router_prices     one row per LLM: planned fraction, what the prices realise on the plan's own
                  scores, dual price
router_ties       one row per group of LLMs that tie
decision_table    one prompt: score, price, net, probability
rates_by_llm      one row per LLM and rate of the price table
cost              USD/h of the plan, and of the best single LLM where it is known
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from models.router import Router
from planner.operation.price_table import PriceTable
from planner.operation.routing_cost import NONE_GOOD, NONE_SERVES, RoutingCost
from planner.plans.labels import slo_name
from planner.plans.schema import SolvedContent
from planner.presentation.formatting import format_exact, format_number
from profiles.records import Scores

__all__ = [
    "ROUTER_FLOOR_TOLERANCE",
    "router_cost_from_baselines",
    "router_cost_text",
    "router_decision_table",
    "router_held_rate_line",
    "router_llm_prices_table",
    "router_price_frame",
    "router_prices_table",
    "router_single_llm_cost_text",
    "router_ties_table",
    "routing_decision_line",
]


def router_prices_table(content: SolvedContent, router: Router, scores: Scores) -> pd.DataFrame:
    """Tabulate the LLMs of a plan: what its prices realise on its own scores, ties as they are
    stated and as prompt ids decide them.
    """
    by_llm = dict(zip(scores.llms, scores.values, strict=True))
    shares = router.shares(by_llm) @ scores.weights
    ids = np.bincount(
        router.choose_many(by_llm, scores.prompt_ids), scores.weights, len(router.llms)
    )
    rows = []
    for llm, fraction in content["routing"].items():
        known = llm in router.llms
        at = router.llms.index(llm) if known else 0
        rows.append(
            {
                "LLM": llm,
                "Planned (%)": 100 * fraction,
                "Realised (%)": 100 * float(shares[at]) if known else 0.0,
                "By prompt id (%)": 100 * float(ids[at]) if known else 0.0,
                "Dual price (score)": content["dual_prices"][llm],
            }
        )
    return pd.DataFrame(rows)


def router_ties_table(content: SolvedContent) -> pd.DataFrame:
    """Tabulate the groups of LLMs that tie, the largest first."""
    rows = [
        {
            "LLMs that tie": ", ".join(tie["llms"]),
            "Part of the prompts (%)": 100 * tie["share"],
            "Split": ", ".join(
                f"{100 * part:.2f} % {llm}"
                for llm, part in zip(tie["llms"], tie["split"], strict=True)
            ),
        }
        for tie in sorted(content["router"]["ties"], key=lambda tie: -tie["share"])
    ]
    return pd.DataFrame(rows, columns=["LLMs that tie", "Part of the prompts (%)", "Split"])


def router_decision_table(
    router: Router, scores: Mapping[str, float], prompt_id: str
) -> pd.DataFrame:
    """Tabulate one prompt's decision: the LLMs that can be chosen."""
    decision = router.explain(scores, prompt_id)
    prices = dict(zip(router.llms, router.row.alpha, strict=True))
    rows = [
        {
            "LLM": llm,
            "Predicted quality (score)": scores.get(llm),
            "Dual price (score)": prices[llm],
            "Score - price (score)": decision.net[llm] if llm in decision.net else None,
            "Probability (%)": 100 * share,
            "Chosen": llm == decision.llm,
        }
        for llm, share in decision.shares.items()
        if np.isfinite(prices[llm])
    ]
    return pd.DataFrame(rows)


WHY = {
    "best": "its score - price is the highest",
    "tie": "several LLMs tie, and the hash of the prompt id decides by the stated split",
    "corrected": "the correction by load moved it",
    "fallback": "a score is missing, and the hash of the prompt id decides by the fallback weights",
}


def routing_decision_line(router: Router, scores: Mapping[str, float], prompt_id: str) -> str:
    """Say where a prompt goes, and why."""
    decision = router.explain(scores, prompt_id)
    return f"{decision.llm} answers: {WHY[decision.why]}."


def router_held_rate_line(table: PriceTable) -> str:
    """Say up to which rate the SLOs can be kept, and from which on it is proved that they
    cannot.
    """
    highest, beyond = format_number(table.held_up_to, 5), ""
    if table.not_held_from is not None:
        since = format_number(table.not_held_from, 5)
        beyond = (
            f"; proved impossible {'above that' if since == highest else f'from {since} req/s on'}"
        )
    cut = "" if table.complete else " Stopped early: higher rates may be possible."
    return (
        f"This setup keeps every SLO up to {highest} req/s ({_percent(table)} of the planned"
        f" rate){beyond}.{cut}"
    )


def _percent(table: PriceTable) -> str:
    return f"{100 * table.held_up_to / table.planned:.1f} %"


def router_llm_prices_table(table: PriceTable) -> pd.DataFrame:
    """Tabulate fraction and price of every LLM at every rate that is held; no price where it gets
    nothing.
    """
    rows = [
        {
            "LLM": llm,
            "Rate (% of planned)": 100 * row.rate / table.planned,
            "Rate (req/s)": row.rate,
            "Dual price (score)": row.content["dual_prices"][llm],
            "Fraction (%)": 100 * fraction,
        }
        for row in table.rows
        if row.content is not None
        for llm, fraction in row.content["routing"].items()
    ]
    return pd.DataFrame(rows).astype({"Dual price (score)": float})


def router_price_frame(table: PriceTable) -> pd.DataFrame:
    """Tabulate: rate, quality, achieved latencies, fraction and price of every LLM; blank where no
    routing keeps the SLOs.
    """
    rows = []
    for row in table.rows:
        routing = row.content
        line: dict[str, Any] = {
            "Rate (% of planned)": 100 * row.rate / table.planned,
            "Rate (req/s)": row.rate,
        }
        line["SLOs"] = (
            "kept" if routing is not None else "not kept" if row.proved_none else "none found"
        )
        if routing is not None:
            line["Quality (score)"] = routing["quality"]
            for slo in routing["slo"]:
                line[f"{slo_name(slo)} (ms)"] = slo["achieved_ms"]
            line |= {f"{llm} (%)": 100 * fraction for llm, fraction in routing["routing"].items()}
            line |= {f"{llm} price (score)": price for llm, price in routing["dual_prices"].items()}
            line["Kept from (req/s)"] = row.kept_from
        rows.append(line)
    order = max(rows, key=len)
    return pd.DataFrame(rows, columns=list(order))


ROUTER_FLOOR_TOLERANCE = 1e-6
"""Below a floor by no more than this is on it, as the verifier has it."""


def router_cost_text(cost: RoutingCost) -> str:
    """Say what the plan costs, and at which floor: `Meets your floor of 0.66 at 5.37 USD/h`."""
    usd = f"{cost.plan:,.2f} USD/h"
    if cost.floor is None:
        return f"Costs {usd}"
    return f"Meets your floor of {format_exact(cost.floor)} at {usd}"


def router_single_llm_cost_text(cost: RoutingCost) -> str:
    """Say what the best single LLM costs, or why that is not known."""
    if cost.single is not None:
        most = "" if cost.proved else " at most"
        able = " that can serve it" if cost.floor is None else ""
        return f"the best single LLM{able} ({cost.single_llm}) costs{most} {cost.single:,.2f} USD/h"
    return cost.why or "the cost of the best single LLM is not known"


def router_cost_from_baselines(cost: RoutingCost, baselines: pd.DataFrame) -> RoutingCost:
    """The cost with that of the best single LLM out of the table of baselines."""
    rows = baselines[baselines["Baseline"] == "best single LLM"]
    if not len(rows):
        return cost
    row = rows.iloc[0]
    if str(row["Note"]).startswith("unfinished"):
        return replace(cost, why="the search for the best single LLM was stopped")
    if pd.isna(row["Cost (USD/h)"]) or not row["SLO met"]:
        return replace(cost, why=NONE_SERVES if cost.floor is None else NONE_GOOD)
    proved = "its own gap is open" not in str(row["Note"])
    single = float(row["Cost (USD/h)"])
    return replace(cost, single=single, single_llm=str(row["Variant"]), proved=proved)
