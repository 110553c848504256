"""BurstGPT."""

from pathlib import Path

import pytest

from profiles.request_logs.burst_gpt import is_burst_gpt, read_burst_gpt
from profiles.request_logs.record import LoggedRequest, LogLabel
from tests.support.scenarios.log_files import CLASSES, INPUT, MODELS, OUTPUT, burst_gpt_text


@pytest.mark.parametrize(
    ("label", "names"),
    [(LogLabel.CLASS, CLASSES), (LogLabel.MODEL, MODELS), (LogLabel.NONE, (None,) * 4)],
)
def test_requests_are_read(tmp_path: Path, label: LogLabel, names: tuple[str, ...]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(burst_gpt_text())
    header = burst_gpt_text().splitlines()[0].split(",")
    assert is_burst_gpt(header)
    assert list(read_burst_gpt(path, header, label)) == [
        LoggedRequest(10.0 * k, names[k], float(INPUT[k]), float(OUTPUT[k])) for k in range(4)
    ]


def test_older_files_have_no_type(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Timestamp,Model,Request tokens,Response tokens\n5,a,1,0\n")
    header = path.read_text().splitlines()[0].split(",")
    assert list(read_burst_gpt(path, header, LogLabel.CLASS)) == [LoggedRequest(5.0, None, 1, 0)]
