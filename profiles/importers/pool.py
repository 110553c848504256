"""Points of the same option: repeats pooled, duplicates and saturated ones left out, columns
without gaps.

Two runs are of one load when tool, offered rate, limit of concurrency and mean lengths (within 10
%) agree. Of repeats the rate and every mean are averages weighted by the requests answered; a
percentile is the average of the runs' own percentile, and says so.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from profiles.importers.discover import FileAccount
from profiles.importers.formats.record import Run
from profiles.importers.formats.rules import merged_latency_by_rules
from profiles.importers.identify import Option
from profiles.records import Column

Key = TypeVar("Key", bound=Hashable)

__all__ = ["LoadPoint", "option_words", "pool_runs", "pool_without_gaps", "same_workload"]

SAME_LENGTH = 0.1
RATE_DIGITS = 6


@dataclass(frozen=True)
class LoadPoint:
    """One load point of an option.

    run: as measured, rates of one replica; files: where it comes from (several when pooled).
    """

    option: Option
    run: Run
    files: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Achieved rate of one replica, req/s, as it will be written."""
        return round(self.run.achieved_rps or 0.0, RATE_DIGITS)


def option_words(option: Option) -> str:
    """An option in words."""
    llm, gpu, tp, share = option
    return f"{llm} on {gpu}, tp {tp}, share {share:g} %"


def pool_runs(
    points: Sequence[LoadPoint], files: Mapping[str, FileAccount], notices: list[str]
) -> list[LoadPoint]:
    """One point for each option and load; what is left out is noted at its file, what is averaged
    in `notices`.
    """
    result: list[LoadPoint] = []
    for option, group in _pooled_groups(points, lambda point: point.option).items():
        once = _pool_without_copies(group, files)
        _note_pooled_workloads(option, once, notices)
        loads = [_average_pooled(part, option, notices) for part in _pool_same_loads(once)]
        steady = _pool_without_saturated(loads, files)
        for rate, part in _pooled_groups(steady, lambda point: point.rate).items():
            if len(part) > 1:
                notices.append(
                    f"{option_words(option)}: {len(part)} loads reached the same {rate:g} req/s and"
                    " became one point"
                )
            result.append(_average_pooled(part, option, []))
    return result


def _pooled_groups(
    points: Iterable[LoadPoint], key: Callable[[LoadPoint], Key]
) -> dict[Key, list[LoadPoint]]:
    groups: dict[Key, list[LoadPoint]] = defaultdict(list)
    for point in points:
        groups[key(point)].append(point)
    return groups


def _pool_without_copies(
    points: Sequence[LoadPoint], files: Mapping[str, FileAccount]
) -> list[LoadPoint]:
    """The same run in two files (a sweep's summary repeats its runs) counts once."""
    kept: dict[Hashable, LoadPoint] = {}
    for point in points:
        run = point.run
        key = (run.achieved_rps, run.duration_s, run.ok, tuple(sorted(run.latency_ms.items())))
        if key in kept:
            files[run.file].left_out.append(
                f"{run.place or 'the run'}: the same run is in {kept[key].run.where}"
            )
        else:
            kept[key] = point
    return list(kept.values())


def _pool_same_loads(points: Sequence[LoadPoint]) -> list[list[LoadPoint]]:
    groups: list[list[LoadPoint]] = []
    for point in points:
        for group in groups:
            if _is_same_pooled_load(group[0].run, point.run):
                group.append(point)
                break
        else:
            groups.append([point])
    return groups


def _is_same_pooled_load(a: Run, b: Run) -> bool:
    stated = a.offered_rps is not None and (
        math.isfinite(a.offered_rps) or a.max_concurrency is not None
    )
    alike = (a.tool, a.offered_rps, a.max_concurrency) == (b.tool, b.offered_rps, b.max_concurrency)
    alike = alike and a.neighbours == b.neighbours
    return stated and alike and same_workload(a, b)


def same_workload(a: Run, b: Run) -> bool:
    """Mean lengths agree within SAME_LENGTH, where both runs state them."""
    pairs = ((a.input_tokens, b.input_tokens), (a.output_tokens, b.output_tokens))
    return all(x is None or y is None or abs(x - y) <= SAME_LENGTH * max(x, y) for x, y in pairs)


