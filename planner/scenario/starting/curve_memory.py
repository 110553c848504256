"""Measured options whose LLM does not fit on their GPUs: the stated degree is then in doubt."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.scenario.schema.specification import SetupsSpec
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.profile_columns import KEYS

__all__ = ["curve_memory_lines"]

MEMORY = "memory_gib_per_gpu"
KEPT_FREE = SetupsSpec().memory_headroom_pct / 100
"""Part of a GPU's memory, by default."""


def curve_memory_lines(
    frame: pd.DataFrame, llms: Sequence[Mapping[str, Any]], pools: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A line for each option of which w / d > (1 - KEPT_FREE) m.

    frame: a profile table; options whose memory it states are not judged. llms, pools: as keys of a
    scenario, which say w, GiB of all shards, and m, GiB of one GPU; else the catalogues do. d: the
    tensor-parallel degree.
    """
    weights = {name: llm.weights_gib_16bit for name, llm in load_catalogue_llms().items()}
    weights |= {llm["name"]: llm["weights_gib"] for llm in llms if "weights_gib" in llm}
    memory = {name: gpu.memory_gib for name, gpu in load_catalogue_gpus().items()}
    memory |= {pool["gpu"]: pool["memory_gib"] for pool in pools if "memory_gib" in pool}
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
