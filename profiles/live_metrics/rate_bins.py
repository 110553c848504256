"""Windows of one option -> points of its curve.

Windows are taken by rising rate of one replica. A bin begins with the lowest that is left and ends
where a rate is higher by a tenth of the highest of all, and by more than chance does (4 standard
deviations of a Poisson number): windows of one load stay together. What the windows of a bin
counted is added up. Given how many requests came within 5 minutes, Poisson arrivals are as at that
rate, however many were to be expected, so a window belongs where its own rate lies. Bins of fewer
than 3 windows are left out: their error cannot be stated.

Errors, relative, at 95 %:
rate        the larger of 1.96 / sqrt(requests) and half the range of the windows' rates
means       of a ratio of sums over the windows (`histograms`)
percentiles the width of the bucket, always upwards; wider than allowed: left blank
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from profiles.importers.formats.record import Run
from profiles.live_metrics.histograms import (
    histogram_mean,
    histogram_percentile,
    histogram_without_single_tokens,
    merged_histograms,
)
from profiles.live_metrics.metric_names import SAMPLED, Engine, Quantity
from profiles.live_metrics.record import Histogram, Window
from profiles.records import STATISTICS, Column

__all__ = ["FEWEST_WINDOWS", "RATE", "BinnedPoint", "RateBins", "ServerWindow", "bin_windows"]

BINS = 10
CHANCE = 4.0
FEWEST_WINDOWS = 3
RATE = ("rate", "")
"""Key of the rate's error beside those of the latencies."""


class ServerWindow(NamedTuple):
    """A window, whose it is, and how many replicas answered together."""

    window: Window
    server: str
    engine: Engine
    replicas: int

    @property
    def rate(self) -> float:
        """Of one replica, req/s."""
        return self.window.requests / self.window.seconds / self.replicas


@dataclass(frozen=True, kw_only=True)
class BinnedPoint:
    """A point. run: rates of one replica; windows: server -> how many of its windows are in it.

    errors: relative, of RATE and of each latency; first, last: s since 1970.
    """

    run: Run
    windows: Mapping[str, int]
    errors: Mapping[Column, float]
    first: float
    last: float


@dataclass(frozen=True)
class RateBins:
    """points: by rising rate; left_out: server -> windows in bins of too few.

    too_wide: percentile -> the widest bucket that it was read from; infinite: beyond the last one.
    """

    points: list[BinnedPoint] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    too_wide: dict[Column, float] = field(default_factory=dict)


def bin_windows(windows: Sequence[ServerWindow], widest_bucket: float) -> RateBins:
    """Points of one option. widest_bucket: relative width of a bucket that still gives a
    percentile.
    """
    bins = RateBins()
    for group in _bin_groups(sorted(windows, key=lambda one: one.rate)):
        if len(group) < FEWEST_WINDOWS:
            bins.left_out.update(one.server for one in group)
        else:
            bins.points.append(_binned_point(group, widest_bucket, bins.too_wide))
    return bins


def _bin_groups(rising: Sequence[ServerWindow]) -> list[list[ServerWindow]]:
    groups: list[list[ServerWindow]] = []
    for one in rising:
        if groups:
            first = groups[-1][0]
            by_chance = CHANCE * first.rate / math.sqrt(first.window.requests)
            if one.rate - first.rate <= max(rising[-1].rate / BINS, by_chance):
                groups[-1].append(one)
                continue
        groups.append([one])
    return groups


def _binned_point(
    group: Sequence[ServerWindow], widest_bucket: float, too_wide: dict[Column, float]
) -> BinnedPoint:
    windows = [one.window for one in group]
    requests = sum(one.requests for one in windows)
    replica_seconds = sum(one.window.seconds * one.replicas for one in group)
    rate = requests / replica_seconds
    rates = [one.rate for one in group]
    errors: dict[Column, float] = {
        RATE: max(1.96 / math.sqrt(requests), (max(rates) - min(rates)) / 2 / rate)
    }
    latency: dict[Column, float] = {}
    for metric in SAMPLED:
        parts = _bin_histograms(windows, metric)
        mean = histogram_mean(parts) if parts else None
        if mean is not None:
            latency[metric.value, "mean"] = 1e3 * mean[0]
            errors[metric.value, "mean"] = mean[1]
            percentiles = _bin_percentiles(metric.value, merged_histograms(parts))
            for column, (value, width) in percentiles.items():
                if width <= widest_bucket * (1 + 1e-9):
                    latency[column], errors[column] = 1e3 * value, width
                else:
                    too_wide[column] = max(width, too_wide.get(column, 0.0))
    last = max(one.start + one.seconds for one in windows)
    run = Run(
        tool=f"{group[0].engine} metrics",
        version="",
        file=group[0].server,
        place=f"{rate:.4g} req/s",
        achieved_rps=rate,
        concurrency=_bin_under_way(group),
        latency_ms=latency,
        input_tokens=_bin_length(windows, Quantity.INPUT_TOKENS),
        output_tokens=_bin_length(windows, Quantity.OUTPUT_TOKENS),
        ok=requests,
        errors=sum(one.failed for one in windows),
        duration_s=sum(one.seconds for one in windows),
        when=datetime.fromtimestamp(last, UTC).date().isoformat(),
    )
    return BinnedPoint(
        run=run,
        windows=Counter(one.server for one in group),
        errors=errors,
        first=min(one.start for one in windows),
        last=last,
    )


def _bin_histograms(windows: Sequence[Window], metric: Quantity) -> list[Histogram]:
    """One histogram for each window that observed something."""
    parts = []
    for window in windows:
        if metric in window.histograms:
            one = window.histograms[metric]
            if metric == Quantity.TPOT:
                lengths = window.histograms.get(Quantity.OUTPUT_TOKENS)
                one = histogram_without_single_tokens(one, lengths)
            if one.count > 0:
                parts.append(one)
    return parts


def _bin_percentiles(metric: str, merged: Histogram) -> dict[Column, tuple[float, float]]:
    """Percentile -> (s, width of its bucket); infinite where the bucket has no end."""
    if not merged.edges.size:
        return {}
    found = {}
    for statistic in STATISTICS[1:]:
        read = histogram_percentile(merged, float(statistic[1:]) / 100.0)
        found[metric, statistic] = (math.inf, math.inf) if read is None else read
    return found


def _bin_length(windows: Sequence[Window], quantity: Quantity) -> float | None:
    """Mean tokens of a request: of a histogram, else of a counter over the requests."""
    parts = [one.histograms[quantity] for one in windows if quantity in one.histograms]
    if parts:
        mean = histogram_mean(parts)
        return mean[0] if mean else None
    tokens = sum(one.numbers.get(quantity, 0.0) for one in windows)
    return tokens / sum(one.requests for one in windows) if tokens > 0 else None


def _bin_under_way(group: Sequence[ServerWindow]) -> float | None:
    """Mean requests under way at one replica, by time; None where some window does not say."""
    weighted = 0.0
    for one in group:
        running = one.window.numbers.get(Quantity.RUNNING)
        if running is None:
            return None
        waiting = one.window.numbers.get(Quantity.WAITING, 0.0)
        weighted += (running + waiting) * one.window.seconds
    return weighted / sum(one.window.seconds * one.replicas for one in group)