def _average_pooled(points: Sequence[LoadPoint], option: Option, notices: list[str]) -> LoadPoint:
    """One point of repeats; weights are the requests answered (equal where one run does not state
    them).
    """
    if len(points) == 1:
        return points[0]
    runs = [point.run for point in points]
    counted = [run.ok for run in runs if run.ok]
    weights = counted if len(counted) == len(runs) else [1.0] * len(runs)

    def pooled_mean(values: Sequence[float | None]) -> float | None:
        known = [
            (value, weight)
            for value, weight in zip(values, weights, strict=True)
            if value is not None
        ]
        return sum(v * w for v, w in known) / sum(w for _, w in known) if known else None

    latency = merged_latency_by_rules(
        [(run.latency_ms, weight) for run, weight in zip(runs, weights, strict=True)]
    )
    run = replace(
        runs[0],
        achieved_rps=pooled_mean([r.achieved_rps for r in runs]),
        concurrency=pooled_mean([r.concurrency for r in runs]),
        input_tokens=pooled_mean([r.input_tokens for r in runs]),
        output_tokens=pooled_mean([r.output_tokens for r in runs]),
        ok=sum(counted) if len(counted) == len(runs) else None,
        latency_ms=latency,
    )
    files = tuple(dict.fromkeys(file for point in points for file in point.files))
    too = (
        ", percentiles averaged too" if any(statistic != "mean" for _, statistic in latency) else ""
    )
    averaged = (
        f"{len(points)} runs of {_load_words(run)} were averaged, weighted by requests{too}"
        f" ({', '.join(files[:5])})"
    )
    notices.append(f"{option_words(option)}: {averaged}")
    return LoadPoint(option, run, files)


def _load_words(run: Run) -> str:
    if run.offered_rps is not None and math.isfinite(run.offered_rps):
        return f"{run.offered_rps:g} req/s"
    return f"{run.max_concurrency:g} requests at once" if run.max_concurrency else "one load"


def _pool_without_saturated(
    points: Sequence[LoadPoint], files: Mapping[str, FileAccount]
) -> list[LoadPoint]:
    """Leave out closed-loop points whose rate a smaller concurrency reached: beyond the knee more
    requests only wait longer.
    """
    closed = [
        p for p in points if p.run.offered_rps == math.inf and p.run.max_concurrency is not None
    ]
    closed.sort(key=lambda p: p.run.max_concurrency or 0.0)
    gone: set[int] = set()
    for k, point in enumerate(closed):
        rivals = [
            p
            for p in closed[:k]
            if same_workload(p.run, point.run)
            and (p.run.max_concurrency or 0) < (point.run.max_concurrency or 0)
        ]
        best = max(rivals, key=lambda p: p.rate, default=None)
        if best is not None and point.rate <= best.rate:
            gone.add(id(point))
            reason = (
                f"saturated: {point.run.max_concurrency:g} requests at once reached"
                f" {point.rate:.4g} req/s, no more than {best.run.max_concurrency:g} did"
                f" ({best.rate:.4g} req/s)"
            )
            for file in point.files:
                files[file].left_out.append(
                    f"{point.run.place}: {reason}" if point.run.place else reason
                )
    return [point for point in points if id(point) not in gone]


def _note_pooled_workloads(option: Option, points: Sequence[LoadPoint], notices: list[str]) -> None:
    different = [point for point in points[1:] if not same_workload(points[0].run, point.run)]
    if different:
        a, b = points[0].run, different[0].run
        lengths = [
            " and ".join(f"{x:.4g}" if x else "?" for x in (run.input_tokens, run.output_tokens))
            + f" tokens in {run.where}"
            for run in (a, b)
        ]
        notices.append(
            f"{option_words(option)}: the points mix workloads (prompt and answer of {lengths[0]},"
            f" {lengths[1]}); a curve should be of one: import them into separate tables"
        )


def pool_without_gaps(points: Sequence[LoadPoint], notices: list[str]) -> list[LoadPoint]:
    """Blank, for every option, the columns that some of its points lack: a table may not have them
    on a part of a curve.
    """
    result: list[LoadPoint] = []
    for option, group in _pooled_groups(points, lambda point: point.option).items():
        group = _pool_with_common_columns(group, option, notices)
        every: set[Column] = set.intersection(*(set(p.run.latency_ms) for p in group))
        some: set[Column] = set.union(*(set(p.run.latency_ms) for p in group))
        if some - every:
            names = ", ".join(f"{metric} {statistic}" for metric, statistic in sorted(some - every))
            lacking = [p.run.where for p in group if some - set(p.run.latency_ms)]
            more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            notices.append(
                f"{option_words(option)}: {names} left blank on all its points, because these lack"
                f" it: {', '.join(lacking[:5])}{more}; leave them out to keep the columns"
            )
        result += [
            replace(
                p,
                run=replace(
                    p.run, latency_ms={c: v for c, v in p.run.latency_ms.items() if c in every}
                ),
            )
            for p in group
        ]
    return result


def _pool_with_common_columns(
    points: list[LoadPoint], option: Option, notices: list[str]
) -> list[LoadPoint]:
    """All points, when some column is common to all; else those that share the columns of one of
    them, as many points as possible.
    """
    sets = [set(point.run.latency_ms) for point in points]
    if set.intersection(*sets):
        return points
    best = max(sets, key=lambda columns: (sum(columns <= other for other in sets), len(columns)))
    gone = [
        point.run.where for point, columns in zip(points, sets, strict=True) if not best <= columns
    ]
    notices.append(
        f"{option_words(option)}: no column is common to all its points, so these were left out:"
        f" {', '.join(gone[:5])}"
    )
    return [point for point, columns in zip(points, sets, strict=True) if best <= columns]
