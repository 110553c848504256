"""Scrapes of a server -> windows of 5 minutes in which its load was steady.

A window begins at the scrape at which the one before it ended, so that no request is lost, and
ends at the first scrape 5 minutes later (half an interval of scraping earlier is near enough). What
it counts is a difference of counters between two scrapes of known times; nothing is extrapolated.

left out    scrapes missing (a gap of 2.5 intervals, or more than 6 minutes from end to end); a
            counter that fell or a start time that changed (restart); preemptions; no request; more
            than 1 % failed; requests under way that changed by more than 5 % of those answered and
            by more than chance does (3 standard deviations of a Poisson number); halves whose rates
            differ by more than 20 % and by more than chance does
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

import numpy as np

from profiles.live_metrics.histograms import grown_histogram
from profiles.live_metrics.metric_names import COUNTERS, Quantity
from profiles.live_metrics.record import Scrapes, Window

__all__ = ["WINDOW_S", "CutWindows", "WindowFault", "cut_windows"]

WINDOW_S = 300.0
LONGEST = 1.2
GAP = 2.5
FAILED = 0.01
BACKLOG = 0.05
TREND = 0.2
CHANCE = 3.0


class WindowFault(StrEnum):
    """Why a window is left out."""

    GAP = "scrapes are missing, or lie more than 5 minutes apart"
    RESTART = "the server was restarted"
    PREEMPTED = "requests were preempted, because the KV cache was full"
    IDLE = "no request was answered"
    FAILED = "more than 1 % of the requests failed"
    BACKLOG = "requests came faster than they were answered, or slower"
    TREND = "the rate changed within the window"


@dataclass(frozen=True)
class CutWindows:
    """windows: steady ones; unsteady: what others counted, those with a gap or a restart aside;
    left_out: how many for each reason; interval_s: median time between scrapes, infinite without
    two.
    """

    windows: list[Window] = field(default_factory=list)
    unsteady: list[Window] = field(default_factory=list)
    left_out: Counter[WindowFault] = field(default_factory=Counter)
    interval_s: float = math.inf

    @property
    def halves_compared(self) -> bool:
        """Whether scrapes were close enough to look at the halves of windows."""
        return self.interval_s <= WINDOW_S / 4


def cut_windows(server: Scrapes) -> CutWindows:
    """All windows of a server."""
    times = server.times
    if len(times) < 2:
        return CutWindows()
    steps = np.diff(times)
    cut = CutWindows(interval_s=float(np.median(steps)))
    restarted = _window_restarts(server)
    first, tolerance = 0, min(cut.interval_s, WINDOW_S) / 2
    while True:
        last = int(np.searchsorted(times, times[first] + WINDOW_S - tolerance))
        last = max(last, first + 1)
        if last >= len(times):
            return cut
        gap = steps[first:last].max() > GAP * cut.interval_s
        if gap or times[last] - times[first] > LONGEST * WINDOW_S:
            cut.left_out[WindowFault.GAP] += 1
        elif restarted[first:last].any():
            cut.left_out[WindowFault.RESTART] += 1
        else:
            window = _counted_window(server, first, last)
            reason = _window_reason(server, window, first, last)
            if reason is None:
                cut.windows.append(window)
            else:
                cut.left_out[reason] += 1
                cut.unsteady.append(window)
        first = last


def _window_restarts(server: Scrapes) -> np.ndarray:
    """(T - 1,) whether the server was started anew between two scrapes."""
    counters = chain(
        (values for quantity, values in server.numbers.items() if quantity in COUNTERS),
        (one.count for one in server.histograms.values()),
    )
    restarted = np.any([np.diff(values) < 0 for values in counters], axis=0)
    start = server.numbers.get(Quantity.STARTED)
    if start is not None:
        # Where either is missing nothing is known of a start; NaN compares false.
        restarted = restarted | (np.abs(np.diff(start)) > 1.0)
    return np.asarray(restarted)


def _counted_window(server: Scrapes, first: int, last: int) -> Window:
    numbers: dict[Quantity, float] = {}
    for quantity, values in server.numbers.items():
        if quantity in COUNTERS:
            numbers[quantity] = float(values[last] - values[first])
        elif quantity != Quantity.STARTED and not np.isnan(values[first : last + 1]).all():
            numbers[quantity] = float(np.nanmean(values[first : last + 1]))
    grown = float(server.under_way[last] - server.under_way[first])
    return Window(
        start=float(server.times[first]),
        seconds=float(server.times[last] - server.times[first]),
        requests=numbers.get(Quantity.REQUESTS, 0.0),
        failed=numbers.get(Quantity.FAILED, 0.0),
        backlog=0.0 if math.isnan(grown) else grown,
        numbers=numbers,
        histograms={
            quantity: grown_histogram(one, first, last)
            for quantity, one in server.histograms.items()
        },
    )


def _window_reason(server: Scrapes, window: Window, first: int, last: int) -> WindowFault | None:
    """Why a window is no steady load; None when it is one."""
    if window.numbers.get(Quantity.PREEMPTED, 0.0) > 0:
        return WindowFault.PREEMPTED
    if window.requests <= 0:
        return WindowFault.IDLE
    if window.failed > FAILED * (window.requests + window.failed):
        return WindowFault.FAILED
    if _has_window_backlog(server, window, first, last):
        return WindowFault.BACKLOG
    if _has_window_trend(server, first, last):
        return WindowFault.TREND
    return None


def _has_window_backlog(server: Scrapes, window: Window, first: int, last: int) -> bool:
    """Whether more requests were under way at its end than at its begin, or fewer: in a steady
    system their number varies like a Poisson number, and a difference has twice its variance.
    """
    under_way = server.under_way
    change = abs(float(under_way[last] - under_way[first]))  # NaN compares false
    mean = float(np.mean(under_way[[first, last]]))
    return change > BACKLOG * window.requests and change > CHANCE * math.sqrt(2.0 * mean)


def _has_window_trend(server: Scrapes, first: int, last: int) -> bool:
    """Whether the rates of its halves differ by more than Poisson arrivals do."""
    times = server.times[first : last + 1]
    middle = first + int(np.argmin(np.abs(times - (times[0] + times[-1]) / 2)))
    if not first < middle < last:
        return False
    ends = [first, middle, last]
    seconds, requests = (
        np.diff(values[ends]) for values in (server.times, server.numbers[Quantity.REQUESTS])
    )
    rate = float(requests.sum() / seconds.sum())
    change = abs(float(np.diff(requests / seconds)[0]))
    by_chance = math.sqrt(rate * float(np.sum(1.0 / seconds)))
    return change > TREND * rate and change > CHANCE * by_chance
