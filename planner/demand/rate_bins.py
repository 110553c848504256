"""Rates by bin and class: what a log offered in every hour.

    l_cb = requests of class c in bin b / s of the bin that the log covers        req/s

A log covers the time from its first request to its last; a bin at its edge that is covered by less
than half is left out, since its rate is chance, and another one counts as whole. A bin inside
without any request has the rate 0. Of tables of rates a bin is the mean of its windows, and left
out where a class lacks half of them: a window that is not there is unknown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import DataError
from profiles.io.faults import Fault
from profiles.request_logs.record import LogClock, RateWindows

__all__ = ["DAY_S", "RateBins", "bin_request_rates", "bin_window_rates", "fold_rate_bins"]

DAY_S = 86_400.0
MOST_BINS = 10_000
SHORTEST_S = 1e-6
"""Of a log: with less, a rate is no number any more."""
EDGE_COVER = 0.5
"""Least part of a bin that must be known."""


@dataclass(frozen=True, kw_only=True)
class RateBins:
    """starts: (B,) s, ascending. width: s. covered: (B,) s. rates: (C, B) req/s. left_out: bins
    that are not known well enough. slots: (B,) bins of the same slot belong together; each its own,
    or its place in the day. weights: (B,) s that the bin stands for: its width, or its share of it
    among the bins of its slot.
    """

    starts: np.ndarray
    width: float
    covered: np.ndarray
    rates: np.ndarray
    clock: LogClock
    left_out: int
    slots: np.ndarray
    weights: np.ndarray

    @property
    def empty(self) -> int:
        """Bins without any request."""
        return int((self.rates.sum(axis=0) == 0).sum())


def bin_request_rates(
    times: np.ndarray, codes: np.ndarray, classes: int, width: float, clock: LogClock
) -> RateBins:
    """Bin requests. times: (N,) s, ascending; codes: (N,) position of the class; width: s.

    Bins of a clock from 1970 begin at whole widths of it, others at the first request. DataError
    for a log without duration or of too many bins.
    """
    first, last = float(times[0]), float(times[-1])
    begin = math.floor(first / width) * width if clock == LogClock.UNIX else first
    count = math.floor((last - begin) / width) + 1
    if last - first < SHORTEST_S:
        _refuse_bins("all requests come at one time", "give a log of some hours")
    if count > MOST_BINS:
        _refuse_bins(f"the log spans {count:,} bins, more than {MOST_BINS:,}", LONGER)
    at = np.minimum(((times - begin) / width).astype(np.int64), count - 1)
    counts = np.bincount(codes * count + at, minlength=classes * count).reshape(classes, count)
    starts = begin + width * np.arange(count)
    covered = np.minimum(starts + width, last) - np.maximum(starts, first)
    kept = covered >= EDGE_COVER * width
    kept = kept if kept.any() else covered == covered.max()
    rates = counts[:, kept] / covered[kept]
    return _bins(starts[kept], width, covered[kept], rates, clock, int((~kept).sum()))


def bin_window_rates(windows: RateWindows, groups: Sequence[int], width: float) -> RateBins:
    """Bin windows of rates. groups: of each name in `windows` the position of its class, -1 for
    none; names of one class add up. DataError where windows do not fill bins, and where no bin is
    known for every class.
    """
    width = max(width, windows.width)
    per_bin = round(width / windows.width)
    if abs(per_bin * windows.width - width) > 1e-6 * width:
        problem = f"a bin of {width / 60:g} min is no whole number of windows"
        _refuse_bins(problem, f"give a multiple of {windows.width / 60:g} min")
    begin = float(windows.starts.min())
    at = np.rint((windows.starts - begin) / windows.width).astype(np.int64) // per_bin
    count = int(at.max()) + 1
    if count > MOST_BINS:
        _refuse_bins(f"the table spans {count:,} bins, more than {MOST_BINS:,}", LONGER)
    shape = (len(windows.names), count)
    place = windows.labels * count + at
    known = np.bincount(place, minlength=shape[0] * count).reshape(shape)
    total = np.bincount(place, weights=windows.rates, minlength=shape[0] * count).reshape(shape)
    means = np.where(known >= EDGE_COVER * per_bin, total / np.maximum(known, 1), np.nan)
    rates = np.zeros((max(groups) + 1, count))
    for name, group in enumerate(groups):
        if group >= 0:
            rates[group] += means[name]
    kept = np.isfinite(rates).all(axis=0)
    if not kept.any():
        _refuse_bins("no bin is known for every class", "choose classes by --class")
    starts = begin + width * np.arange(count)[kept]
    covered = np.full(starts.size, width)
    return _bins(starts, width, covered, rates[:, kept], windows.clock, int((~kept).sum()))


def fold_rate_bins(bins: RateBins, offset: float) -> RateBins:
    """Bins of the same time of day share a slot, and all slots weigh the same.

    offset: s added to UTC. DataError where a day is no whole number of bins.
    """
    per_day = round(DAY_S / bins.width)
    if per_day < 1 or abs(per_day * bins.width - DAY_S) > 1e-6:
        problem = f"a day is no whole number of bins of {bins.width / 60:g} min"
        _refuse_bins(problem, "give a divisor of 1,440 min, e.g. --bin 60")
    slots = np.floor(((bins.starts + offset) % DAY_S) / bins.width + 1e-9).astype(np.int64)
    slots %= per_day
    return replace(bins, slots=slots, weights=bins.width / np.bincount(slots)[slots])


LONGER = "give longer bins by --bin, or look for a wrong time in the log"


def _refuse_bins(problem: str, fix: str) -> None:
    raise DataError([Fault("--bin", "", "", problem, fix)])


def _bins(
    starts: np.ndarray,
    width: float,
    covered: np.ndarray,
    rates: np.ndarray,
    clock: LogClock,
    left_out: int,
) -> RateBins:
    return RateBins(
        starts=starts,
        width=width,
        covered=covered,
        rates=rates,
        clock=clock,
        left_out=left_out,
        slots=np.arange(starts.size),
        weights=np.full(starts.size, width),
    )
