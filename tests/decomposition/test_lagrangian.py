"""The Lagrangian relaxation: bounds, and the proof that there is none."""

import math

import numpy as np

from models.instance import Instance
from planner.decomposition.fleet import bracket_fleet
from tests.support.instances.clusters import cluster


def test_the_relaxation_proves_that_there_is_none() -> None:
    instance = cluster([(0, 1, 1.0, 1.0), (1, 1, 1.0, 1.0)], 2)
    short = Instance(
        llms=instance.llms,
        pools=instance.pools,
        options=instance.options,
        slos=(),
        arrival_rate=21.0,
        scores=instance.scores,
        memory_headroom=0.0,
    )
    assert bracket_fleet(short, tolerance=1e-5).bound == -np.inf
    assert math.isfinite(bracket_fleet(instance, tolerance=1e-5).bound)
