"""Scores table: predicted quality of every LLM's answer to every prompt, from CSV or Parquet.

`prompt_id`, optional `weight` (>= 0, sum > 0; default: all equal), one column per LLM (any finite
number, higher is better). A missing score is a blank cell, null or NaN. An optional column
`provenance` (unless an LLM is called so) says where a row's scores come from: graded, calibrated,
predicted (default); it changes no plan, only what is said about it.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from profiles.io.cells import number_in_text_cell, number_in_typed_cell
from profiles.io.faults import Fault, ScoresError, shown_in_fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import (
    Table,
    blank_table_cells,
    check_table_cells,
    number_table_column,
    require_table_columns,
    text_table_column,
)
from profiles.records import ScoreProvenance, Scores

__all__ = [
    "PROVENANCE",
    "RESERVED",
    "load_scores",
    "parse_scores",
    "read_scores",
    "score_columns",
    "scored_llms",
]

LARGEST_SCORE = 1e9
"""Scores beyond it would drown the others in rounding."""

RESERVED = ("prompt_id", "weight")
"""Columns that are no LLM; no LLM may be called so."""
PROVENANCE = "provenance"
"""Column that is read where no LLM of the scenario is called so."""


def score_columns(llms: Iterable[str]) -> set[str]:
    """Columns that are read of a table: of these LLMs, and what is known about the prompts."""
    return {*RESERVED, PROVENANCE, *llms}


def load_scores(
    path: Path | str, llms: Sequence[str], missing: str = "error"
) -> tuple[Scores, tuple[str, ...]]:
    """Scores of the named LLMs, rows in their order, and notices.

    missing: `error | drop`. Raises ScoresError with every fault.
    """
    faults: list[Fault] = []
    notices: list[str] = []
    scores = read_scores(Path(path), llms, missing, faults, notices)
    if scores is None or faults:
        raise ScoresError(faults, notices)
    return scores, tuple(notices)


def read_scores(
    path: Path, llms: Sequence[str], missing: str, faults: list[Fault], notices: list[str]
) -> Scores | None:
    """`load_scores` that appends to faults and notices; None when there are faults."""
    table = read_table_file(path, faults, only=score_columns(llms))
    return None if table is None else parse_scores(table, llms, missing, faults, notices)


def parse_scores(
    table: Table,
    llms: Sequence[str],
    missing: str,
    faults: list[Fault],
    notices: list[str],
    *,
    passed_over: Collection[str] = (),
) -> Scores | None:
    """Scores of a table that was read; arguments and result as in `read_scores`.

    passed_over: columns of LLMs that are not wanted here, and known all the same.
    """
    before = len(faults)
    require_table_columns(table, ["prompt_id", *llms], faults)
    ignored = [
        name
        for name in [*table.columns, *table.others]
        if name not in (*RESERVED, PROVENANCE, *passed_over) and name not in llms
    ]
    if ignored:
        notices.append(
            f"{table.file}: ignored {len(ignored)} column{'s' * (len(ignored) > 1)} whose name is"
            " no LLM of the scenario:"
            f" {shown_in_fault(', '.join(ignored), 200)[1:-1]}"
        )
    ids = (
        text_table_column(table, "prompt_id", faults)
        if "prompt_id" in table.columns
        else np.zeros(0, dtype=object)
    )
    _check_unique_scores(table, ids, faults)
    ids = ids.astype(np.dtypes.StringDType())
    weights = _score_weights(table, faults)
    ranks = _score_provenance_ranks(table, llms, notices)
    values = np.empty((len(llms), len(table.rows)))
    for i, llm in enumerate(llms):
        if llm in table.columns:
            values[i] = _scores_of(table, llm, missing, faults)
            if len(faults) == before:
                table.share_numbers(llm, values[i])
    if len(faults) > before:
        return None
    # Arrow keeps the memory of the columns that the table has given up.
    pa.default_memory_pool().release_unused()
    gaps = np.isnan(values).any(axis=0)
    dropped = int(gaps.sum())
    if dropped:
        notices.append(
            f"{table.file}: dropped {dropped} of {len(ids)} prompts that lack a score"
            " (scores_missing: drop)"
        )
        ids, weights, ranks = ids[~gaps], weights[~gaps], ranks[~gaps]
        values = np.ascontiguousarray(values[:, ~gaps])
    if not ids.size:
        problem = "every prompt lacks a score of some LLM, so none is left"
        faults.append(Fault(table.file, "", "", problem, "fill in the scores"))
        return None
    if not weights.max() > 0:
        fix = "give at least one prompt a weight above 0"
        faults.append(Fault(table.file, "column weight", "", "the weights sum to zero", fix))
        return None
    # Scaled first: the sum of weights of any size is finite then. Summed in order of size, so that
    # the order of the rows does not change its last digit.
    scaled = weights / weights.max()
    provenance = tuple(ScoreProvenance)[int(ranks[weights > 0].max())]
    return Scores(ids, tuple(llms), values, scaled / np.sort(scaled).sum(), dropped, provenance)


def _score_provenance_ranks(table: Table, llms: Sequence[str], notices: list[str]) -> np.ndarray:
    """(N,) position in ScoreProvenance of what a row's scores are; what is none is the weakest, and
    a notice: the column may mean something else.
    """
    kinds = [kind.value for kind in ScoreProvenance]
    weakest = len(kinds) - 1
    if PROVENANCE not in table.columns or PROVENANCE in llms:
        return np.full(len(table.rows), weakest)
    words = text_table_column(table, PROVENANCE, [], blank=kinds[weakest])
    alien = sorted({word for word in words if word not in kinds})
    if alien:
        notices.append(
            f"{table.file}: column {PROVENANCE}: {shown_in_fault(alien[0])} is none of"
            f" {', '.join(kinds)}; such scores count as {kinds[weakest]}"
        )
    return np.array([kinds.index(word) if word in kinds else weakest for word in words])


def scored_llms(table: Table) -> list[str]:
    """Columns that may be scores of an LLM, in the order of the file: not reserved, and some cell
    is a number.
    """
    return [
        name
        for name, cells in table.columns.items()
        if name not in RESERVED and _holds_a_score(cells, typed=table.typed)
    ]


def _holds_a_score(cells: list | pa.ChunkedArray, *, typed: bool) -> bool:
    if not isinstance(cells, list):
        kind = cells.type
        return bool(
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        )
    read = number_in_typed_cell if typed else number_in_text_cell
    return any(isinstance(number := read(cell), float) and number == number for cell in cells)


def _scores_of(table: Table, llm: str, missing: str, faults: list[Fault]) -> np.ndarray:
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


def _score_weights(table: Table, faults: list[Fault]) -> np.ndarray:
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
    if len(faults) == before and not weights.max() > 0:
        faults.append(
            Fault(
                table.file,
                "column weight",
                "",
                "the weights sum to zero",
                "give at least one prompt a weight above 0",
            )
        )
    return weights


def _check_unique_scores(table: Table, ids: np.ndarray, faults: list[Fault]) -> None:
    if len(set(ids.tolist())) == ids.size:
        return
    first: dict[str, int] = {}
    repeated = np.array([first.setdefault(name, i) != i for i, name in enumerate(ids)])
    repeated &= ids != "?"
    check_table_cells(
        table,
        "prompt_id",
        repeated,
        "the prompt appears twice in the table",
        "keep one row of each prompt",
        faults,
    )
