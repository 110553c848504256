"""Tiny random instances with MIG instances: those of `tiny` with options of one GPU turned into
options on instances, and as many replicas as fill a GPU's slots in odd ways.
"""

from dataclasses import replace

import numpy as np

from models.instance import Instance, Option
from profiles.mig_geometry import mig_geometry
from tests.support.instances.tiny import random_instance

MIG_KINDS = ("convex", "two_pools", "cost", "each_llm", "nonconvex")
GPU = "A100-PCIe-80GB"
MEMORY = 80.0
"""GiB of the pools whose GPUs are divided."""


def random_mig_instance(seed: int) -> Instance:
    """Return the instance number `seed`: options with shares beside options on MIG instances."""
    instance = random_instance(seed, MIG_KINDS[seed % len(MIG_KINDS)])
    rng = np.random.default_rng([seed, 19])
    options: dict[tuple[object, ...], Option] = {}
    for option in instance.options:
        one = _on_an_instance(rng, instance, option)
        options[one.llm, one.pool, one.tp_degree, one.mps_share, one.mig_profile] = one
    # So many replicas that slots count, and so few that all their layouts can be enumerated.
    most = 3 if len(options) > 3 or instance.gpus > 2 else 4
    llms = tuple(replace(llm, max_replicas=int(rng.integers(1, most))) for llm in instance.llms)
    ordered = tuple(options[key] for key in sorted(options))
    served = sum(max(o.curve.max_rate for o in ordered if o.llm == i) for i in range(len(llms)))
    rate = float(np.round(served * rng.uniform(0.2, 0.8), 4))
    return replace(instance, llms=llms, options=ordered, arrival_rate=rate)


def _on_an_instance(rng: np.random.Generator, instance: Instance, option: Option) -> Option:
    pool = instance.pools[option.pool]
    if option.tp_degree > 1 or pool.memory != MEMORY or rng.random() < 0.2:
        return option
    profiles = list(mig_geometry(GPU).values())
    mig = profiles[int(rng.choice(len(profiles), p=[0.15, 0.15, 0.2, 0.3, 0.15, 0.05]))]
    memory = float(np.round(rng.uniform(0.3, 0.9) * mig.memory, 2))
    return replace(option, mps_share=mig.share, memory=memory, mig=mig)
