"""The leanest of equally good plans."""

from dataclasses import replace

import pytest

from models.instance import Pool
from tests.support.by_hand import checked, flat, gpus_used, make, option


def test_utilisation_floor_and_the_leanest_plan() -> None:
    """`good` alone on half a GPU suffices: one GPU used.

    A floor of 75 % of four GPUs needs shares of 3: all in halves.
    """
    options = [option(0, flat(0.1, 10), 0.5), option(1, flat(0.1, 10), 0.5)]
    lean = make(options, 10, gpus=4)
    solution = checked(lean)
    assert solution.value == pytest.approx(1.0)
    assert gpus_used(lean, solution) == 1
    busy = replace(lean, min_utilization=0.75)
    solution = checked(busy)
    assert solution.value == pytest.approx(1.0)
    assert int(solution.replicas.sum()) >= 6
    assert gpus_used(busy, solution) == 3


def test_the_leanest_plan_takes_the_cheaper_gpus() -> None:
    """Equal quality and GPUs on either pool: the pool at 1 USD/h it is."""
    pools = (Pool("dear", "gpu-a", 1, 1, 80.0, 3.0), Pool("cheap", "gpu-b", 1, 1, 80.0, 1.0))
    instance = make([option(0, flat(0.1, 10)), option(0, flat(0.1, 10), pool=1)], 10, pools=pools)
    solution = checked(instance)
    assert solution.replicas.tolist() == [0, 1]
