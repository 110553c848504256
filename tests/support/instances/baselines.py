"""How tests solve baselines."""

import numpy as np

from models.instance import Instance
from models.quality import Quality
from planner.settings import Settings
from planner.studies.baselines.solver import BaselineSolver

SLACK = 1e-6


def trial(instance: Instance) -> BaselineSolver:
    return BaselineSolver(settings=Settings(), quality=Quality(instance.scores))


def compute_of(instance: Instance, llm: int) -> np.ndarray:
    return np.array([o.tp_degree * o.mps_share if o.llm == llm else 0.0 for o in instance.options])
