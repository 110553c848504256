"""Columns of a score table, checked: scores of an LLM, weights, where a row's scores come from.

A missing score is a blank cell, null or NaN. Functions append to `faults` and go on.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from profiles.io.faults import Fault, shown_in_fault
from profiles.io.tables import (
    Table,
    blank_table_cells,
    check_table_cells,
    number_table_column,
    text_table_column,
)
from profiles.records import ScoreProvenance

__all__ = [
    "PLACEHOLDER_SCORES",
    "PROVENANCE",
    "RESERVED",
    "check_score_weights",
    "score_column",
    "score_columns",
    "score_provenance_ranks",
    "score_weights",
]

LARGEST_SCORE = 1e9
"""Scores beyond it would drown the others in rounding."""

RESERVED = ("prompt_id", "weight")
"""Columns that are no LLM; no LLM may be called so."""
PROVENANCE = "provenance"
"""Column that is read where no LLM of the scenario is called so."""
PLACEHOLDER_SCORES = (
    "The scores are a stand-in (placeholders), made up, not of these LLMs. Quality, the fractions"
    " of prompts and the router's prices mean nothing until real scores replace them"
)
"""What is said wherever figures rest on such scores; a sentence without its full stop."""


def score_columns(llms: Iterable[str]) -> set[str]:
    """Columns that are read of a table: of these LLMs, and what is known about the prompts."""
    return {*RESERVED, PROVENANCE, *llms}


def score_provenance_ranks(table: Table, llms: Sequence[str], notices: list[str]) -> np.ndarray:
    """(N,) position in ScoreProvenance of what a row's scores are; where it is blank or none of
    them, predicted; of a word that is none with a notice: the column may mean something else.
    """
    kinds = [kind.value for kind in ScoreProvenance]
    unsaid = ScoreProvenance.PREDICTED.value
    if PROVENANCE not in table.columns or PROVENANCE in llms:
        return np.full(len(table.rows), kinds.index(unsaid))
    words = text_table_column(table, PROVENANCE, [], blank=unsaid)
    alien = sorted({word for word in words if word not in kinds})
    if alien:
        notices.append(
            f"{table.file}: column {PROVENANCE}: {shown_in_fault(alien[0])} is none of"
            f" {', '.join(kinds)}; such scores count as {unsaid}"
        )
    return np.array([kinds.index(word if word in kinds else unsaid) for word in words])


def score_column(table: Table, llm: str, missing: str, faults: list[Fault]) -> np.ndarray:
    """(N,) scores of one LLM, NaN where one is missing."""
    before = len(faults)
    values = number_table_column(table, llm, faults, nan_is_blank=True)
    blank = np.isnan(values)
    if missing == "error" and blank.any():
        if len(faults) > before:
            blank = blank_table_cells(table, llm, nan_is_blank=True)
        check_table_cells(
            table,
            llm,
            blank,
            "the score is missing",
            "fill it in, or set scores_missing: drop",
            faults,
        )
    huge = np.abs(values) > LARGEST_SCORE
    fix = "check the column; any scale will do, 0 to 1 or 0 to 100"
    check_table_cells(table, llm, huge, "the score is absurdly large", fix, faults)
    return values


def score_weights(table: Table, faults: list[Fault]) -> np.ndarray:
    """(N,) weights as stated in the file, 1 where there is no such column."""
    if "weight" not in table.columns:
        return np.ones(len(table.rows))
    before = len(faults)
    weights = number_table_column(table, "weight", faults)
    check_table_cells(
        table, "weight", weights < 0, "the weight is negative", "give a weight of 0 or more", faults
    )
    if len(faults) == before:
        check_table_cells(
            table,
            "weight",
            np.isnan(weights),
            "the weight is blank",
            "give a weight of 0 or more",
            faults,
        )
    return weights


def check_score_weights(file: str, weights: np.ndarray, faults: list[Fault]) -> bool:
    """Whether some prompt of a table weighs anything, weights (N,); else a fault."""
    if weights.max() > 0:
        return True
    fix = "give at least one prompt a weight above 0"
    faults.append(Fault(file, "column weight", "", "the weights sum to zero", fix))
    return False
