"""A routing tested on other prompts, as named tables with units in their headers, and as JSON.

route_routings      the router and other ways to route the prompts: quality as predicted, as graded,
                    limits kept
route_fractions     one row an LLM: planned, realised with its interval, as prompt ids decide ties;
                    mean score and mean grade
route_limits        planned and realised latency, fullest replica, verdict
route_comparisons   the router less each other way, standard error, verdict
"""

from typing import Any

import numpy as np
import pandas as pd

from planner.operation.out_of_sample import NORMAL_975, Evaluation
from planner.plans.numbers import finite
from planner.presentation.out_of_sample import _note, basis_lines


def evaluated_routings_table(found: Evaluation) -> pd.DataFrame:
    """Tabulate the ways to route the prompts."""
    rows = [
        (
            one.name,
            one.note,
            one.limits or "-",
            one.predicted,
            one.worth if found.sample.graded else None,
            *(100 * one.fractions),
        )
        for one in found.routings
    ]
    heads = ["Routing", "LLM", "Limits", "Predicted quality (score)", "Graded quality (score)"]
    return pd.DataFrame(rows, columns=[*heads, *(f"{llm} (%)" for llm in found.sample.scores.llms)])


def evaluated_fractions_table(found: Evaluation) -> pd.DataFrame:
    """Tabulate the LLMs."""
    sample = found.sample
    realised = found.routings[0].fractions
    grades = (
        sample.truth.values @ sample.truth.weights
        if sample.graded
        else np.full(realised.size, np.nan)
    )
    columns = {
        "LLM": sample.scores.llms,
        "Planned (%)": 100 * found.planned,
        "Realised (%)": 100 * realised,
        "From (%)": 100 * found.interval[:, 0],
        "To (%)": 100 * found.interval[:, 1],
        "By prompt id (%)": 100 * found.by_id,
        "Rate (req/s)": found.arrival_rate * realised,
        "Mean score": sample.scores.values @ sample.scores.weights,
        "Mean grade": grades,
    }
    return pd.DataFrame(columns)


def evaluated_limits_table(found: Evaluation) -> pd.DataFrame:
    """Tabulate the limits; blank where no latency is known."""
    rows = [
        (
            one.name,
            one.unit,
            one.limit,
            *map(finite, (one.planned, one.achieved, one.low, one.high)),
            one.verdict,
        )
        for one in found.limits
    ]
    return pd.DataFrame(
        rows, columns=["Limit", "Unit", "At most", "Planned", "Realised", "From", "To", "Verdict"]
    )


def evaluated_comparisons_table(found: Evaluation) -> pd.DataFrame:
    """Tabulate the router against the others."""
    rows = []
    for one in found.comparisons:
        half = NORMAL_975 * one.error
        rows.append(
            (
                one.against,
                _note(found, one),
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


def evaluation_content(found: Evaluation) -> dict[str, Any]:
    """Return everything as plain dicts, lists and finite numbers; null where nothing is known."""
    llms = found.sample.scores.llms

    def by_llm(values: np.ndarray) -> dict[str, float]:
        return dict(zip(llms, map(float, values), strict=True))

    return {
        "verdict": found.verdict,
        "prompts": found.sample.prompts,
        "prompts_for_prices": found.fitted,
        "graded": found.sample.graded,
        "arrival_rate_rps": found.arrival_rate,
        "fractions": {
            "planned": by_llm(found.planned),
            "realised": by_llm(found.routings[0].fractions),
            "low": by_llm(found.interval[:, 0]),
            "high": by_llm(found.interval[:, 1]),
            "by_prompt_id": by_llm(found.by_id),
        },
        "limits": [
            {
                **{
                    "limit": one.name,
                    "unit": one.unit,
                    "at_most": one.limit,
                    "planned": finite(one.planned),
                },
                **{
                    "realised": finite(one.achieved),
                    "low": finite(one.low),
                    "high": finite(one.high),
                    "verdict": one.verdict,
                },
            }
            for one in found.limits
        ],
        "routings": [
            {
                **{
                    "routing": one.name,
                    "llm": one.note or None,
                    "limits": one.limits or None,
                    "predicted": one.predicted,
                },
                **{
                    "graded": one.worth if found.sample.graded else None,
                    "fractions": by_llm(one.fractions),
                },
            }
            for one in found.routings
        ],
        "comparisons": [
            {
                "against": one.against,
                "gain": one.difference,
                "standard_error": finite(one.error),
                "verdict": one.verdict,
            }
            for one in found.comparisons
        ],
        "notes": basis_lines(found),
    }
