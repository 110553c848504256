"""Setups: every way to deploy the LLMs within the compute, and which of them are retained. numpy
alone.

Enumerated are all replica vectors n with

    min_replicas <= sum_{o of i} n_o <= max_replicas         every LLM i; 0 = not deployed
    sum_{o of pool} n_o tp_o share_o <= GPUs of the pool     compute within budget
    sum_o n_o tp_o share_o >= min_utilization * all GPUs     utilisation floor

and at least one LLM deployed. An enumerated setup is retained when first-fit decreasing places it
(planner.decomposition.packing).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from planner.decomposition.packing import BLOCK, ROOM_NOISE, UNITS, first_fit_decreasing_packing

__all__ = [
    "Config",
    "Setups",
    "TooManySetupsError",
    "enumerate_retained_setups",
    "enumerate_setups",
]

MOST_SETUPS = 2_000_000
MOST_CONFIGS = 100_000
"""Ways to run one LLM alone."""
MOST_TRIED = 1_000_000
"""The same, with those of fewer replicas than the LLM's minimum."""

Config = tuple[tuple[int, int], ...]
"""How one LLM is run: (option, replicas), () = not deployed."""


class TooManySetupsError(Exception):
    """The enumeration is larger than what can be examined; the message says how far it came."""


@dataclass(frozen=True)
class Setups:
    """choice: (S, M) positions in configs[i], the ways LLM i may be run.

    compute: (S, P) allocated compute of every pool, in GPUs.
    """

    configs: tuple[tuple[Config, ...], ...]
    choice: np.ndarray
    compute: np.ndarray

    def __len__(self) -> int:
        return len(self.choice)

    def deployed(self, setup: int) -> Config:
        """(option, replicas) of everything that a setup deploys."""
        return tuple(part for i, c in enumerate(self.choice[setup]) for part in self.configs[i][c])

    def replicas(self, setups: np.ndarray, options: int) -> np.ndarray:
        """(len(setups), options) replicas of every option."""
        counts = np.zeros((len(setups), options), dtype=np.int16)
        for i, configs in enumerate(self.configs):
            table = np.zeros((len(configs), options), dtype=np.int16)
            for c, config in enumerate(configs):
                for option, replicas in config:
                    table[c, option] = replicas
            counts += table[self.choice[setups, i]]
        return counts

    def llms(self) -> np.ndarray:
        """(S,) which LLMs are deployed, as a bit mask."""
        mask = np.zeros(len(self), dtype=np.int64)
        for i, configs in enumerate(self.configs):
            deployed = np.array([bool(config) for config in configs])
            mask |= deployed[self.choice[:, i]].astype(np.int64) << i
        return mask


def _size(instance: Instance, option: int) -> int:
    """Compute of one replica, in UNITS."""
    one = instance.options[option]
    return one.tp_degree * round(one.mps_share * UNITS)


def enumerate_setups(instance: Instance, most: int = MOST_SETUPS) -> Setups:
    """Enumerate, LLM by LLM, dropping what is over budget at once. TooManySetups beyond `most`."""
    budget = np.array([pool.gpus * UNITS for pool in instance.pools], dtype=np.int64)
    configs = tuple(
        tuple(_enumerate_configs(instance, llm, budget)) for llm in range(len(instance.llms))
    )
    choice, used = np.zeros((1, 0), dtype=np.int32), np.zeros((1, len(budget)), dtype=np.int64)
    for ways in configs:
        sizes = np.zeros((len(ways), len(budget)), dtype=np.int64)
        for c, config in enumerate(ways):
            for option, replicas in config:
                sizes[c, instance.options[option].pool] += replicas * _size(instance, option)
        # In blocks: the table of all pairs would not fit in memory. What is over budget
        # is dropped at once: no further LLM can bring it back.
        blocks, kept = [], 0
        for first in range(0, len(choice), max(1, BLOCK // max(len(ways), 1))):
            part = slice(first, first + max(1, BLOCK // max(len(ways), 1)))
            fits = (used[part, None, :] + sizes[None] <= budget).all(axis=2)
            rows, ways_taken = np.nonzero(fits)
            rows = rows + first
            kept += rows.size
            if kept > most:
                raise TooManySetupsError(f"there are more than {most:,} setups within the compute")
            blocks.append(
                (
                    np.column_stack([choice[rows], ways_taken.astype(np.int32)]),
                    used[rows] + sizes[ways_taken],
                )
            )
        width = choice.shape[1] + 1
        choice = np.concatenate(
            [np.zeros((0, width), dtype=np.int32), *(block for block, _ in blocks)]
        )
        used = np.concatenate(
            [np.zeros((0, len(budget)), dtype=np.int64), *(block for _, block in blocks)]
        )
    compute = used / UNITS
    total = compute.sum(axis=1)
    keep = (total > 0) & (total >= instance.min_utilization * instance.gpus * (1 - ROOM_NOISE))
    return Setups(configs, choice[keep], compute[keep])


def _enumerate_configs(instance: Instance, llm: int, budget: np.ndarray) -> Iterator[Config]:
    """All ways to run one LLM within its replica limits and the compute; () first where it need not
    be deployed.
    """
    one, count = instance.llms[llm], 0
    for tried, (config, replicas) in enumerate(_enumerate_affordable(instance, llm, budget)):
        if tried == MOST_TRIED:
            raise TooManySetupsError(
                f"{one.name} alone can be run in more than {MOST_TRIED:,} ways within the compute,"
                " most of them with fewer than min_replicas"
            )
        if replicas < one.min_replicas:
            continue
        count += 1
        if count > MOST_CONFIGS:
            raise TooManySetupsError(
                f"there are more than {MOST_CONFIGS:,} ways to run {one.name} alone within the"
                " compute"
            )
        yield config


def _enumerate_affordable(
    instance: Instance, llm: int, budget: np.ndarray
) -> Iterator[tuple[Config, int]]:
    """(way to run one LLM, its replicas), all within max_replicas and the compute, in the order of
    their counts; () first.
    """
    # Counted up like an odometer, the last option fastest: there may be more options than Python
    # may nest calls.
    most = instance.llms[llm].max_replicas
    ways = [
        (o, option.pool, _size(instance, o))
        for o, option in enumerate(instance.options)
        if option.llm == llm
    ]
    left, replicas = budget.tolist(), 0
    taken: list[tuple[int, int]] = []  # (position in ways, replicas > 0), positions rise
    while True:
        yield tuple((ways[at][0], n) for at, n in taken), replicas
        for at in range(len(ways) - 1, -1, -1):
            _, pool, size = ways[at]
            _, n = taken.pop() if taken and taken[-1][0] == at else (at, 0)
            if left[pool] >= size and (most is None or replicas < most):
                taken.append((at, n + 1))
                left[pool] -= size
                replicas += 1
                break
            left[pool] += n * size
            replicas -= n
        else:
            return


def enumerate_retained_setups(instance: Instance, setups: Setups) -> np.ndarray:
    """(S,) whether first-fit decreasing places the whole setup, as published."""
    blocks = [
        np.arange(first, min(first + BLOCK, len(setups))) for first in range(0, len(setups), BLOCK)
    ]
    parts = [
        first_fit_decreasing_packing(instance, setups.replicas(rows, len(instance.options)))
        for rows in blocks
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)
