"""How many requests came, against the rates that a plan's prices are good for.

Time is cut into cells of 5 minutes. What came in a cell is counted at every server (answered,
failed, and what its queue grew by) and added up; a server counts in a cell of which it was watched
for at least half.

level       the highest rate that lasted: the largest over all runs of LASTING cells of the smallest
            in the run
dispersion  how much more neighbouring cells differ than Poisson counts do, from the median of
            (N_k - N_{k+1})^2 / (N_k + N_{k+1}), which is 0.455 for Poisson counts; at least 1
left above  LASTING cells in a row higher than the highest good rate by more than SURE standard
            deviations. At that rate itself Poisson arrivals do so in one of 10^6 runs, in one of
            3,000 days: below it, in fewer
left below  the level is lower than the lowest good rate by as much

Good rates are those at which the routing of the plan, its fractions unchanged, keeps every SLO on
the curves of the scenario; of a gateway that takes prices from a price table, those at which the
setup keeps them with the best prices. No headroom is kept free here: taking requests that were not
foreseen is what it is for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.instance import Headroom, Instance
from planner.errors import DataError
from planner.monitoring.metered_options import MeteredOptions
from planner.operation.price_table import build_price_table
from planner.plans.latencies import OperatingPoint, achieved_latency
from planner.plans.option_index import DeployedOption
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.io.faults import Fault
from profiles.live_metrics.rate_bins import ServerWindow
from profiles.live_metrics.windows import WINDOW_S

__all__ = [
    "LASTING",
    "SURE",
    "RateDrift",
    "RatePlace",
    "good_rates_of_routing",
    "measure_rate_level",
]

LASTING = 3
SURE = 2.33
"""Standard deviations that one of 100 normal numbers exceeds."""
POISSON_MEDIAN = 0.4549
LIMIT_NOISE = 1e-7
HALVINGS = 30


class RatePlace(StrEnum):
    """Where the level lies."""

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, kw_only=True)
class RateDrift:
    """All in req/s but for dispersion and error (of the level, relative, 95 %).

    good_from, good_to: at which the plan's prices keep the SLOs; held_up_to: up to which the setup
    keeps them with other prices, None where nobody asked. cells: of 5 minutes that were watched.
    is_whole: whether all replicas were; else the level is at least so high.
    """

    planned: float
    level: float
    error: float
    dispersion: float
    good_from: float
    good_to: float
    held_up_to: float | None
    place: RatePlace
    cells: int
    is_whole: bool = True


def measure_rate_level(
    metered: MeteredOptions,
    source: PlanAndScenario,
    deployed: Sequence[DeployedOption],
    *,
    with_price_table: bool,
) -> RateDrift:
    """Measure and place. with_price_table: whether the gateway's prices follow the rate. DataError
    where fewer than LASTING cells were watched.
    """
    instance = source.loaded.instance
    rates = _rates_of_cells(metered)
    if len(rates) < LASTING:
        problem = f"servers were watched for {len(rates)} cells of 5 minutes, {LASTING} are needed"
        fix = "take a longer time: --from, --to"
        raise DataError([Fault("--prometheus", "", "", problem, fix)])
    dispersion = _dispersion_of_cells(rates * WINDOW_S)
    level = float(_lasting_rates(rates).max())
    low, high = good_rates_of_routing(instance, deployed)
    beyond = _is_lastingly_above(rates, high, dispersion)
    held = _highest_rate_of_setup(source) if with_price_table or beyond else None
    if with_price_table and held is not None:
        high = max(high, held)
        beyond = _is_lastingly_above(rates, high, dispersion)
    error = float(np.sqrt(dispersion / max(level * WINDOW_S, 1.0)))
    below = metered.is_whole and level * (1.0 + SURE * error) < low
    return RateDrift(
        planned=instance.arrival_rate,
        level=level,
        error=1.96 * error,
        dispersion=dispersion,
        good_from=low,
        good_to=high,
        held_up_to=held,
        place=RatePlace.ABOVE if beyond else RatePlace.BELOW if below else RatePlace.WITHIN,
        cells=len(rates),
        is_whole=metered.is_whole,
    )


def _rates_of_cells(metered: MeteredOptions) -> np.ndarray:
    """(K,) req/s over all servers, of the cells in which some server was watched."""
    cells = max(1, round((metered.end - metered.start) / WINDOW_S))
    edges = metered.start + WINDOW_S * np.arange(cells + 1)
    total, watched = np.zeros(cells), np.zeros(cells, dtype=bool)
    by_server: dict[str, list[ServerWindow]] = {}
    for one in metered.windows:
        by_server.setdefault(one.server, []).append(one)
    for windows in by_server.values():
        came, seconds = _counted_in_cells(windows, edges)
        there = seconds >= WINDOW_S / 2
        total[there] += came[there] / seconds[there]
        watched |= there
    return total[watched]


def _counted_in_cells(
    windows: Sequence[ServerWindow], edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(K,) requests that came to one server in each cell, evenly within its windows, and the
    seconds for which it was watched.
    """
    parts = sorted((one.window for one in windows), key=lambda one: one.start)
    # Both ends of every window: between two windows nothing is counted and no time passes.
    times = np.array([t for one in parts for t in (one.start, one.start + one.seconds)])
    times = np.maximum.accumulate(times)
    came = np.repeat(np.cumsum([0.0] + [one.arrived for one in parts]), 2)[1:-1]
    spent = np.repeat(np.cumsum([0.0] + [one.seconds for one in parts]), 2)[1:-1]
    return np.diff(np.interp(edges, times, came)), np.diff(np.interp(edges, times, spent))


