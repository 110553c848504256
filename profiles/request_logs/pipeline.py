"""Logs -> one record of requests, or one of rates.

find     files, and files under folders; what is no log is a fault where it was named and passed
         over in a folder
read     row by row: time, class, tokens. Bad rows are faults; rows that are no request are
         counted by reason
join     all requests in the order of time. Tables of rates are not mixed with logs
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from profiles.importers.discover import expand_discovered_paths
from profiles.io.faults import DataError, Fault
from profiles.request_logs.azure_csv import read_azure_csv
from profiles.request_logs.burst_gpt import read_burst_gpt
from profiles.request_logs.detect import detect_log_format
from profiles.request_logs.gathered import GatheredRequests
from profiles.request_logs.mooncake import read_mooncake
from profiles.request_logs.otel_spans import read_otel_spans
from profiles.request_logs.plain_csv import read_plain_csv
from profiles.request_logs.rate_table import ONE_CLASS, read_rate_table
from profiles.request_logs.record import LogFormat, LogLabel, LogRow, RateWindows, RequestLog
from profiles.request_logs.semantic_router import read_semantic_router_log

__all__ = ["ImportedLog", "LogSource", "import_request_logs"]


@dataclass(frozen=True)
class LogSource:
    """A file or folder. name: the class of all its requests; None: as the log says."""

    path: Path
    name: str | None = None


@dataclass(frozen=True)
class ImportedLog:
    """log: requests or rates; lines: what was read; notices: what was left out."""

    log: RequestLog | RateWindows
    lines: Sequence[str]
    notices: Sequence[str]


@dataclass(frozen=True)
class _LogFile:
    """header: columns of CSV; of JSON none, or `spans` where it is one object."""

    path: Path
    name: str | None
    kind: LogFormat
    header: Sequence[str]


def import_request_logs(sources: Sequence[LogSource], label: LogLabel) -> ImportedLog:
    """Read every file. DataError with every fault."""
    faults: list[Fault] = []
    notices: list[str] = []
    files = _found_log_files(sources, faults, notices)
    tables = [file for file in files if file.kind == LogFormat.RATES]
    if tables and len(tables) < len(files):
        other = next(file for file in files if file.kind != LogFormat.RATES)
        problem = "a table of rates and a log of requests do not mix"
        faults.append(Fault(str(other.path), "", "", problem, "import one kind at a time"))
    if not files and not faults:
        problem = "there is no log of requests"
        faults.append(Fault("demand import", "", "", problem, "name a file of a known format"))
    if faults:
        raise DataError(faults, notices)
    if tables:
        return _imported_windows(tables, label, notices)
    return _imported_requests(files, label, notices)


def _found_log_files(
    sources: Sequence[LogSource], faults: list[Fault], notices: list[str]
) -> list[_LogFile]:
    """Logs and their formats; other files of folders are counted."""
    found: list[_LogFile] = []
    passed: list[Fault] = []
    seen: set[Path] = set()
    for source in sources:
        for path, named in expand_discovered_paths([source.path], faults):
            place = path.resolve()
            if place in seen:
                problem = "the file is named twice"
                faults.append(Fault(str(path), "", "", problem, "name it once"))
                continue
            seen.add(place)
            kind = detect_log_format(path)
            if isinstance(kind, Fault):
                (faults if named else passed).append(kind)
            else:
                found.append(_LogFile(path, source.name, *kind))
    if passed:
        notices.append(
            f"{len(passed):,} other files passed over, e.g. {passed[0].file}: {passed[0].problem}"
        )
    return found


def _read_log_file(file: _LogFile, label: LogLabel) -> Iterator[LogRow]:
    if file.kind == LogFormat.AZURE:
        return read_azure_csv(file.path)
    if file.kind == LogFormat.BURST_GPT:
        return read_burst_gpt(file.path, file.header, label)
    if file.kind == LogFormat.PLAIN:
        return read_plain_csv(file.path, file.header, label)
    if file.kind == LogFormat.MOONCAKE:
        return read_mooncake(file.path)
    if file.kind == LogFormat.SEMANTIC_ROUTER:
        return read_semantic_router_log(file.path, label)
    return read_otel_spans(file.path, label, lines=not file.header)


def _imported_requests(
    files: Sequence[_LogFile], label: LogLabel, notices: list[str]
) -> ImportedLog:
    faults: list[Fault] = []
    gathered = GatheredRequests()
    count, taken = Counter[LogFormat](), Counter[LogFormat]()
    for file in files:
        rows = _read_log_file(file, label)
        taken[file.kind] += gathered.add_rows(str(file.path), rows, file.name, faults)
        count[file.kind] += 1
    if not len(gathered) and not faults:
        reasons = ", ".join(f"{rows:,} {why}" for why, rows in gathered.skipped.items())
        problem = f"the logs hold no request{f' ({reasons})' if reasons else ''}"
        faults.append(Fault("demand import", "", "", problem, "name logs with requests"))
    log = None if faults else gathered.to_log(faults)
    if log is not None and label == LogLabel.MODEL and log.names == (ONE_CLASS,):
        problem, fix = "no log names the model of a request", "leave the option out"
        faults.append(Fault("--class-by", "", label.value, problem, fix))
    if faults or log is None:
        raise DataError(faults, notices)
    notices += [f"{rows:,} rows left out: {why}" for why, rows in gathered.skipped.items()]
    for what, tokens in (("input", log.input_tokens), ("output", log.output_tokens)):
        blank = int(np.isnan(tokens).sum())
        if 0 < blank < len(tokens):
            notices.append(f"{blank:,} requests without {what} tokens count in rates alone")
    lines = [_read_line(kind, count[kind], f"{taken[kind]:,} requests") for kind in count]
    return ImportedLog(log, lines, notices)


def _imported_windows(
    files: Sequence[_LogFile], label: LogLabel, notices: list[str]
) -> ImportedLog:
    """One table alone: two could not be told from two parts of one."""
    faults: list[Fault] = []
    file = files[0]
    if len(files) > 1:
        problem, fix = "there are several tables of rates", "put them into one file"
        faults.append(Fault(str(files[1].path), "", "", problem, fix))
    windows = read_rate_table(file.path, label, faults)
    if windows is not None and file.name is not None and len(windows.names) > 1:
        problem = f"the table has {len(windows.names)} classes, which cannot all be {file.name}"
        fix = "name the file alone, and choose classes by --class NAME=NEW"
        faults.append(Fault(str(file.path), "", "", problem, fix))
    if windows is None or faults:
        raise DataError(faults, notices)
    if file.name is not None:
        windows = RateWindows(**{**vars(windows), "names": (file.name,)})
    return ImportedLog(
        windows, [_read_line(file.kind, 1, f"{len(windows.starts):,} windows")], notices
    )


def _read_line(kind: LogFormat, files: int, what: str) -> str:
    return f"{kind}: {files:,} file{'s' * (files > 1)}, {what}"
