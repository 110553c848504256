"""BurstGPT: CSV with `Timestamp` (s from a start), `Model`, `Request tokens` and `Response tokens`
(0 where a request failed). Its `Log Type` (conversation or API) is the class.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from profiles.request_logs.csv_rows import CsvLogColumns, read_csv_log
from profiles.request_logs.record import LogLabel, LogRow

__all__ = ["is_burst_gpt", "read_burst_gpt"]

TIME, INPUT, OUTPUT = "Timestamp", "Request tokens", "Response tokens"
LABELS = {LogLabel.CLASS: "Log Type", LogLabel.MODEL: "Model"}


def is_burst_gpt(header: Collection[str]) -> bool:
    """Whether a CSV file with these columns is of this format."""
    return {TIME, INPUT, OUTPUT} <= set(header)


def read_burst_gpt(path: Path, header: Collection[str], label: LogLabel) -> Iterator[LogRow]:
    """Requests of one file with these columns."""
    column = LABELS.get(label)
    known = column if column in header else None
    return read_csv_log(path, CsvLogColumns(TIME, known, INPUT, OUTPUT))
