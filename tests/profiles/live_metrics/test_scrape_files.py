"""Files of metrics."""

import gzip
import json
import os
from pathlib import Path

import pytest

from profiles.io.faults import Fault
from profiles.live_metrics.scrape_files import read_scrape_files, time_in_scrape_name

LINE = 'vllm:num_requests_running{model_name="m"} 3\n'
NOON = 1795608000.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("metrics-2026-11-25T12:00:00Z.txt", NOON),
        ("2026-11-25T12-00-00.prom", NOON),
        ("20261125T120000Z.txt.gz", NOON),
        ("a_2026-11-25_12-00.txt", NOON),
        ("2026-11-25T13:00:00+01:00.txt", NOON),
        ("vllm-1795608000.txt", NOON),
        ("vllm-1795608000500.txt", NOON + 0.5),
        ("metrics-1.txt", None),
        ("2026-13-45T99-00-00.txt", None),
        ("port-8000-20261.txt", None),
    ],
)
def test_the_time_in_a_name(name: str, expected: float | None):
    assert time_in_scrape_name(name) == expected


def read(*paths: Path) -> tuple[list, list[Fault], list[str]]:
    faults: list[Fault] = []
    notices: list[str] = []
    return read_scrape_files(paths, faults, notices), faults, notices


def test_a_folder_is_a_server_and_a_name_a_time(tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m-2026-11-25T12-00-00Z.txt").write_text(LINE, encoding="utf-8")
    series, faults, notices = read(tmp_path)
    assert not faults
    assert not notices
    assert [one.labels["instance"] for one in series] == [f"{tmp_path}/a", f"{tmp_path}/b"]
    assert [one.times.tolist() for one in series] == [[NOON], [NOON]]


def test_without_a_time_it_is_that_of_the_file_and_said(tmp_path: Path):
    path = tmp_path / "metrics.txt"
    path.write_text(LINE, encoding="utf-8")
    os.utime(path, (NOON, NOON))
    (one,), _, (notice,) = read(path)
    assert one.times.tolist() == [NOON]
    assert "changed last" in notice


def test_packed_answers_are_read_and_keep_their_instance(tmp_path: Path):
    metric = {"__name__": "vllm:num_requests_running", "instance": "h:1"}
    path = tmp_path / "range.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"metric": metric, "value": [1, "2"]}]).encode()))
    (one,), faults, notices = read(path)
    assert one.labels == {"instance": "h:1"}
    assert not faults
    assert not notices


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"llm,gpu\na,b\n", "neither text of /metrics"),
        (b'{"status": "success"', "no whole JSON"),
        (b'{"request_throughput": 1}', "no answer of Prometheus"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b"\x1f\x8bbroken", "cannot be read"),
        (b"", "neither text of /metrics"),
    ],
)
def test_other_files_are_faults_where_named_and_counted_in_folders(
    tmp_path: Path, content: bytes, word: str
):
    path = tmp_path / "other.txt"
    path.write_bytes(content)
    series, (fault,), _ = read(path)
    assert not series
    assert word in fault.problem
    series, faults, (notice,) = read(tmp_path)
    assert not series
    assert not faults
    assert "1 other files passed over" in notice
    assert word in notice
