"""Files of metrics, and folders of them -> series.

Read are text of `/metrics`, one scrape a file or many with their times, and saved answers of
Prometheus (JSON), plain or packed by gzip. What a scrape lacks comes from where it lies:

time        of the sample; else in the file's name (2026-11-27T09-30-00Z, 20261127T093000Z, or
            seconds since 1970; UTC where no zone is given); else when the file was changed last
instance    the label of that name; else the file's folder: one folder for each server
"""

import json
import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from profiles.importers.discover import expand_discovered_paths
from profiles.io.faults import Fault
from profiles.io.json_lines import opened_lines
from profiles.live_metrics.exposition import is_exposition, series_of_exposition
from profiles.live_metrics.query_answer import is_query_answer, series_of_query_answer
from profiles.live_metrics.record import MetricSeries

__all__ = ["read_scrape_files", "time_in_scrape_name"]

LARGEST = 256 * 2**20
"""Bytes of one file, unpacked."""
_ISO = re.compile(
    r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)[T_ -](\d\d)[-:_]?(\d\d)(?:[-:_]?(\d\d))?"
    r"(Z|[+-]\d\d:?\d\d)?(?!\d)"
)
_UNIX = re.compile(r"(?<!\d)(1\d{9})(\d{3})?(?!\d)")
NO_METRICS = "name text of /metrics, or JSON of /api/v1/query_range"


def read_scrape_files(
    paths: Sequence[Path], faults: list[Fault], notices: list[str]
) -> list[MetricSeries]:
    """The series of all files. What is no such file is a fault where it was named, and counted
    where it lies in a folder.
    """
    series: list[MetricSeries] = []
    by_change: list[Path] = []
    passed: list[Fault] = []
    for path, named in expand_discovered_paths(paths, faults):
        own: list[Fault] = []
        found = _series_of_scrape_file(path, own, by_change)
        series += found or []
        if found is None and not named:
            passed += own
        else:
            faults += own
    if passed:
        notices.append(
            f"{len(passed):,} other files passed over, e.g. {passed[0].file}: {passed[0].problem}"
        )
    if by_change:
        more = f" and {len(by_change) - 1:,} more" if len(by_change) > 1 else ""
        notices.append(
            f"{by_change[0]}{more}: neither samples nor names have a time, so it is when the file"
            " was changed last, which copying may have changed"
        )
    return series


def _series_of_scrape_file(
    path: Path, faults: list[Fault], by_change: list[Path]
) -> list[MetricSeries] | None:
    """The series of a file, which may be none; None where it is no file of metrics."""
    content = _scrape_text(path, faults)
    if content is None:
        return None
    if content.lstrip()[:1] in ("{", "["):
        try:
            tree = json.loads(content)
        except (ValueError, RecursionError):
            faults.append(Fault(str(path), "", "", "this is no whole JSON", NO_METRICS))
            return None
        if not is_query_answer(tree):
            problem = "this JSON is no answer of Prometheus"
            faults.append(Fault(str(path), "", "", problem, NO_METRICS))
            return None
        return _placed_series(series_of_query_answer(tree, str(path), faults), path)
    if not is_exposition(content):
        problem = "this is neither text of /metrics nor an answer of Prometheus"
        faults.append(Fault(str(path), "", "", problem, NO_METRICS))
        return None
    named = time_in_scrape_name(path.name)
    when = path.stat().st_mtime if named is None else named
    series = series_of_exposition(content, str(path), when, faults)
    if named is None and any(when in one.times for one in series):
        by_change.append(path)
    return _placed_series(series, path)


def _scrape_text(path: Path, faults: list[Fault]) -> str | None:
    """The text of a file, unpacked; None, and a fault, where it has none."""
    problem, fix, raw = "", NO_METRICS, b""
    try:
        with opened_lines(path) as stream:
            raw = stream.read(LARGEST + 1)
        if len(raw) <= LARGEST:
            return raw.decode("utf-8-sig")
        problem, fix = f"the file has more than {LARGEST // 2**20} MiB", "save shorter times apart"
    except UnicodeDecodeError:
        problem = "the file is no UTF-8 text"
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"the file cannot be read ({reason})"
        fix = "check its permissions, or copy it again"
    faults.append(Fault(str(path), "", "", problem, fix))
    return None


def _placed_series(series: list[MetricSeries], path: Path) -> list[MetricSeries]:
    """The series, named by their folder where none says an instance."""
    if any("instance" in one.labels for one in series):
        return series
    place = path.parent.as_posix()
    return [one._replace(labels={**one.labels, "instance": place}) for one in series]


def time_in_scrape_name(name: str) -> float | None:
    """The time in a file's name, s since 1970; None without one."""
    found = _ISO.search(name)
    if found:
        year, month, day, hour, minute, second, zone = found.groups()
        stamp = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone or '+00:00'}"
        try:
            return datetime.fromisoformat(stamp).astimezone(UTC).timestamp()
        except (ValueError, OverflowError):
            return None
    unix = _UNIX.search(name)
    return float(unix[1]) + float(unix[2] or 0) / 1e3 if unix else None
