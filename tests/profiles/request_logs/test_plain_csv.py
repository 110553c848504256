"""Plain CSV: names of columns."""

from pathlib import Path

import pytest

from profiles.request_logs.plain_csv import is_plain_csv, read_plain_csv
from profiles.request_logs.record import LoggedRequest, LogLabel
from tests.support.scenarios.log_files import CLASSES, INPUT, MODELS, OUTPUT, plain_csv_text


@pytest.mark.parametrize(
    ("label", "names"),
    [(LogLabel.CLASS, CLASSES), (LogLabel.MODEL, MODELS), (LogLabel.NONE, (None,) * 4)],
)
def test_requests_are_read(tmp_path: Path, label: LogLabel, names: tuple[str, ...]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(plain_csv_text())
    header = plain_csv_text().splitlines()[0].split(",")
    assert list(read_plain_csv(path, header, label)) == [
        LoggedRequest(10.0 * k, names[k], float(INPUT[k]), float(OUTPUT[k])) for k in range(4)
    ]


def test_a_time_is_enough_and_milliseconds_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("timestamp_ms\n1500\n")
    assert is_plain_csv(["timestamp_ms"])
    assert not is_plain_csv(["rate_rps", "input_tokens"])
    (row,) = read_plain_csv(path, ["timestamp_ms"], LogLabel.CLASS)
    assert isinstance(row, LoggedRequest)
    assert row.time == 1.5
