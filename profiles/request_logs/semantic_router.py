"""Replays of the vLLM semantic router: JSON lines with `timestamp` (s), `prompt_tokens` or `l_in`,
`generated_tokens` or `l_out`; its `category` is the class, the model that it chose one of
`selected_model`, `model`, `routed_to`, `model_id`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from profiles.io.faults import Fault
from profiles.io.json_lines import read_json_lines
from profiles.request_logs.json_rows import JsonLogKeys, request_of_json
from profiles.request_logs.record import LogLabel, LogRow

__all__ = ["is_semantic_router_log_row", "read_semantic_router_log"]

LABELS: Mapping[LogLabel, tuple[str, ...]] = {
    LogLabel.CLASS: ("class", "category"),
    LogLabel.MODEL: ("selected_model", "model", "routed_to", "model_id"),
    LogLabel.NONE: (),
}
INPUT, OUTPUT = ("prompt_tokens", "l_in"), ("generated_tokens", "l_out")


def is_semantic_router_log_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is of this format."""
    return "timestamp" in row and any(key in row for key in INPUT)


def read_semantic_router_log(path: Path, label: LogLabel) -> Iterator[LogRow]:
    """Requests of one file."""
    keys = JsonLogKeys(("timestamp",), LABELS[label], INPUT, OUTPUT)
    for item in read_json_lines(path):
        yield item if isinstance(item, Fault) else request_of_json(path, *item, keys)
