"""Sharing creates no throughput: the law over the catalogue, with estimates as they are made."""

import numpy as np
import pytest

from models.serving.workload import lognormal_workload
from planner.profiling.estimate import LATENCIES, estimate_requests, estimate_table
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from tests.support.walls import usually

LLMS, GPUS = load_catalogue_llms(), load_catalogue_gpus()
SHARES = (30, 45, 50, 70, 90, 100)


def law_violations(
    llm: str, gpus: list[str], degrees: tuple[int, ...], offered: OfferedLoad
) -> list[str]:
    """Where a share ends above its part of the whole GPU, or is faster than it."""
    found = estimate_table(
        estimate_requests([LLMS[llm]], [GPUS[gpu] for gpu in gpus], degrees, SHARES, offered)
    )
    curves: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in found.rows:
        key = (row["gpu"], row["tp_degree"], row["mps_share_pct"])
        curves.setdefault(key, []).append(row)
    wrong = []
    for (gpu, degree, share_pct), rows in curves.items():
        whole = curves[gpu, degree, 100]
        share = float(str(share_pct)) / 100
        mine, alone = (np.array([row["rate_rps"] for row in part], float) for part in (rows, whole))
        if mine[-1] > share * alone[-1] * (1 + 1e-9):
            wrong.append(f"{llm} {gpu} tp{degree} {share_pct} % ends at {mine[-1]}")
        at = np.union1d(alone[share * alone <= mine[-1]], mine / share)
        for name in LATENCIES:
            shared, full = (np.array([row[name] for row in part], float) for part in (rows, whole))
            if np.any(np.interp(share * at, mine, shared) < np.interp(at, alone, full) - 1e-6):
                wrong.append(f"{llm} {gpu} tp{degree} {share_pct} % is faster in {name}")
    return wrong


@pytest.mark.slow
def test_no_share_of_any_gpu_does_more_than_its_part() -> None:
    offered = OfferedLoad(lengths=lognormal_workload(600, 120), rates=5, requests=200, seeds=2)
    wrong, gpus = [], list(GPUS)
    for k, llm in enumerate(usually(LLMS, range(0, len(LLMS), 3))):
        chosen = [gpus[7 * k % len(gpus)]]
        wrong += law_violations(llm, chosen, (1, 2), offered)
    assert wrong == []


def test_a_share_does_no_more_than_its_part_where_its_cache_is_small() -> None:
    offered = OfferedLoad(lengths=lognormal_workload(4000, 800), rates=6, requests=300, seeds=1)
    assert law_violations("llama-2-7b", ["A100-SXM-40GB"], (1, 2), offered) == []
