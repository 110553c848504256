"""Which pairs of LLM and GPU type have curves, measured or estimated, and which LLMs have none."""

from collections.abc import Mapping, Sequence

import pandas as pd

from profiles.io.faults import Fault
from profiles.profile_columns import KEYS

__all__ = ["covered_pairs", "curve_coverage_faults", "curve_coverage_table", "curves_of_pairs"]

Pair = tuple[str, str]
"""(LLM, GPU type)"""
HEADS = ("LLM", "GPU type", "Provenance", "Options", "TP degrees", "MPS shares (%)", "Load points")


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
            rows += [] if kinds else [(llm, gpu, "none", 0, "", "", 0)]
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
