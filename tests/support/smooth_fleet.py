"""A fleet of smooth curves and scores, too large for brute force: four LLMs on 16 GPUs at 3
USD/h and 48 at 1.8, sixteen options, 1,500 prompts, and a floor of quality near the best answers.
"""

import numpy as np

from models.instance import Instance, Llm, ObjectiveKind, Option, Pool, Slo
from profiles.records import Curve
from tests.support.instances.score_tables import table

SIZES = (1.0, 1.8, 3.0, 5.0)


def smooth_fleet(seed: int) -> Instance:
    rng = np.random.default_rng(seed)
    skill = np.linspace(0.4, 0.6, len(SIZES))[:, None]
    values = np.clip(skill + rng.normal(0, 0.15, (len(SIZES), 1_500)), 0, 1)
    worst, best = values.mean(axis=1).min(), values.max(axis=0).mean()
    pools = tuple(
        Pool(name=name, gpu=name, nodes=nodes, gpus_per_node=8, memory=80.0, price=price)
        for name, nodes, price in (("fast", 2, 3.0), ("slow", 6, 1.8))
    )
    options = tuple(
        Option(
            llm=llm,
            pool=pool,
            tp_degree=degree,
            mps_share=1.0,
            memory=40.0,
            curve=_queue(size, (2.2, 1.0)[pool] * degree**0.85),
        )
        for llm, size in enumerate(SIZES)
        for pool in range(len(pools))
        for degree in (1, 2)
    )
    return Instance(
        llms=tuple(Llm(f"llm-{i}") for i in range(len(SIZES))),
        pools=pools,
        options=options,
        slos=(Slo("ttft", "mean", 0.24),),
        arrival_rate=300.0,
        scores=table(values),
        objective=ObjectiveKind.COST,
        quality_floor=float(worst + 0.93 * (best - worst)),
    )


def _queue(size: float, speed: float) -> Curve:
    busy = np.linspace(0.0, 0.97, 20)
    mean = 0.05 * size / speed**0.8 * (1 + 0.6 * busy / (1 - busy) + 0.3 * busy)
    return Curve(20 * speed / size * busy, {("ttft", "mean"): mean}, ("measured",) * busy.size)
