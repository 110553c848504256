"""Logs of every format become one record; no text of a message comes along."""

from pathlib import Path

import numpy as np
import pytest

from profiles.io.faults import DataError
from profiles.request_logs.pipeline import ImportedLog, LogSource, import_request_logs
from profiles.request_logs.record import LogLabel, RateWindows, RequestLog
from tests.support.paths import SHARED
from tests.support.scenarios.log_files import (
    INPUT,
    MESSAGE,
    plain_csv_text,
    rate_table_text,
    write_every_log,
)

AZURE = SHARED / "data/azure"


def imported(*sources: LogSource, label: LogLabel = LogLabel.CLASS) -> ImportedLog:
    return import_request_logs(sources, label)


@pytest.mark.parametrize(
    "name",
    ["azure.csv", "burst.csv", "mooncake.jsonl", "otlp.jsonl", "plain.csv", "router.jsonl",
     "spans.json"],
)  # fmt: skip
def test_every_format_gives_the_same_requests(tmp_path: Path, name: str) -> None:
    result = imported(LogSource(write_every_log(tmp_path / "logs")[name]))
    assert isinstance(result.log, RequestLog)
    assert result.log.input_tokens.tolist() == list(INPUT)
    assert np.diff(result.log.times).tolist() == [10.0] * 3
    assert "1 file, 4 requests" in result.lines[0]
    assert not result.notices
    assert MESSAGE not in repr(result)


def test_a_name_is_the_class_of_a_file(tmp_path: Path) -> None:
    logs = write_every_log(tmp_path / "logs")
    result = imported(LogSource(logs["plain.csv"], "x"), LogSource(logs["mooncake.jsonl"], "y"))
    assert isinstance(result.log, RequestLog)
    assert np.bincount(result.log.labels).tolist() == [4, 4]
    assert result.log.names == ("x", "y")


def test_folders_pass_other_files_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(plain_csv_text())
    (tmp_path / "README.md").write_text("words\n")
    result = imported(LogSource(tmp_path))
    assert "1 other files passed over" in result.notices[0]
    with pytest.raises(DataError, match="no column tells the time"):
        imported(LogSource(tmp_path / "README.md"))


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,input_tokens\n1,-1\nsoon,1\n")
    (tmp_path / "b.jsonl").write_text('{"timestamp": 1, "input_length": 2}\nnope\n')
    with pytest.raises(DataError) as caught:
        imported(LogSource(tmp_path / "a.csv"), LogSource(tmp_path / "b.jsonl"))
    assert len(caught.value.faults) == 3
    with pytest.raises(DataError, match="no such file"):
        imported(LogSource(tmp_path / "none.csv"))
    with pytest.raises(DataError, match="named twice"):
        imported(*[LogSource(tmp_path / "a.csv")] * 2)


def test_rows_that_are_no_request_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,input_tokens\n1,5\n,5\n2,\n,\n")
    result = imported(LogSource(path))
    assert result.notices == [
        "1 rows left out: no time",
        "1 requests without input tokens count in rates alone",
    ]
    path.write_text("time,input_tokens\n,5\n")
    with pytest.raises(DataError, match=r"hold no request \(1 no time\)"):
        imported(LogSource(path))


def test_models_that_no_log_names_are_a_fault(tmp_path: Path) -> None:
    logs = write_every_log(tmp_path / "logs")
    with pytest.raises(DataError, match="no log names the model"):
        imported(LogSource(logs["mooncake.jsonl"]), label=LogLabel.MODEL)
    assert imported(LogSource(logs["otlp.jsonl"]), label=LogLabel.MODEL).log.names == ("a", "b")


def test_tables_of_rates_stand_alone(tmp_path: Path) -> None:
    logs = write_every_log(tmp_path / "logs")
    result = imported(LogSource(logs["rates.csv"]))
    assert isinstance(result.log, RateWindows)
    assert "192 windows" in result.lines[0]
    with pytest.raises(DataError, match="do not mix"):
        imported(LogSource(logs["rates.csv"]), LogSource(logs["plain.csv"]))
    with pytest.raises(DataError, match="cannot all be x"):
        imported(LogSource(logs["rates.csv"], "x"))
    path = tmp_path / "one.csv"
    path.write_text(rate_table_text(classes={"a": 1.0}))
    named = imported(LogSource(path, "x")).log
    assert named.names == ("x",)
    with pytest.raises(DataError, match="several tables"):
        imported(LogSource(path), LogSource(logs["rates.csv"]))


@pytest.mark.skipif(not AZURE.exists(), reason="no shared data beside this checkout")
def test_the_azure_sample_is_read() -> None:
    log = imported(LogSource(AZURE / "azure2023_conv.csv", "chat")).log
    assert isinstance(log, RequestLog)
    assert log.times.size == 19_366
    assert log.input_tokens.mean() == pytest.approx(1155, abs=1)  # as its README says
