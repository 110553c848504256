"""Scores tables written: CSV, or Parquet where the path ends so.

A prompt id that begins like a formula gets an apostrophe in CSV, as all text that this program
writes there; it then no longer joins with other tables, which is said. Parquet keeps it.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from profiles.io.faults import DataError, Fault, shown_in_fault
from profiles.io.writing import (
    check_writable,
    csv_text,
    safely_written_cell,
    write_csv,
    writing_whole_file,
)
from profiles.records import ScoreProvenance, Scores
from profiles.score_tables.score_columns import PROVENANCE

__all__ = ["check_scores_writable", "scores_frame", "write_scores_frame"]

ENDINGS = (".csv", ".parquet")


def check_scores_writable(out: str) -> None:
    """Raise DataError before the work rather than after it; out: a path, or - for standard
    output.
    """
    if out == "-":
        return
    check_writable(Path(out), "--out")
    # A device has no ending of its own: CSV goes there.
    if Path(out).suffix.lower() not in ENDINGS and not out.startswith(("/dev/", "/proc/")):
        problem = "--out ends neither in .csv nor in .parquet"
        fault = Fault(out, "", shown_in_fault(Path(out).suffix), problem, "name it so")
        raise DataError([fault])


def scores_frame(scores: Scores) -> pd.DataFrame:
    """The table of scores; weights (of mean 1) only where they differ, and provenance where it is
    not the default.
    """
    columns: dict[str, np.ndarray] = {"prompt_id": scores.prompt_ids}
    if scores.provenance != ScoreProvenance.PREDICTED and PROVENANCE not in scores.llms:
        columns[PROVENANCE] = np.full(scores.weights.size, scores.provenance.value, dtype=object)
    weights = scores.weights * scores.weights.size
    if np.ptp(weights) > 1e-9:
        columns["weight"] = weights
    return pd.DataFrame({**columns, **dict(zip(scores.llms, scores.values, strict=True))})


def write_scores_frame(frame: pd.DataFrame, out: str) -> list[str]:
    """Write the table and return notices. out: a path, or - for standard output.

    WriteError when that is not possible.
    """
    if out.lower().endswith(".parquet"):
        path = Path(out)
        with writing_whole_file(path, ".parquet") as temporary:
            frame.to_parquet(temporary, index=False)
        return []
    if out == "-":
        sys.stdout.write(csv_text(frame))
    else:
        write_csv(frame, Path(out))
    texts = [*frame["prompt_id"], *frame.columns]
    changed = [text for text in texts if safely_written_cell(text) != text]
    if not changed:
        return []
    return [
        f"{out}: {len(changed):,} names begin like a formula, e.g. {shown_in_fault(changed[0])},"
        " and got an apostrophe; write .parquet to keep them"
    ]
