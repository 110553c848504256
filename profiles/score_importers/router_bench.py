"""RouterBench: the wide table as CSV or Parquet, a row for each prompt: `sample_id`, for each model
a column of its name with the grade, and beside it `<model>|model_response` or
`<model>|total_cost`, by which models are known.

    prompt id    sample_id

Its pickles are refused: unpickling runs whatever the file says.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import number_table_column, text_table_column
from profiles.score_importers.grades import Grade

__all__ = ["pickle_fault", "read_router_bench", "router_bench_models"]

MOST_BYTES = 2 * 2**30
PICKLES = (".pkl", ".pickle", ".pt", ".joblib", ".npz", ".npy")


def pickle_fault(path: Path) -> Fault | None:
    """Why a file that may run code when it is read is refused."""
    if not any(suffix.lower() in PICKLES for suffix in path.suffixes):
        return None
    fix = (
        "write it as Parquet where you trust it:"
        " pandas.read_pickle(...).drop(columns=responses).to_parquet(...)"
    )
    return Fault(str(path), "", "", "pickles are not read: they may run any code", fix)


def router_bench_models(path: Path) -> list[str] | None:
    """Models by the names of a table's columns, in their order; None where it is not this format
    or cannot be read so.
    """
    try:
        if path.suffix.lower() == ".parquet":
            names = pq.read_schema(path).names
        else:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                names = next(csv.reader(stream), [])
    except (OSError, ValueError, csv.Error, pa.ArrowException):
        return None
    models = [
        name for name in names if f"{name}|model_response" in names or f"{name}|total_cost" in names
    ]
    return models if "sample_id" in names and models else None


def read_router_bench(path: Path) -> Iterator[Grade | Fault]:
    """Grades of one table."""
    models = router_bench_models(path) or []
    size = path.stat().st_size
    if size > MOST_BYTES:
        problem = f"the table has {size:,} bytes, more than {MOST_BYTES:,}"
        yield Fault(str(path), "", "", problem, "leave out the columns of responses")
        return
    faults: list[Fault] = []
    table = read_table_file(path, faults, only={"sample_id", *models})
    if table is not None:
        ids = text_table_column(table, "sample_id", faults)
        for model in models:
            values = number_table_column(table, model, faults, nan_is_blank=True)
            blank = np.isnan(values)
            for k, prompt in enumerate(ids):
                value = None if blank[k] else float(values[k])
                yield Grade(model, prompt, value, f"row {table.rows[k]}")
    yield from faults
