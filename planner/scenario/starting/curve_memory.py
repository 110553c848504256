"""Measured options whose LLM does not fit on their GPUs: the stated degree is then in doubt."""

from collections.abc import Mapping

import pandas as pd

from planner.scenario.schema.specification import SetupsSpec
from profiles.profile_columns import KEYS

__all__ = ["curve_memory_lines"]

MEMORY = "memory_gib_per_gpu"
KEPT_FREE = SetupsSpec().memory_headroom_pct / 100
"""Part of a GPU's memory, by default."""


def curve_memory_lines(
    frame: pd.DataFrame, weights: Mapping[str, float], memory: Mapping[str, float]
) -> list[str]:
    """A line for each option of which w / d > (1 - KEPT_FREE) m.

    frame: a profile table; options whose memory it states are not judged. weights: LLM -> w, GiB of
    all shards; memory: GPU type -> m, GiB of one GPU; d: the tensor-parallel degree.
    """
    unstated = frame[frame[MEMORY].isna()] if MEMORY in frame else frame
    lines = []
    for key in unstated[list(KEYS[:3])].drop_duplicates().itertuples(index=False, name=None):
        llm, gpu, degree = str(key[0]), str(key[1]), int(key[2])
        if llm not in weights or gpu not in memory:
            continue
        fillable = (1 - KEPT_FREE) * memory[gpu]
        if weights[llm] > degree * fillable:
            lines.append(
                f"{llm} needs {weights[llm]:,.0f} GiB, and {degree} x {gpu} hold"
                f" {degree * fillable:,.0f}: it was measured on at least"
                f" {-int(-weights[llm] // fillable)} GPUs, on another GPU type, or its weights are"
                " smaller"
            )
    return lines
