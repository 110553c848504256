"""Levels of a day's bins: divided, named, with hours and rates.

    h_k = 24 sum_{b in k} w_b / sum_b w_b,   sum_k h_k = 24
    mean_ck = sum_{b in k} w_b l_cb / sum_{b in k} w_b

so sum_k h_k mean_ck / 24 is the mean rate of class c over all bins. Bins weigh the same, w_b = 1;
where they are folded to a day slots do, and w_b is 1 / bins of the slot.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.demand.levels import cluster_rate_levels, level_quantiles
from planner.demand.periods import MOST_SLOTS, cluster_rate_periods, period_losses
from planner.demand.rate_bins import RateBins
from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["BinOrder", "RateLevel", "build_day_levels", "day_excess", "divide_day_bins"]

HOURS = 24.0


class BinOrder(StrEnum):
    """How bins of several days are taken."""

    TIME = "time"
    """Every bin by itself."""
    HOUR_OF_DAY = "hour-of-day"
    """Bins of the same time of day are of the same level."""
    PERIOD = "period"
    """Levels are periods of the day, each without a break, in the order of time."""


@dataclass(frozen=True, kw_only=True)
class RateLevel:
    """name: of its case. bins: how many. rates: (C,) req/s planned for. means: (C,) req/s offered
    on average.
    """

    name: str
    hours: float
    bins: int
    rates: tuple[float, ...]
    means: tuple[float, ...]


def divide_day_bins(
    bins: RateBins, order: BinOrder, quantile: float, most: int
) -> list[np.ndarray]:
    """For 1, 2, ..., at most `most` levels the (B,) level of each bin. Slots with several bins are
    divided by the quantile of each.
    """
    used, slots = np.unique(bins.slots, return_inverse=True)
    slots = slots.reshape(-1)
    folded = order != BinOrder.TIME
    rates = level_quantiles(bins.rates, slots, quantile) if folded else bins.rates
    if order != BinOrder.PERIOD:
        return [found[slots] for found in cluster_rate_levels(rates, most, quantile)]
    if used.size > MOST_SLOTS:
        problem = f"a day has {used.size:,} bins, more than {MOST_SLOTS} that periods are made of"
        raise DataError([Fault("--bin", "", "", problem, "give longer bins, e.g. --bin 15")])
    return [found[slots] for found in cluster_rate_periods(period_losses(rates, quantile), most)]


def day_excess(bins: RateBins, levels: np.ndarray, quantile: float) -> float:
    """What levels plan for, by what was offered, less 1. levels: (B,) of each bin."""
    planned = level_quantiles(bins.rates, levels, quantile).sum(axis=0)[levels]
    offered = float((bins.weights * bins.rates.sum(axis=0)).sum())
    return float((bins.weights * planned).sum()) / offered - 1.0


def _level_names(bins: RateBins, levels: np.ndarray, order: BinOrder) -> list[str]:
    """Periods are named by when they begin and end, `06:00-18:00`; levels by number."""
    count = int(levels.max()) + 1
    if order != BinOrder.PERIOD:
        return [f"level-{k + 1}" for k in range(count)]
    if count == 1:
        return ["00:00-24:00"]
    slots, first = np.unique(bins.slots, return_index=True)
    of_slot = levels[first]
    begins = {
        int(of_slot[s]): int(slots[s]) for s in range(slots.size) if of_slot[s] != of_slot[s - 1]
    }
    return [
        f"{_time_of_day(bins, begins[k])}-{_time_of_day(bins, begins[(k + 1) % count])}"
        for k in range(count)
    ]


def _time_of_day(bins: RateBins, slot: int) -> str:
    minutes = round(slot * bins.width / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def build_day_levels(
    bins: RateBins, levels: np.ndarray, planned: np.ndarray, order: BinOrder
) -> tuple[RateLevel, ...]:
    """Hours, names and rates of the levels. levels: (B,) of each bin; planned: (C, K) req/s."""
    names = _level_names(bins, levels, order)
    whole = float(bins.weights.sum())
    made = []
    for k in range(planned.shape[1]):
        mine = levels == k
        weights = bins.weights[mine]
        made.append(
            RateLevel(
                name=names[k],
                hours=HOURS * float(weights.sum()) / whole,
                bins=int(mine.sum()),
                rates=tuple(map(float, planned[:, k])),
                means=tuple(map(float, bins.rates[:, mine] @ weights / weights.sum())),
            )
        )
    return tuple(made)