def _dispersion_of_cells(counts: np.ndarray) -> float:
    sums = counts[1:] + counts[:-1]
    if not np.any(sums > 0):
        return 1.0
    steps = np.diff(counts)[sums > 0] ** 2 / sums[sums > 0]
    return max(1.0, float(np.median(steps)) / POISSON_MEDIAN)


def _lasting_rates(rates: np.ndarray) -> np.ndarray:
    """The smallest rate of every LASTING cells in a row."""
    return np.lib.stride_tricks.sliding_window_view(rates, LASTING).min(axis=1)


def _is_lastingly_above(rates: np.ndarray, limit: float, dispersion: float) -> bool:
    margin = SURE * np.sqrt(dispersion / max(limit * WINDOW_S, 1.0))
    return bool(np.any(_lasting_rates(rates) > limit * (1.0 + margin)))


def good_rates_of_routing(
    instance: Instance, deployed: Sequence[DeployedOption]
) -> tuple[float, float]:
    """(lowest, highest) rate, req/s, between which the plan's fractions keep every SLO without a
    break.
    """
    served = [one for one in deployed if one.rate > 0]
    curves = [instance.options[one.position].curve for one in served]
    most = min(
        curve.max_rate / one.rate_per_replica for one, curve in zip(served, curves, strict=True)
    )

    def keeps(scale: float) -> bool:
        running = [
            OperatingPoint(curve, scale * one.rate, scale * one.rate_per_replica)
            for one, curve in zip(served, curves, strict=True)
        ]
        achieved = [(achieved_latency(running, slo), slo.limit) for slo in instance.slos]
        return all(
            value is not None and value <= limit * (1 + LIMIT_NOISE) for value, limit in achieved
        )

    # Where a replica passes a point of its curve, and halfway: between two marks means are linear.
    knots = [
        float(rate) / one.rate_per_replica
        for one, curve in zip(served, curves, strict=True)
        for rate in curve.rates
    ]
    marks = np.unique(np.clip([1e-6, 1.0, most, *knots], 1e-6, max(most, 1.0)))
    marks = np.unique(np.concatenate([marks, (marks[1:] + marks[:-1]) / 2]))
    ends = []
    for side in (marks[marks < 1.0][::-1], marks[marks > 1.0]):
        kept, broken = 1.0, None
        for mark in side:
            if not keeps(float(mark)):
                broken = float(mark)
                break
            kept = float(mark)
        for _ in range(HALVINGS if broken is not None else 0):
            middle = (kept + (broken or 0.0)) / 2
            kept, broken = (middle, broken) if keeps(middle) else (kept, middle)
        ends.append(kept)
    low = 0.0 if ends[0] <= 1e-6 else ends[0]
    return low * instance.arrival_rate, ends[1] * instance.arrival_rate


def _highest_rate_of_setup(source: PlanAndScenario) -> float:
    """Up to which the setup keeps the SLOs with the best prices, req/s."""
    loaded = source.loaded
    free = replace(loaded, instance=replace(loaded.instance, headroom=Headroom()))
    return build_price_table(replace(source, loaded=free), []).held_up_to
