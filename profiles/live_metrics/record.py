"""Records of what servers counted: series as they were scraped, servers, windows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from profiles.live_metrics.metric_names import Engine, Quantity

__all__ = ["CLOCK", "Histogram", "MetricSeries", "Scrapes", "Window"]

CLOCK = "clock"
"""Name of a series whose values are the times at which a server was really scraped."""


class MetricSeries(NamedTuple):
    """One series. name: as the server or the query calls it; labels: without the name.

    times: (T,) s since 1970, rising; values: (T,).
    """

    name: str
    labels: Mapping[str, str]
    times: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Histogram:
    """A histogram, cumulative in both directions, or what it grew by.

    edges: (B,) upper edges of buckets, rising, the last one infinite; under: (..., B) observations
    at or below each; total: (...,) sum of the observations; count: (...,) how many.
    """

    edges: np.ndarray
    under: np.ndarray
    total: np.ndarray
    count: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Scrapes:
    """One server, or one engine of it, over time.

    labels: that name it. times: (T,) s since 1970, strictly rising. numbers: (T,) of each quantity
    that it has, NaN where a gauge is missing. histograms: of (T,) observations.
    gap_between_tokens: whether it has a histogram of single gaps between tokens, which is no TPOT.
    """

    engine: Engine
    labels: Mapping[str, str]
    times: np.ndarray
    numbers: Mapping[Quantity, np.ndarray]
    histograms: Mapping[Quantity, Histogram]
    gap_between_tokens: bool = False

    @property
    def words(self) -> str:
        """The server by its labels."""
        return ", ".join(f"{name}={value}" for name, value in sorted(self.labels.items()))

    @property
    def place(self) -> str:
        """The server in a word, where a usual label has one."""
        return self.labels.get("pod") or self.labels.get("instance") or self.words

    @property
    def under_way(self) -> np.ndarray:
        """(T,) requests that run or wait; NaN where the server does not say."""
        running = self.numbers.get(Quantity.RUNNING, np.full(len(self.times), np.nan))
        return running + self.numbers.get(Quantity.WAITING, 0.0)


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window of one server. start: s since 1970; seconds: its length; requests, failed:
    answered and not, in it; backlog: requests under way at its end less those at its begin, 0 where
    the server does not say.

    numbers: what counters grew by, and means of gauges; histograms: what they grew by.
    """

    start: float
    seconds: float
    requests: float
    failed: float
    backlog: float = 0.0
    numbers: Mapping[Quantity, float] = field(default_factory=dict)
    histograms: Mapping[Quantity, Histogram] = field(default_factory=dict)

    @property
    def arrived(self) -> float:
        """Requests that came in it."""
        return max(0.0, self.requests + self.failed + self.backlog)
