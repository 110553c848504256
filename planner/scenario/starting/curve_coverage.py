"""Which pairs of LLM and GPU type have curves, measured or estimated, and which LLMs have none."""

from collections.abc import Mapping, Sequence

import pandas as pd

from profiles.io.faults import Fault
from profiles.profile_columns import KEYS
from profiles.records import METRICS, STATISTICS

__all__ = [
    "NO_CURVES",
    "covered_pairs",
    "curve_coverage_faults",
    "curve_coverage_gaps",
    "curve_coverage_table",
    "curves_of_pairs",
]

Pair = tuple[str, str]
"""(LLM, GPU type)"""
HEADS = ("LLM", "GPU type", "Provenance", "Options", "TP degrees", "MPS shares (%)", "Load points")
NO_CURVES = "none"
"""In place of a provenance."""


def covered_pairs(frame: pd.DataFrame | None) -> set[Pair]:
    """Pairs that a profile table has curves of; None: no table."""
    if frame is None:
        return set()
    pairs = frame[["llm", "gpu"]].drop_duplicates().itertuples(index=False, name=None)
    return {(str(llm), str(gpu)) for llm, gpu in pairs}


def curves_of_pairs(frame: pd.DataFrame, pairs: set[Pair]) -> pd.DataFrame:
    """The rows of some pairs."""
    keep = [pair in pairs for pair in zip(frame["llm"], frame["gpu"], strict=True)]
    return frame[keep].reset_index(drop=True)


def curve_coverage_table(
    frames: Sequence[pd.DataFrame], llms: Sequence[str], gpus: Sequence[str]
) -> pd.DataFrame:
    """A row for each pair and provenance, the pairs without a curve among them."""
    rows: list[tuple[object, ...]] = []
    for llm in llms:
        for gpu in gpus:
            kinds = _kinds_of_pair(frames, (llm, gpu))
            rows += [(llm, gpu, kind, *counts) for kind, counts in kinds.items()]
            rows += [] if kinds else [(llm, gpu, NO_CURVES, 0, "", "", 0)]
    return pd.DataFrame(rows, columns=list(HEADS))


def _kinds_of_pair(
    frames: Sequence[pd.DataFrame], pair: Pair
) -> Mapping[str, tuple[int, str, str, int]]:
    """Provenance -> options, degrees, shares, points."""
    kinds = {}
    for frame in frames:
        own = curves_of_pairs(frame, {pair})
        for kind, rows in own.groupby("provenance", sort=True):
            options = rows[list(KEYS)].drop_duplicates()
            degrees = ", ".join(f"{one:g}" for one in sorted(set(options["tp_degree"])))
            shares = ", ".join(f"{one:g}" for one in sorted(set(options["mps_share_pct"])))
            kinds[str(kind)] = (len(options), degrees, shares, len(rows))
    return kinds


def curve_coverage_gaps(frame: pd.DataFrame) -> list[str]:
    """Which statistics lack on every point, an entry for each pair that lacks some."""
    gaps = []
    for llm, gpu in sorted(covered_pairs(frame)):
        own = curves_of_pairs(frame, {(llm, gpu)})
        if lacking := [words for metric in METRICS if (words := _gap_of_metric(own, metric))]:
            gaps.append(f"{llm} on {gpu} has no {'; no '.join(lacking)}")
    return gaps


def _gap_of_metric(rows: pd.DataFrame, metric: str) -> str:
    """The statistics of a latency that every row lacks, the latency alone where that is all."""
    columns = {statistic: f"{metric}_{statistic}_ms" for statistic in STATISTICS}
    blank = [one for one, name in columns.items() if name not in rows or rows[name].isna().all()]
    if len(blank) in (0, len(STATISTICS)):
        return metric.upper() if blank else ""
    return f"{', '.join(blank)} {metric.upper()}"


def curve_coverage_faults(
    frames: Sequence[pd.DataFrame], llms: Sequence[str], gpus: Sequence[str]
) -> tuple[Fault, ...]:
    """LLMs without a curve on any GPU type that there is."""
    known: set[Pair] = set().union(*(covered_pairs(frame) for frame in frames))
    return tuple(
        Fault(
            "curves",
            llm,
            "",
            "there is no curve of this LLM on any of the GPU types",
            "upload its load tests, estimate it, or take it out of the LLMs",
        )
        for llm in llms
        if not any((llm, gpu) in known for gpu in gpus)
    )
