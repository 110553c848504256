"""What a log is of, by its content and never by its name alone."""

import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from profiles.importers.discover import NOT_READ
from profiles.importers.formats.stream import sniff_stream
from profiles.io.faults import Fault
from profiles.io.json_lines import first_json_line
from profiles.request_logs.azure_csv import is_azure_csv
from profiles.request_logs.burst_gpt import is_burst_gpt
from profiles.request_logs.csv_rows import read_csv_log_header
from profiles.request_logs.mooncake import is_mooncake_row
from profiles.request_logs.otel_spans import has_otel_spans, is_otel_row
from profiles.request_logs.plain_csv import is_plain_csv
from profiles.request_logs.rate_table import is_rate_table
from profiles.request_logs.record import LogFormat
from profiles.request_logs.semantic_router import is_semantic_router_log_row

__all__ = ["detect_log_format"]

COLUMNS: Mapping[LogFormat, Callable[[Collection[str]], bool]] = {
    LogFormat.RATES: is_rate_table,
    LogFormat.AZURE: is_azure_csv,
    LogFormat.BURST_GPT: is_burst_gpt,
    LogFormat.PLAIN: is_plain_csv,
}
"""The first that knows the columns counts."""
ROWS: Mapping[LogFormat, Callable[[Mapping[str, Any]], bool]] = {
    LogFormat.MOONCAKE: is_mooncake_row,
    LogFormat.SEMANTIC_ROUTER: is_semantic_router_log_row,
    LogFormat.OTEL: is_otel_row,
}
GZIP = b"\x1f\x8b"
KNOWN = (
    "OpenTelemetry GenAI spans, Mooncake or semantic-router JSON lines, or CSV with a column time"
    " or arrival_s"
)


def detect_log_format(path: Path) -> tuple[LogFormat, list[str]] | Fault:
    """The format of a file and its columns (none of JSON), or why it is not read."""
    try:
        kind = sniff_stream(path)
        if kind == "json":
            return _json_log_format(path)
        with path.open("rb") as stream:
            packed = stream.read(2) == GZIP
        if kind == "text" or (kind == "packed" and packed):
            return _csv_log_format(path)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"the file cannot be read ({reason})"
        return Fault(str(path), "", "", problem, "check its permissions, or copy it again")
    if kind == "parquet":
        return Fault(str(path), "", "", "Parquet logs are not read", "save it as CSV")
    if kind == "binary":
        return Fault(str(path), "", "", "the file is not text", f"name {KNOWN}")
    problem, fix = NOT_READ[kind]
    fix = f"name {KNOWN}" if kind == "empty" else fix
    return Fault(str(path), "", "", problem, fix)


def _csv_log_format(path: Path) -> tuple[LogFormat, list[str]] | Fault:
    header = read_csv_log_header(path)
    if isinstance(header, Fault):
        return header
    for name in header:
        if name and header.count(name) > 1:
            problem = "the column appears twice in the header"
            return Fault(str(path), "row 1", "", problem, "keep one of each name")
    for kind, is_kind in COLUMNS.items():
        if is_kind(header):
            return kind, header
    problem = "this is no log of requests: no column tells the time"
    return Fault(str(path), "row 1", "", problem, f"name {KNOWN}")


def _json_log_format(path: Path) -> tuple[LogFormat, list[str]] | Fault:
    row = first_json_line(path)
    for kind, is_kind in ROWS.items():
        if row is not None and is_kind(row):
            return kind, []
    faults: list[Fault] = []
    if has_otel_spans(path, faults):
        return LogFormat.OTEL, ["spans"]
    if faults and row is None:
        return faults[0]
    return Fault(str(path), "", "", "this is no log of requests that is known", f"name {KNOWN}")
