"""Series -> what each server counted at each of its scrapes.

Series whose labels differ in nothing but how one server tells its own apart (bucket, reason of the
end, rank) belong together: counters are added up, gauges of ranks that say the same are not. A
counter that has not appeared yet stands at 0.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from profiles.live_metrics.metric_names import (
    COUNTERS,
    Engine,
    MetricName,
    Part,
    Quantity,
    identifying_metric_labels,
    metric_name_parts,
)
from profiles.live_metrics.record import CLOCK, Histogram, MetricSeries, Scrapes

__all__ = ["servers_of_series"]

Identity = tuple[tuple[str, str], ...]


class _Named(NamedTuple):
    name: MetricName
    series: MetricSeries


def servers_of_series(series: Iterable[MetricSeries]) -> list[Scrapes]:
    """Every server that counts requests, by its labels; times as scraped where a clock says so."""
    groups: dict[tuple[Engine, Identity], list[_Named]] = defaultdict(list)
    clocks: dict[Identity, list[MetricSeries]] = defaultdict(list)
    starts: list[MetricSeries] = []
    for one in series:
        identity = tuple(identifying_metric_labels(one.labels).items())
        if one.name == CLOCK:
            clocks[identity].append(one)
            continue
        name = metric_name_parts(one.name, one.labels)
        if name is None or not len(one.times):
            continue
        if name.engine is None:
            starts.append(one)
        else:
            groups[name.engine, identity].append(_Named(name, one))
    servers = [
        _server_of_group(engine, identity, group, starts)
        for (engine, identity), group in sorted(groups.items(), key=lambda item: item[0])
        if any(one.name.quantity == Quantity.REQUESTS for one in group)
    ]
    return [
        _server_by_clock(server, clocks.get(tuple(server.labels.items()), ())) for server in servers
    ]


def _server_of_group(
    engine: Engine, identity: Identity, group: Sequence[_Named], starts: Sequence[MetricSeries]
) -> Scrapes:
    times = np.unique(np.concatenate([one.series.times for one in group]))
    numbers: dict[Quantity, np.ndarray] = {}
    histograms: dict[Quantity, Histogram] = {}
    for quantity in dict.fromkeys(one.name.quantity for one in group):
        of_quantity = [one for one in group if one.name.quantity == quantity]
        values = [one.series for one in of_quantity if one.name.part == Part.VALUE]
        if quantity == Quantity.STARTED:
            # A counter whose labels appear later is younger than its server.
            numbers[quantity] = np.fmin.reduce([_on_server_times(one, times) for one in values])
        elif values and quantity in COUNTERS:
            numbers[quantity] = _server_counter(values, times)
        elif values:
            numbers[quantity] = _server_gauge(values, times)
        else:
            histograms[quantity] = _server_histogram(of_quantity, times)
    own = [one for one in starts if set(one.labels.items()) <= set(identity)]
    if own:
        numbers[Quantity.STARTED] = np.fmax.reduce([_on_server_times(one, times) for one in own])
    gap = histograms.pop(Quantity.GAP, None)
    return Scrapes(
        engine=engine,
        labels=dict(identity),
        times=times,
        numbers=numbers,
        histograms=histograms,
        gap_between_tokens=gap is not None,
    )


def _on_server_times(series: MetricSeries, times: np.ndarray) -> np.ndarray:
    """(T,) values at the server's times, NaN where the series has none; of two at one time the
    last.
    """
    values = np.full(len(times), np.nan)
    place = np.minimum(np.searchsorted(times, series.times), len(times) - 1)
    here = times[place] == series.times
    values[place[here]] = series.values[here]
    return values


def _server_counter(group: Sequence[MetricSeries], times: np.ndarray) -> np.ndarray:
    """(T,) sum over the series. The same series may come in several parts (files, answers)."""
    parts: dict[Identity, np.ndarray] = {}
    for one in group:
        key = (("", one.name), *sorted(one.labels.items()))
        values = _on_server_times(one, times)
        parts[key] = np.where(np.isnan(values), parts.get(key, np.nan), values)
    return np.sum([np.nan_to_num(values) for values in parts.values()], axis=0)


def _server_gauge(group: Sequence[MetricSeries], times: np.ndarray) -> np.ndarray:
    """(T,) sum over data-parallel ranks of the largest that their tensor-parallel ranks say."""
    ranks: dict[str, np.ndarray] = {}
    for one in group:
        rank = one.labels.get("dp_rank", "")
        ranks[rank] = np.fmax(ranks.get(rank, np.nan), _on_server_times(one, times))
    return np.sum(list(ranks.values()), axis=0)


def _server_histogram(group: Sequence[_Named], times: np.ndarray) -> Histogram:
    parts: Mapping[Part, list[MetricSeries]] = {
        part: [one.series for one in group if one.name.part == part] for part in Part
    }
    buckets: dict[float, list[MetricSeries]] = defaultdict(list)
    for one in parts[Part.BUCKET]:
        edge = _bucket_edge(one.labels.get("le", ""))
        if edge is not None:
            buckets[edge].append(one)
    edges = sorted(buckets)
    zeros = np.zeros(len(times))
    under = [_server_counter(buckets[edge], times) for edge in edges]
    counted = parts[Part.COUNT] or buckets.get(np.inf, [])
    return Histogram(
        np.array(edges),
        np.stack(under, axis=1) if under else np.zeros((len(times), 0)),
        _server_counter(parts[Part.SUM], times) if parts[Part.SUM] else zeros,
        _server_counter(counted, times) if counted else zeros,
    )


def _bucket_edge(text: str) -> float | None:
    try:
        edge = float(text)
    except ValueError:
        return None
    return None if np.isnan(edge) else edge


def _server_by_clock(server: Scrapes, clocks: Sequence[MetricSeries]) -> Scrapes:
    """The server at the times of its scrapes: a query answers at times of its own, with what was
    scraped last before each, so that one scrape may come twice.
    """
    if not clocks:
        return server
    true = np.fmax.reduce([_on_server_times(one, server.times) for one in clocks])
    known = np.flatnonzero(~np.isnan(true))
    times, first = np.unique(true[known], return_index=True)
    rows = known[first]
    return Scrapes(
        engine=server.engine,
        labels=server.labels,
        times=times,
        numbers={quantity: values[rows] for quantity, values in server.numbers.items()},
        histograms={
            quantity: Histogram(one.edges, one.under[rows], one.total[rows], one.count[rows])
            for quantity, one in server.histograms.items()
        },
        gap_between_tokens=server.gap_between_tokens,
    )
