"""Replays of the semantic router."""

from pathlib import Path

import pytest

from profiles.request_logs.record import LoggedRequest, LogLabel
from profiles.request_logs.semantic_router import (
    is_semantic_router_log_row,
    read_semantic_router_log,
)
from tests.support.scenarios.grade_files import write_lines
from tests.support.scenarios.log_files import (
    CLASSES,
    INPUT,
    MODELS,
    OUTPUT,
    START,
    semantic_router_log_rows,
)


@pytest.mark.parametrize(
    ("label", "names"),
    [(LogLabel.CLASS, CLASSES), (LogLabel.MODEL, MODELS), (LogLabel.NONE, (None,) * 4)],
)
def test_requests_are_read(tmp_path: Path, label: LogLabel, names: tuple[str, ...]) -> None:
    path = write_lines(tmp_path / "a.jsonl", semantic_router_log_rows())
    assert all(map(is_semantic_router_log_row, semantic_router_log_rows()))
    assert list(read_semantic_router_log(path, label)) == [
        LoggedRequest(START + 10 * k, names[k], float(INPUT[k]), float(OUTPUT[k])) for k in range(4)
    ]


def test_short_keys_are_known(tmp_path: Path) -> None:
    row = {"timestamp": 3, "l_in": 5, "l_out": 6, "routed_to": "m"}
    path = write_lines(tmp_path / "a.jsonl", [row])
    assert is_semantic_router_log_row(row)
    assert list(read_semantic_router_log(path, LogLabel.MODEL)) == [LoggedRequest(3, "m", 5, 6)]
