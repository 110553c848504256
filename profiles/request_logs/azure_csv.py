"""Azure LLM inference traces: CSV with `TIMESTAMP` (ISO 8601, UTC), `ContextTokens` and
`GeneratedTokens`. They name no class.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from profiles.request_logs.csv_rows import CsvLogColumns, read_csv_log
from profiles.request_logs.record import LogRow

__all__ = ["is_azure_csv", "read_azure_csv"]

TIME, INPUT, OUTPUT = "TIMESTAMP", "ContextTokens", "GeneratedTokens"


def is_azure_csv(header: Collection[str]) -> bool:
    """Whether a CSV file with these columns is of this format."""
    return {TIME, INPUT, OUTPUT} <= set(header)


def read_azure_csv(path: Path) -> Iterator[LogRow]:
    """Requests of one file."""
    return read_csv_log(path, CsvLogColumns(TIME, None, INPUT, OUTPUT))
