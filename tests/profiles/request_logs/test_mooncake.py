"""Mooncake traces."""

from pathlib import Path

from profiles.request_logs.mooncake import is_mooncake_row, read_mooncake
from profiles.request_logs.record import LoggedRequest
from tests.support.scenarios.grade_files import write_lines
from tests.support.scenarios.log_files import INPUT, OUTPUT, mooncake_rows


def test_requests_are_read_and_broken_lines_are_faults(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", mooncake_rows())
    assert all(map(is_mooncake_row, mooncake_rows()))
    assert list(read_mooncake(path)) == [
        LoggedRequest(10.0 * k, None, float(INPUT[k]), float(OUTPUT[k])) for k in range(4)
    ]
    path.write_text('{"timestamp": 1, "input_length": 2}\n{"timestamp"')
    first, second = read_mooncake(path)
    assert isinstance(first, LoggedRequest)
    assert "row 2: the row is not a JSON object" in str(second)
