"""A score table that is too large for memory, batch after batch from its Parquet file.

Every cell is checked as in a table that is read whole. The first batch with a fault ends the pass:
what follows is not looked at. Arrays: M LLMs, B prompts of a batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from profiles.io.faults import Fault, shown_in_fault
from profiles.io.tables import Table, text_table_column
from profiles.score_tables.score_columns import (
    PROVENANCE,
    score_column,
    score_columns,
    score_provenance_ranks,
    score_weights,
)

__all__ = ["PROMPTS_OF_BATCH", "ScoreBatch", "open_score_batches", "read_score_batches"]

PROMPTS_OF_BATCH = 1 << 18
"""Prompts of a batch: with 20 LLMs 42 MB as they are read, and as much again as they are checked.
"""
READ_BYTES = 1 << 20
"""Of one column at a time."""


@dataclass(frozen=True)
class ScoreBatch:
    """Some prompts of a table.

    prompt_ids: (B,) text. values: (M, B) scores, C-contiguous. weights: (B,) as the file states
    them, 1 where it states none. dropped: prompts left out here because a score was missing.
    provenance: position in ScoreProvenance of the weakest of those that weigh anything.
    """

    prompt_ids: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    dropped: int
    provenance: int


def open_score_batches(path: Path) -> pq.ParquetFile | None:
    """A Parquet file of which only the directory was read; None where that cannot be: reading it
    whole says why.
    """
    try:
        # Neither mapped nor read ahead: pages of the file would stay in memory.
        return pq.ParquetFile(path, buffer_size=READ_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError):
        return None


def read_score_batches(
    file: pq.ParquetFile,
    name: str,
    llms: Sequence[str],
    missing: str,
    faults: list[Fault],
    notices: list[str],
) -> Iterator[ScoreBatch]:
    """The prompts of a table that has all columns that it needs.

    name: what faults call the file. llms: columns (M) that are read. missing: `error | drop`.
    Appends to faults and ends there; to notices as often as a batch gives cause.
    """
    present = set(file.schema_arrow.names)
    wanted = [one for one in ("prompt_id", *sorted(score_columns(llms))) if one in present]
    wanted = list(dict.fromkeys(wanted))
    first = 2
    try:
        for records in file.iter_batches(PROMPTS_OF_BATCH, columns=wanted):
            rows = np.arange(first, first + records.num_rows)
            first += records.num_rows
            columns: dict[str, list | pa.ChunkedArray] = {
                one: pa.chunked_array([records.column(one)]) for one in wanted
            }
            table = Table(name, columns, rows, typed=True)
            batch = _checked_batch(table, llms, missing, faults, notices)
            if batch is None:
                return
            yield batch
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = shown_in_fault((str(error).splitlines() or [""])[0])
        problem = f"this Parquet file cannot be read from about row {first} on ({reason})"
        faults.append(Fault(name, "", "", problem, "write the file again"))


def _checked_batch(
    table: Table, llms: Sequence[str], missing: str, faults: list[Fault], notices: list[str]
) -> ScoreBatch | None:
    """The prompts of a batch that have all scores; None when there are faults."""
    before = len(faults)
    ids = text_table_column(table, "prompt_id", faults).astype(np.dtypes.StringDType())
    weights = score_weights(table, faults)
    ranks = _batch_provenance(table, llms, notices)
    values = np.array([score_column(table, llm, missing, faults) for llm in llms])
    if len(faults) > before:
        return None
    gaps = np.isnan(values).any(axis=0)
    if gaps.any():
        ids, weights, values = ids[~gaps], weights[~gaps], values[:, ~gaps]
        ranks = ranks[~gaps] if ranks.size > 1 else ranks
    weighing = ranks[weights > 0] if ranks.size > 1 else ranks
    return ScoreBatch(
        ids,
        np.ascontiguousarray(values),
        weights,
        int(gaps.sum()),
        int(weighing.max(initial=0)),
    )


def _batch_provenance(table: Table, llms: Sequence[str], notices: list[str]) -> np.ndarray:
    """(B,) or (1,) provenance of a batch; a notice that is there is not given again."""
    if PROVENANCE not in table.columns or PROVENANCE in llms:
        return score_provenance_ranks(Table(table.file, {}, np.zeros(1)), llms, [])
    own: list[str] = []
    ranks = score_provenance_ranks(table, llms, own)
    notices.extend(one for one in own if one not in notices)
    return ranks
