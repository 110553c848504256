"""Mooncake traces: JSON lines with `timestamp` (ms from a start), `input_length`, `output_length`
and `hash_ids`, which are passed over. They name no class.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from profiles.io.faults import Fault
from profiles.io.json_lines import read_json_lines
from profiles.request_logs.json_rows import JsonLogKeys, request_of_json
from profiles.request_logs.record import LogRow

__all__ = ["is_mooncake_row", "read_mooncake"]

KEYS = JsonLogKeys(("timestamp",), (), ("input_length",), ("output_length",), 0.001)


def is_mooncake_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is of this format."""
    return "timestamp" in row and "input_length" in row


def read_mooncake(path: Path) -> Iterator[LogRow]:
    """Requests of one file."""
    for item in read_json_lines(path):
        yield item if isinstance(item, Fault) else request_of_json(path, *item, KEYS)
