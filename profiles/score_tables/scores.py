"""Scores table: predicted quality of every LLM's answer to every prompt, from CSV or Parquet.

`prompt_id`, optional `weight` (>= 0, sum > 0; default: all equal), one column per LLM (any finite
number, higher is better). A missing score is a blank cell, null or NaN. An optional column
`provenance` (unless an LLM is called so) says where a row's scores come from: graded, calibrated,
predicted (default), placeholder; it changes no plan, only what is said about it.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from profiles.io.cells import number_in_text_cell, number_in_typed_cell
from profiles.io.faults import Fault, ScoresError, shown_in_fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import (
    Table,
    check_table_cells,
    require_table_columns,
    text_table_column,
)
from profiles.records import ScoreProvenance, Scores
from profiles.score_tables.large_scores import LargeScoreTable, read_large_score_table
from profiles.score_tables.score_columns import (
    PROVENANCE,
    RESERVED,
    check_score_weights,
    score_column,
    score_columns,
    score_provenance_ranks,
    score_weights,
)

__all__ = ["load_scores", "parse_scores", "read_score_table", "read_scores", "scored_llms"]


def load_scores(
    path: Path | str, llms: Sequence[str], missing: str = "error"
) -> tuple[Scores, tuple[str, ...]]:
    """Scores of the named LLMs, rows in their order, and notices; however many there are, all.

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


def read_score_table(
    path: Path,
    llms: Sequence[str],
    missing: str,
    faults: list[Fault],
    notices: list[str],
    *,
    passed_over: Collection[str] = (),
) -> Table | None:
    """The cells of a score table, for `parse_scores`; arguments as there. Of a table too large for
    memory those of its representatives, in which no score is missing.
    """
    large, read = read_large_score_table(path, llms, missing, faults, notices)
    if large:
        return read
    return read_table_file(path, faults, only=score_columns([*llms, *passed_over]))


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
    unweighed = len(faults)
    weights = score_weights(table, faults)
    if len(faults) == unweighed:
        check_score_weights(table.file, weights, faults)
    ranks = score_provenance_ranks(table, llms, notices)
    values = np.empty((len(llms), len(table.rows)))
    for i, llm in enumerate(llms):
        if llm in table.columns:
            values[i] = score_column(table, llm, missing, faults)
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
    if not check_score_weights(table.file, weights, faults):
        return None
    # Scaled first: the sum of weights of any size is finite then. Summed in order of size, so that
    # the order of the rows does not change its last digit.
    scaled = weights / weights.max()
    provenance = tuple(ScoreProvenance)[int(ranks[weights > 0].max())]
    weights = scaled / np.sort(scaled).sum()
    whole = table.whole if isinstance(table, LargeScoreTable) else None
    return Scores(ids, tuple(llms), values, weights, dropped, provenance, whole)


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
