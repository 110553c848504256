"""Plain CSV: a time, and optionally class, model and token counts, under names that say what they
are. Of several columns for one thing the first of these lists counts.

    arrival_s, time_s, timestamp_s, time, timestamp      seconds, or ISO 8601
    arrival_ms, time_ms, timestamp_ms                    milliseconds
    class, category      model, llm
    input_tokens, prompt_tokens                          of the prompt
    output_tokens, completion_tokens, generated_tokens   of the answer
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from profiles.request_logs.csv_rows import CsvLogColumns, read_csv_log
from profiles.request_logs.record import LogLabel, LogRow

__all__ = ["is_plain_csv", "read_plain_csv"]

SECONDS = ("arrival_s", "time_s", "timestamp_s", "time", "timestamp")
MILLISECONDS = ("arrival_ms", "time_ms", "timestamp_ms")
LABELS: dict[LogLabel, Sequence[str]] = {
    LogLabel.CLASS: ("class", "category"),
    LogLabel.MODEL: ("model", "llm"),
    LogLabel.NONE: (),
}
INPUT = ("input_tokens", "prompt_tokens")
OUTPUT = ("output_tokens", "completion_tokens", "generated_tokens")


def is_plain_csv(header: Collection[str]) -> bool:
    """Whether a CSV file with these columns is of this format."""
    return _first_column((*SECONDS, *MILLISECONDS), header) is not None


def read_plain_csv(path: Path, header: Collection[str], label: LogLabel) -> Iterator[LogRow]:
    """Requests of one file with these columns."""
    time = _first_column((*SECONDS, *MILLISECONDS), header) or ""
    columns = CsvLogColumns(
        time,
        _first_column(LABELS[label], header),
        _first_column(INPUT, header),
        _first_column(OUTPUT, header),
        0.001 if time in MILLISECONDS else 1.0,
    )
    return read_csv_log(path, columns)


def _first_column(names: Sequence[str], header: Collection[str]) -> str | None:
    return next((name for name in names if name in header), None)
