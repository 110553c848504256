"""A planning instance with a score table of any size, written batch by batch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.instances import make

__all__ = ["KINDS", "make_large_table"]

KINDS = ("predicted", "grades")
"""Scores as predictors give them, no two alike; or grades 0 and 1 drawn with them."""

SIZE = "fleet20x1024"
ROWS = 1 << 19


def make_large_table(kind: str, prompts: int, seed: int, folder: Path) -> Path:
    """The scenario of 20 LLMs on 1,024 GPUs with a table of so many prompts, made unless there."""
    source, _ = make(SIZE, seed, 0.0, folder)
    target = folder / f"large-{kind}-{prompts}-seed{seed}"
    scenario = target / "scenario.yaml"
    if scenario.exists():
        return scenario
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source.parent / "profiles.csv", target)
    llms = pq.ParquetFile(source.parent / "scores.parquet").schema_arrow.names[1:]
    columns = [("prompt_id", pa.string()), *((llm, pa.float32()) for llm in llms)]
    with pq.ParquetWriter(
        target / "scores.parquet", pa.schema(columns), compression="zstd"
    ) as writer:
        for first, values in _large_table_rows(kind, prompts, len(llms), seed):
            ids = pa.array([f"p{i}" for i in range(first, first + values.shape[1])])
            writer.write_table(pa.table([ids, *map(pa.array, values)], schema=writer.schema))
    shutil.copy(source, scenario)
    return scenario


def _large_table_rows(
    kind: str, prompts: int, llms: int, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """The first prompt and the scores (M, B) of each batch: skill of an LLM, difficulty and topic
    of a prompt, and noise, in 0..1.
    """
    rng = np.random.default_rng(seed)
    skill, topics = np.linspace(0.35, 0.75, llms), np.linspace(-0.05, 0.05, llms)
    for first in range(0, prompts, ROWS):
        rows = min(ROWS, prompts - first)
        values = skill[:, None] + 0.5 * (0.5 - rng.beta(2, 2, rows))
        values += topics[:, None] * rng.normal(size=rows)
        values = np.clip(values + rng.normal(0.0, 0.15, (llms, rows)), 0.0, 1.0)
        if kind == "grades":
            values = rng.random((llms, rows)) < values
        yield first, np.ascontiguousarray(values, dtype=np.float32)
