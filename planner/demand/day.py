"""A day of demand made of logs: classes with means and burstiness, levels with their rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from planner.demand.burstiness import Burstiness, measure_burstiness
from planner.demand.class_choice import ClassGroups, group_class_names, group_requests_by_length
from planner.demand.day_levels import (
    BinOrder,
    RateLevel,
    build_day_levels,
    day_excess,
    divide_day_bins,
)
from planner.demand.levels import level_quantiles
from planner.demand.rate_bins import (
    RateBins,
    bin_request_rates,
    bin_window_rates,
    fold_rate_bins,
)
from planner.errors import DataError
from profiles.io.faults import Fault
from profiles.request_logs.record import RateWindows, RequestLog

__all__ = [
    "ClassDemand",
    "DayChoices",
    "DemandDay",
    "build_demand_day",
]

LARGEST_RATE = 1e9
"""req/s of a scenario."""
COUNTS_SHOWN = 6
"""The excess is told of up to so many levels."""


@dataclass(frozen=True, kw_only=True)
class DayChoices:
    """bin_s: length of a bin. levels: most of them. quantile: of the bins of a level, in (0, 1].
    scale: of all rates. utc_offset_s: added to UTC. classes: name in the log -> class; none: all.
    length_classes, length_borders: classes by the length of prompts instead; 0 and none: no.
    """

    bin_s: float = 3600.0
    order: BinOrder = BinOrder.TIME
    levels: int = 4
    quantile: float = 1.0
    scale: float = 1.0
    utc_offset_s: float = 0.0
    classes: Mapping[str, str] = field(default_factory=dict)
    length_classes: int = 0
    length_borders: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassDemand:
    """rate: req/s, mean of the log, scaled. input_tokens, output_tokens: means, None where the log
    has none. burstiness: of the log as it is, None of tables of rates.
    """

    name: str
    rate: float
    input_tokens: float | None
    output_tokens: float | None
    burstiness: Burstiness | None


@dataclass(frozen=True, kw_only=True)
class DemandDay:
    """levels: from the lowest total on, periods in the order of time. bins: scaled. bin_levels:
    (B,) level of each bin. all_requests: burstiness over all classes. excess: of 1, 2, ... levels,
    planned / offered - 1. above: share of bins where some class is above its level.
    """

    classes: tuple[ClassDemand, ...]
    levels: tuple[RateLevel, ...]
    bins: RateBins
    bin_levels: np.ndarray
    all_requests: Burstiness | None
    excess: tuple[float, ...]
    above: float
    choices: DayChoices


def build_demand_day(log: RequestLog | RateWindows, choices: DayChoices) -> DemandDay:
    """Make the day. DataError where choices do not go with the log."""
    if isinstance(log, RateWindows):
        if choices.length_classes or choices.length_borders:
            problem = "a table of rates has no single prompts to sort by length"
            raise DataError([Fault("--length-classes", "", "", problem, "leave the option out")])
        return _day_of_windows(log, choices)
    return _day_of_requests(log, choices)


def _day_of_requests(log: RequestLog, choices: DayChoices) -> DemandDay:
    if choices.length_classes or choices.length_borders:
        names, codes = group_requests_by_length(log, choices.length_classes, choices.length_borders)
    else:
        chosen = group_class_names(log.names, choices.classes)
        names, codes = chosen.names, np.asarray(chosen.groups)[log.labels]
        log, codes = _requests_where(log, codes >= 0), codes[codes >= 0]
    bins = bin_request_rates(log.times, codes, len(names), choices.bin_s, log.clock)
    classes = tuple(
        ClassDemand(
            name=name,
            rate=_mean_rate(bins, c),
            input_tokens=_known_mean(log.input_tokens[codes == c]),
            output_tokens=_known_mean(log.output_tokens[codes == c]),
            burstiness=measure_burstiness(log.times[codes == c], bins.starts, bins.width),
        )
        for c, name in enumerate(names)
    )
    every = measure_burstiness(log.times, bins.starts, bins.width)
    return _day_of_bins(bins, classes, every, choices)


def _requests_where(log: RequestLog, kept: np.ndarray) -> RequestLog:
    return replace(
        log,
        times=log.times[kept],
        labels=log.labels[kept],
        input_tokens=log.input_tokens[kept],
        output_tokens=log.output_tokens[kept],
    )


def _day_of_windows(log: RateWindows, choices: DayChoices) -> DemandDay:
    chosen = group_class_names(log.names, choices.classes)
    bins = bin_window_rates(log, chosen.groups, choices.bin_s)
    classes = tuple(
        ClassDemand(
            name=name,
            rate=_mean_rate(bins, c),
            input_tokens=_window_tokens(log, chosen, c, log.input_tokens),
            output_tokens=_window_tokens(log, chosen, c, log.output_tokens),
            burstiness=None,
        )
        for c, name in enumerate(chosen.names)
    )
    return _day_of_bins(bins, classes, None, choices)


def _day_of_bins(
    bins: RateBins,
    classes: tuple[ClassDemand, ...],
    every: Burstiness | None,
    choices: DayChoices,
) -> DemandDay:
    if not bins.rates.any():
        problem = "nothing arrives in any bin"
        raise DataError([Fault("demand import", "", "", problem, "name a log with requests")])
    bins = replace(bins, rates=choices.scale * bins.rates)
    if choices.order != BinOrder.TIME:
        bins = fold_rate_bins(bins, choices.utc_offset_s)
    # Only now: folding changes what bins weigh.
    classes = tuple(replace(one, rate=_mean_rate(bins, c)) for c, one in enumerate(classes))
    most = max(choices.levels, COUNTS_SHOWN)
    divisions = divide_day_bins(bins, choices.order, choices.quantile, most)
    bin_levels = divisions[min(choices.levels, len(divisions)) - 1]
    planned = level_quantiles(bins.rates, bin_levels, choices.quantile)
    _check_planned_rates(planned)
    return DemandDay(
        classes=classes,
        levels=build_day_levels(bins, bin_levels, planned, choices.order),
        bins=bins,
        bin_levels=bin_levels,
        all_requests=every,
        excess=tuple(day_excess(bins, found, choices.quantile) for found in divisions),
        above=float((bins.rates > planned[:, bin_levels]).any(axis=0).mean()),
        choices=choices,
    )


def _check_planned_rates(planned: np.ndarray) -> None:
    """DataError where a scenario could not hold the rates. planned: (C, K) req/s."""
    faults = []
    if not planned.any():
        problem = "every class is planned for 0 req/s: it comes in few bins only"
        faults.append(Fault("--quantile", "", "", problem, "plan for a higher one, or longer bins"))
    if planned.max() > LARGEST_RATE:
        problem = f"a rate is above {LARGEST_RATE:g} req/s"
        faults.append(Fault("--scale", "", "", problem, "give a smaller one"))
    if faults:
        raise DataError(faults)


def _mean_rate(bins: RateBins, c: int) -> float:
    return float(bins.rates[c] @ bins.weights / bins.weights.sum())


def _known_mean(tokens: np.ndarray) -> float | None:
    known = tokens[~np.isnan(tokens)]
    return float(known.mean()) if known.size else None


def _window_tokens(
    log: RateWindows, chosen: ClassGroups, c: int, tokens: np.ndarray
) -> float | None:
    """Mean of a class over its requests: windows weigh by their rates."""
    names: Sequence[int] = [k for k, group in enumerate(chosen.groups) if group == c]
    mine = np.isin(log.labels, names) & ~np.isnan(tokens) & (log.rates > 0)
    if not mine.any():
        return None
    return float(np.average(tokens[mine], weights=log.rates[mine]))
