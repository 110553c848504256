"""A score table that is too large for memory, as the table of its representatives.

One pass over a Parquet file with more than `IN_MEMORY` scores: every cell is checked, every prompt
is counted, and about `STANDING` scores are kept (profiles.score_tables.representatives). What of it
holds for all prompts a second pass says (models.scores.all_prompts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from profiles.io.faults import Fault, shown_in_fault
from profiles.io.table_files import check_table_file_header
from profiles.io.tables import Table, require_table_columns
from profiles.records import ScoreProvenance, WholeTable
from profiles.score_tables.representatives import Representatives, StandingPrompts
from profiles.score_tables.score_batches import open_score_batches, read_score_batches
from profiles.score_tables.score_columns import PROVENANCE, score_columns

__all__ = ["IN_MEMORY", "STANDING", "LargeScoreTable", "read_large_score_table"]

IN_MEMORY = 30_000_000
"""Most scores of a table that is read whole: planning with it takes 2 GiB."""

STANDING = 20_000_000
"""Scores of the representatives."""

SHOWN = 20
"""Prompts that appear twice and are named."""


@dataclass(frozen=True)
class LargeScoreTable(Table):
    """The representatives of a table. whole: what is known of all of it."""

    whole: WholeTable | None = None


def read_large_score_table(
    path: Path, llms: Sequence[str], missing: str, faults: list[Fault], notices: list[str]
) -> tuple[bool, LargeScoreTable | None]:
    """Whether a score table is too large for memory, and then its representatives; None where it
    has faults.

    llms: columns that are wanted. missing: `error | drop`.
    """
    # A file that is none, or no regular one, is refused by what reads it whole.
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False, None
    file = open_score_batches(path)
    if file is None:
        return False, None
    names = file.schema_arrow.names
    wanted = [name for name in names if name in llms]
    if file.metadata.num_rows * len(wanted) <= IN_MEMORY:
        return False, None
    read = score_columns(llms)
    empty = Table(str(path), {name: [] for name in names if name in read}, np.zeros(0))
    sound = check_table_file_header(str(path), names, None, faults)
    if not require_table_columns(empty, ["prompt_id", *llms], faults) or not sound:
        return True, None
    return True, _large_table(file, path, llms, missing, faults, notices)


def _large_table(
    file: pq.ParquetFile,
    path: Path,
    llms: Sequence[str],
    missing: str,
    faults: list[Fault],
    notices: list[str],
) -> LargeScoreTable | None:
    """The representatives of a table that has all columns."""
    rows, before = file.metadata.num_rows, len(faults)
    taken = Representatives(max(STANDING // len(llms), 1), rows)
    prompts, weakest, weight, sums = 0, 0, 0.0, np.zeros(len(llms))
    hashes: list[np.ndarray] = []
    for batch in read_score_batches(file, str(path), llms, missing, faults, notices):
        prompts += batch.weights.size
        weakest = max(weakest, batch.provenance)
        weight += float(batch.weights.sum())
        sums += batch.values @ batch.weights
        hashes.append(_hashes_of_prompts(batch.prompt_ids))
        taken.add(batch.prompt_ids, batch.values, batch.weights)
    if len(faults) > before or not _large_table_counts(path, prompts, weight, faults):
        return None
    if _repeated_prompts(file, path, np.concatenate(hashes), faults):
        return None
    if prompts < rows:
        notices.append(
            f"{path}: dropped {rows - prompts} of {rows} prompts that lack a score"
            " (scores_missing: drop)"
        )
    standing = taken.standing()
    whole = WholeTable(
        path=path, prompts=prompts, means=sums / weight, missing=missing, exact=standing.exact
    )
    notices.append(_large_table_notice(whole, standing))
    return _table_of_standing(file, whole, llms, standing, tuple(ScoreProvenance)[weakest])


def _large_table_counts(path: Path, prompts: int, weight: float, faults: list[Fault]) -> bool:
    """Whether prompts are left, and weigh anything; else a fault."""
    if not prompts:
        problem = "every prompt lacks a score of some LLM, so none is left"
        faults.append(Fault(str(path), "", "", problem, "fill in the scores"))
    elif not weight > 0:
        fix = "give at least one prompt a weight above 0"
        faults.append(Fault(str(path), "column weight", "", "the weights sum to zero", fix))
    return prompts > 0 and weight > 0


def _large_table_notice(whole: WholeTable, standing: StandingPrompts) -> str:
    """What was made of the table."""
    kept = standing.weights.size
    if whole.exact:
        return f"{whole.path}: {whole.prompts:,} prompts with {kept:,} different rows of scores"
    return (
        f"{whole.path}: {whole.prompts:,} prompts are too many for memory; {kept:,} weighted ones,"
        " drawn in strata of alike scores, stand for them"
    )


def _table_of_standing(
    file: pq.ParquetFile,
    whole: WholeTable,
    llms: Sequence[str],
    standing: StandingPrompts,
    provenance: ScoreProvenance,
) -> LargeScoreTable:
    """The representatives as a table: its own columns in place of the file's."""
    count, names = standing.weights.size, file.schema_arrow.names
    # Part by part: as Python's strings all names together take as much memory as the scores.
    parts = [slice(at, at + (1 << 16)) for at in range(0, count, 1 << 16)]
    texts = [pa.array(standing.prompt_ids[part].tolist(), pa.large_string()) for part in parts]
    columns: dict[str, list | pa.ChunkedArray] = {
        "prompt_id": pa.chunked_array(texts),
        "weight": pa.chunked_array([pa.array(standing.weights)]),
        **{
            llm: pa.chunked_array([pa.array(row)])
            for llm, row in zip(llms, standing.values, strict=True)
        },
    }
    if PROVENANCE in names and PROVENANCE not in llms:
        words = pa.array([provenance.value] * count)
        columns[PROVENANCE] = pa.chunked_array([words])
    others = tuple(name for name in names if name not in columns)
    rows = np.arange(2, count + 2, dtype=np.int32)
    return LargeScoreTable(str(whole.path), columns, rows, others, typed=True, whole=whole)


def _hashes_of_prompts(ids: np.ndarray) -> np.ndarray:
    """(B,) a whole number for each of these texts (B,), the same for the same one."""
    return np.asarray(pd.util.hash_array(ids.astype(object), categorize=False))


def _repeated_prompts(
    file: pq.ParquetFile, path: Path, hashes: np.ndarray, faults: list[Fault]
) -> bool:
    """Whether some prompt appears twice, a fault for each of the first ones.

    hashes: (N,) of all prompts. Different texts of equal hashes are told apart by a look at the
    texts themselves.
    """
    hashes.sort()
    alike = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if not alike.size:
        return False
    before, row, seen = len(faults), 2, set[str]()
    for records in file.iter_batches(1 << 18, columns=["prompt_id"]):
        texts = np.array([str(one).strip() for one in records.column(0).to_pylist()], dtype=object)
        for at in np.flatnonzero(np.isin(_hashes_of_prompts(texts), alike)).tolist():
            if texts[at] in seen and len(faults) - before < SHOWN:
                problem, fix = "the prompt appears twice in the table", "keep one row of each"
                where = f"row {row + at}, column prompt_id"
                faults.append(Fault(str(path), where, shown_in_fault(texts[at]), problem, fix))
            seen.add(texts[at])
        row += texts.size
    return len(faults) > before
