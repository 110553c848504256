"""What is to be read, and from where: addresses of a Prometheus, files, folders."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from profiles.io.faults import DataError, Fault
from profiles.live_metrics.prometheus_api import (
    LONGEST_S,
    is_prometheus_url,
    read_prometheus,
    shown_prometheus_url,
)
from profiles.live_metrics.record import MetricSeries
from profiles.live_metrics.scrape_files import read_scrape_files

__all__ = ["MetricsChoice", "metric_time", "read_metric_sources"]

DAY_S = 86400.0
LATEST = 1e11
"""s; a later time is in another unit."""


@dataclass(frozen=True, kw_only=True)
class MetricsChoice:
    """What to take. start, end: s since 1970; None: the last day of a Prometheus, all of files.

    labels: that series must have. widest_bucket: relative width of a bucket that still gives a
    percentile. token: logs in to a Prometheus.
    """

    start: float | None = None
    end: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    widest_bucket: float = 0.2
    token: str = ""


def read_metric_sources(
    sources: Sequence[str], choice: MetricsChoice, notices: list[str]
) -> list[MetricSeries]:
    """All series. Raises DataError with every fault."""
    faults: list[Fault] = []
    paths = [Path(source) for source in sources if not is_prometheus_url(source)]
    series = [
        part
        for one in read_scrape_files(paths, faults, notices)
        if (part := _chosen_source_part(one, choice)) is not None
    ]
    if faults:
        raise DataError(faults, notices)
    for source in dict.fromkeys(filter(is_prometheus_url, sources)):
        start, end = _times_of_source(source, choice)
        found, warnings = read_prometheus(source, start, end, choice.labels, choice.token)
        series += found
        notices += warnings
    return series


def _times_of_source(source: str, choice: MetricsChoice) -> tuple[float, float]:
    end = time.time() if choice.end is None else choice.end
    start = end - DAY_S if choice.start is None else choice.start
    if end - start > LONGEST_S:
        problem = f"from --from to --to are {(end - start) / DAY_S:,.0f} days"
        fix = f"ask for at most {LONGEST_S / DAY_S:g} days at once"
        raise DataError([Fault(shown_prometheus_url(source), "", "", problem, fix)])
    return start, end


def _chosen_source_part(series: MetricSeries, choice: MetricsChoice) -> MetricSeries | None:
    """The part within the times; None where nothing is left, or a label differs: what has no such
    label at all (a process has no model) stays.
    """
    if any(series.labels.get(name, value) != value for name, value in choice.labels.items()):
        return None
    start = -float("inf") if choice.start is None else choice.start
    end = float("inf") if choice.end is None else choice.end
    inside = (series.times >= start) & (series.times <= end)
    if not inside.any():
        return None
    return series._replace(times=series.times[inside], values=series.values[inside])


def metric_time(text: str) -> float | None:
    """A time, s since 1970: seconds, or ISO 8601, as UTC where it names no zone; None where it is
    neither.
    """
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip())
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return seconds if 0 <= seconds <= LATEST else None
