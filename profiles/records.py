"""What was measured, as records: latency curves and scores.

Units inside the program: seconds, req/s, GiB, USD/h; shares in 0..1. Files carry ms and per cent;
only `planner.scenario.assemble*` convert.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

METRICS = ("ttft", "tpot", "e2e")
STATISTICS = ("mean", "p50", "p90", "p95", "p99")
PROVENANCES = ("measured", "interpolated", "calibrated", "estimated")
"""From the strongest to the weakest."""
NEIGHBOURS = ("busy", "unknown", "idle")
"""What the other shards of a shared GPU did while a curve was measured, from the safest on."""


class ScoreProvenance(StrEnum):
    """Where scores come from, from the strongest to the weakest."""

    GRADED = "graded"
    """Grades of answers that were really given."""
    CALIBRATED = "calibrated"
    """A predictor's, fitted to grades."""
    PREDICTED = "predicted"
    """A predictor's, put to no test: what tables are that do not say."""
    PLACEHOLDER = "placeholder"
    """Made up, for scores that are still to come: they say nothing about the LLMs."""


Column = tuple[str, str]
"""(metric, statistic), e.g. ("ttft", "mean")."""


@dataclass(frozen=True)
class Curve:
    """Load-latency curve of one replica of one option.

    rates: (K,) req/s of one replica, strictly increasing, >= 0.
    latency: per column (metric, statistic) a (K,) array in seconds, finite, > 0 (no gaps).
    provenance: (K,) one of PROVENANCES per point.
    source: free text, what the table says about where the points come from ("" when it says
    nothing).
    tokens: mean tokens of prompts and of answers that the points were taken with, NaN where the
    table does not say.
    neighbours: one of NEIGHBOURS; means nothing for a whole GPU.
    """

    rates: np.ndarray
    latency: Mapping[Column, np.ndarray]
    provenance: tuple[str, ...]
    source: str = ""
    tokens: tuple[float, float] = (math.nan, math.nan)
    neighbours: str = "unknown"

    @property
    def max_rate(self) -> float:
        """The highest profiled rate, req/s; above it the option may not be run."""
        return float(self.rates[-1])


@dataclass(frozen=True, kw_only=True)
class WholeTable:
    """A score table that is too large for memory, for which representatives stand.

    path: its Parquet file. prompts: its rows with all scores. means: (M,) mean of each LLM over all
    of them, by weight. missing: what happens to rows without some score, `error | drop`. exact:
    whether the representatives are all its rows, only equal ones made one.
    """

    path: Path
    prompts: int
    means: np.ndarray
    missing: str
    exact: bool


@dataclass(frozen=True)
class Scores:
    """Predicted quality of every LLM's answer to every prompt.

    prompt_ids: (N,) text, as objects or numpy's StringDType, which takes a quarter of the memory.
    llms: (M,) names.  values: (M, N) float64, C-contiguous, row i = LLM i, finite.
    weights: (N,) float64 >= 0, normalised to sum 1.  dropped: prompts left out because a score was
                                                      missing.
    provenance: the weakest of any prompt that weighs anything.
    whole: the table for which these prompts stand; None where they are all.
    """

    prompt_ids: np.ndarray
    llms: tuple[str, ...]
    values: np.ndarray
    weights: np.ndarray
    dropped: int = 0
    provenance: ScoreProvenance = ScoreProvenance.PREDICTED
    whole: WholeTable | None = None

    @property
    def best_mean(self) -> float:
        """Mean score of the best LLM for every prompt: no plan has more."""
        return float(self.weights @ self.values.max(axis=0))


MIG_COMPUTE_SLICES, MIG_MEMORY_SLICES = 7, 8
"""Of a GPU that can be divided, from A100 to B200."""


@dataclass(frozen=True, kw_only=True)
class MigProfile:
    """A kind of MIG instance of one GPU type.

    name: as in `3g.40gb`. compute, size: compute and memory slices of an instance. memory: its GiB.
    starts: the first memory slices that it may have, ascending.
    """

    name: str
    compute: int
    memory: float
    size: int
    starts: tuple[int, ...]

    @property
    def share(self) -> float:
        """0..1 of the compute slices of a GPU: in sum at most 1 over the instances of a GPU."""
        return self.compute / MIG_COMPUTE_SLICES

    @property
    def part(self) -> float:
        """0..1 of the memory slices of a GPU: in sum at most 1 over the instances of a GPU."""
        return self.size / MIG_MEMORY_SLICES

    @property
    def masks(self) -> tuple[int, ...]:
        """The memory slices of an instance at each of its starts, as bits."""
        return tuple(((1 << self.size) - 1) << start for start in self.starts)
