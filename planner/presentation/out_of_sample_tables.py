"""A routing tested on other prompts, as named tables with units in their headers, and as JSON.

route_routings      the router and other ways to route the prompts: quality as predicted, as graded,
                    limits kept
route_fractions     one row per LLM: planned, realised with its interval, as prompt ids decide ties;
                    mean score and mean grade
route_limits        planned and realised latency, fullest replica, verdict
route_comparisons   the router less each other way, standard error, verdict
"""

from typing import Any

import numpy as np
import pandas as pd

from planner.operation.out_of_sample import NORMAL_975, Evaluation
from planner.plans.numbers import finite_number
from planner.presentation.out_of_sample import _note, out_of_sample_basis_lines


def out_of_sample_routings_table(evaluation: Evaluation) -> pd.DataFrame:
    """Tabulate the ways to route the prompts."""
    rows = [
        (
            one.name,
            one.note,
            one.limits or "-",
            one.predicted,
            one.value if evaluation.sample.graded else None,
            *(100 * one.fractions),
        )
        for one in evaluation.routings
    ]
    heads = ["Routing", "LLM", "Limits", "Predicted quality (score)", "Graded quality (score)"]
    return pd.DataFrame(
        rows, columns=[*heads, *(f"{llm} (%)" for llm in evaluation.sample.scores.llms)]
    )


def out_of_sample_fractions_table(evaluation: Evaluation) -> pd.DataFrame:
    """Tabulate the LLMs."""
    sample = evaluation.sample
    realised = evaluation.routings[0].fractions
    grades = (
        sample.truth.values @ sample.truth.weights
        if sample.graded
        else np.full(realised.size, np.nan)
    )
    columns = {
        "LLM": sample.scores.llms,
        "Planned (%)": 100 * evaluation.planned,
        "Realised (%)": 100 * realised,
        "From (%)": 100 * evaluation.interval[:, 0],
        "To (%)": 100 * evaluation.interval[:, 1],
        "By prompt id (%)": 100 * evaluation.by_id,
        "Rate (req/s)": evaluation.arrival_rate * realised,
        "Mean score": sample.scores.values @ sample.scores.weights,
        "Mean grade": grades,
    }
    return pd.DataFrame(columns)


def out_of_sample_limits_table(evaluation: Evaluation) -> pd.DataFrame:
    """Tabulate the limits; blank where no latency is known."""
    rows = [
        (
            one.name,
            one.unit,
            one.limit,
            *map(finite_number, (one.planned, one.achieved, one.low, one.high)),
            one.verdict,
        )
        for one in evaluation.limits
    ]
    return pd.DataFrame(
        rows, columns=["Limit", "Unit", "At most", "Planned", "Realised", "From", "To", "Verdict"]
    )


def out_of_sample_comparisons_table(evaluation: Evaluation) -> pd.DataFrame:
    """Tabulate the router against the others."""
    rows = []
    for one in evaluation.comparisons:
        half = NORMAL_975 * one.error
        rows.append(
            (
                one.against,
                _note(evaluation, one),
                one.difference,
                one.error,
                half,
                one.difference - half,
                one.difference + half,
                one.verdict,
            )
        )
    heads = [
        "Against",
        "LLM",
        "Router gains (score)",
        "Standard error (score)",
        "95 % interval (± score)",
    ]
    return pd.DataFrame(rows, columns=[*heads, "From (score)", "To (score)", "Verdict"])


def out_of_sample_content(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything as plain dicts, lists and finite numbers; null where nothing is known."""
    llms = evaluation.sample.scores.llms

    def by_llm(values: np.ndarray) -> dict[str, float]:
        return dict(zip(llms, map(float, values), strict=True))

    return {
        "verdict": evaluation.verdict,
        "prompts": evaluation.sample.prompts,
        "prompts_for_prices": evaluation.fitted,
        "graded": evaluation.sample.graded,
        "arrival_rate_rps": evaluation.arrival_rate,
        "fractions": {
            "planned": by_llm(evaluation.planned),
            "realised": by_llm(evaluation.routings[0].fractions),
            "low": by_llm(evaluation.interval[:, 0]),
            "high": by_llm(evaluation.interval[:, 1]),
            "by_prompt_id": by_llm(evaluation.by_id),
        },
        "limits": [
            {
                **{
                    "limit": one.name,
                    "unit": one.unit,
                    "at_most": one.limit,
                    "planned": finite_number(one.planned),
                },
                **{
                    "realised": finite_number(one.achieved),
                    "low": finite_number(one.low),
                    "high": finite_number(one.high),
                    "verdict": one.verdict,
                },
            }
            for one in evaluation.limits
        ],
        "slack": None
        if evaluation.slack is None
        else {
            "needed_pct": 100 * evaluation.slack.needed,
            "spare_pct": 100 * evaluation.slack.spare,
            "headroom_rate_pct": 100 * evaluation.slack.rate_headroom,
        },
        "cost": None
        if evaluation.cost is None
        else {
            "plan_usd_per_h": evaluation.cost.plan,
            "quality_at_least": evaluation.cost.floor,
            "best_single_llm": evaluation.cost.single_llm or None,
            "best_single_llm_usd_per_h": evaluation.cost.single,
        },
        "routings": [
            {
                **{
                    "routing": one.name,
                    "llm": one.note or None,
                    "limits": one.limits or None,
                    "predicted": one.predicted,
                },
                **{
                    "graded": one.value if evaluation.sample.graded else None,
                    "fractions": by_llm(one.fractions),
                },
            }
            for one in evaluation.routings
        ],
        "comparisons": [
            {
                "against": one.against,
                "gain": one.difference,
                "standard_error": finite_number(one.error),
                "verdict": one.verdict,
            }
            for one in evaluation.comparisons
        ],
        "notes": out_of_sample_basis_lines(evaluation),
    }
