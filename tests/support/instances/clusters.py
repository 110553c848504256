"""Clusters for the decomposition: options of given sizes with flat curves."""

import numpy as np

from models.instance import Instance, Llm, Option, Pool
from profiles.records import Curve, Scores
from tests.support.instances.tiny import KINDS

QUALITY_KINDS = [kind for kind in KINDS if kind != "cost"]


def cluster(
    options: list[tuple[int, int, float, float]],
    llms: int,
    nodes: int = 1,
    per_node: int = 4,
    most: int | None = 1,
) -> Instance:
    """options: (llm, tp, share, memory)."""
    curve = Curve(
        np.array([1.0, 10.0]), {("ttft", "mean"): np.array([0.1, 0.5])}, ("measured",) * 2
    )
    scores = Scores(np.array(["p"]), tuple("abcdef"[:llms]), np.full((llms, 1), 0.5), np.ones(1))
    return Instance(
        llms=tuple(Llm("abcdef"[i], 0, most) for i in range(llms)),
        pools=(
            Pool(name="p", gpu="gpu", nodes=nodes, gpus_per_node=per_node, memory=80.0, price=1.0),
        ),
        options=tuple(
            Option(llm=i, pool=0, tp_degree=tp, mps_share=share, memory=memory, curve=curve)
            for i, tp, share, memory in options
        ),
        slos=(),
        arrival_rate=5.0,
        scores=scores,
        memory_headroom=0.0,
    )
