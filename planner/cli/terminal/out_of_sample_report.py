"""A routing tested on other prompts, on the terminal: fractions, limits, ways to send them."""

from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.output import Column, output_lines, output_table
from planner.operation.out_of_sample import Evaluation
from planner.presentation.formatting import format_number
from planner.presentation.out_of_sample import out_of_sample_basis_lines
from planner.presentation.out_of_sample_tables import (
    out_of_sample_comparisons_table,
    out_of_sample_fractions_table,
    out_of_sample_limits_table,
    out_of_sample_routings_table,
)

__all__ = [
    "OUT_OF_SAMPLE_STYLES",
    "figure_out_of_sample",
    "percent_out_of_sample",
    "print_out_of_sample_tables",
    "score_out_of_sample",
]

OUT_OF_SAMPLE_STYLES = {"holds": "bold green", "uncertain": "bold yellow", "misses": "bold red"}
"""By verdict."""


def print_out_of_sample_tables(console: Console, evaluation: Evaluation) -> None:
    """Print everything below the first lines."""
    output_table(console, "Fractions", out_of_sample_fractions_table(evaluation), FRACTIONS)
    output_table(console, "Limits", out_of_sample_limits_table(evaluation), LIMITS)
    graded = [GRADED] if evaluation.sample.graded else []
    output_table(
        console,
        "Quality of ways to send these prompts",
        out_of_sample_routings_table(evaluation),
        [*ROUTINGS, *graded],
    )
    output_table(
        console,
        f"The router against them, by {'grades' if graded else 'scores'}",
        out_of_sample_comparisons_table(evaluation),
        COMPARISONS,
    )
    output_lines(console, "What this rests on", out_of_sample_basis_lines(evaluation))


def percent_out_of_sample(value: Any) -> str:
    """Write a number of per cent; - for none."""
    return "-" if pd.isna(value) else f"{value:.1f}"


def figure_out_of_sample(value: Any) -> str:
    """Write a number of four digits; - for none."""
    return "-" if pd.isna(value) else format_number(float(value))


def score_out_of_sample(value: Any) -> str:
    """Write a score; - for none."""
    return "-" if pd.isna(value) else f"{value:.4f}"


def _gain(value: Any) -> str:
    return f"{value:+.4f}"


FRACTIONS: list[Column] = [
    *(
        ("LLM", "LLM", str),
        ("Planned (%)", "planned\n(%)", percent_out_of_sample),
        ("Realised (%)", "realised\n(%)", percent_out_of_sample),
    ),
    *(
        ("From (%)", "95 %\nfrom", percent_out_of_sample),
        ("To (%)", "\nto", percent_out_of_sample),
        ("By prompt id (%)", "by id\n(%)", percent_out_of_sample),
    ),
    *(
        ("Mean score", "mean\nscore", score_out_of_sample),
        ("Mean grade", "mean\ngrade", score_out_of_sample),
    ),
]
LIMITS: list[Column] = [
    *(
        ("Limit", "limit", str),
        ("Unit", "unit", str),
        ("At most", "at most", figure_out_of_sample),
        ("Planned", "planned", figure_out_of_sample),
    ),
    *(
        ("Realised", "realised", figure_out_of_sample),
        ("From", "95 %\nfrom", figure_out_of_sample),
        ("To", "\nto", figure_out_of_sample),
        ("Verdict", "verdict", str),
    ),
]
ROUTINGS: list[Column] = [
    *(("Routing", "routing", str), ("LLM", "LLM", str), ("Limits", "limits", str)),
    ("Predicted quality (score)", "predicted\n(score)", score_out_of_sample),
]
GRADED: Column = ("Graded quality (score)", "graded\n(score)", score_out_of_sample)
COMPARISONS: list[Column] = [
    *(("Against", "against", str), ("Router gains (score)", "router gains\n(score)", _gain)),
    *(("95 % interval (± score)", "95 %\n±", score_out_of_sample), ("Verdict", "verdict", str)),
]
