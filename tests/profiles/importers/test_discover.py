"""Files and folders: what is read, what is passed over, what is a fault."""

import gzip
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from profiles.importers.discover import discover_files
from profiles.importers.formats.record import Run
from profiles.io.faults import DataError
from tests.support.scenarios.benchmark_files import (
    aiperf,
    benchmark_report,
    guidellm,
    inference_perf,
    sglang,
    vllm,
)
from tests.support.scenarios.imports import OPTION, faults_of, imported, write
from tests.support.walls import wall_size


def test_json_lines_lists_and_lists_of_lists(tmp_path: Path):
    runs = [vllm(request_rate=float(k), request_throughput=float(k)) for k in (1, 2, 3)]
    lines = write(tmp_path, "a.jsonl", *runs)
    nested = write(tmp_path, "b.json", [[runs[0]], [runs[1], [runs[2]]]])
    assert (
        imported(lines).frame["rate_rps"].tolist()
        == imported(nested).frame["rate_rps"].tolist()
        == [1, 2, 3]
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "the file is empty"),
        (b"  \n ", "the file is empty"),
        ("\x85\u2028".encode(), "the file is empty"),
        (json.dumps(vllm()).encode()[:-40], "ends in the middle"),
        (gzip.compress(json.dumps(vllm()).encode())[:-30], "cannot be read"),
        (json.dumps(vllm(model_id="é"), ensure_ascii=False).encode("latin-1"), "not UTF-8"),
        (json.dumps(vllm()).encode("utf-16"), "UTF-16"),
        (bytes(range(256)), "neither text nor Parquet"),
        (b"PK\x03\x04rest", "packed"),
        (b"PAR1 no parquet", "neither .csv nor .parquet"),
        (b"{'a': 1}", "not sound JSON"),
        (b'{"a": 1} trailing', "not sound JSON"),
        (b"[" * 5000, "nested deeper"),
        (b"[]", "the list is empty"),
        (b"{}", "the object is empty"),
        (b"[1, 2]", "no benchmark result"),
        (b'{"hello": 1}', "no known tool writes such a file"),
        (b'{"mean_ttft_ms": 3.0}', "request_throughput) is missing"),
        (b"# HELP vllm:x What.\n", "text of /metrics"),
        (b'sglang:num_requests_total{a="b"} 1\n', "text of /metrics"),
        (b'{"status": "success", "data": {"resultType": "matrix"}}', "answer of Prometheus"),
        (b'{"benchmarks": []}', "none has metrics"),
        (b'{"benchmarks": [{"metrics": 5}]}', "none has metrics"),
        (b'{"experiments": [{"requests": [1]}]}', "single requests"),
        (b"just: text\n", "no known tool"),
        (b"a,b,c,d,e\n1,2,3,4,5\n", "not a profile table"),
        (b"# A heading\nsome: [words\n", "neither JSON nor YAML"),
    ],
)
def test_files_that_are_none(raw: bytes, problem: str, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(raw)
    assert problem in faults_of(path)


def test_odd_kinds_in_known_files_are_no_bugs(tmp_path: Path):
    """A value of a small file replaced by one of an odd kind: a table or a fault, never another
    exception.

    (All 3,000 passed.)
    """
    contents = (vllm(), sglang(), inference_perf(), aiperf(), guidellm(2), benchmark_report())
    odd = (None, [], {}, "word", -1, 1e300, True, [[1]], {"mean": "x"})
    cases = [
        (content, path, value) for content in contents for path in _paths(content) for value in odd
    ]
    for content, path, value in random.Random(1).sample(cases, wall_size(60, 300)):  # noqa: S311
        file = write(tmp_path, "a.json", _changed(content, path, value))
        with suppress(DataError):
            imported(file, given={**OPTION, "llm": "x"})


def _paths(tree: Any, depth: int = 3) -> list[tuple]:
    if not isinstance(tree, dict) or depth == 0:
        return [()]
    return [(), *((key, *rest) for key, value in tree.items() for rest in _paths(value, depth - 1))]


def _changed(tree: Any, path: tuple, value: Any) -> Any:
    return value if not path else {**tree, path[0]: _changed(tree[path[0]], path[1:], value)}


def test_a_folder_passes_over_what_is_none_and_a_named_file_does_not(tmp_path: Path):
    write(tmp_path, "a.json", vllm())
    (tmp_path / "notes.txt").write_text("nothing here")
    (tmp_path / ".hidden.json").write_text("{")
    found = imported(tmp_path)
    assert len(found.frame) == len(found.passed) == 1
    assert "neither JSON" in faults_of(tmp_path / "notes.txt")
    assert "there are no files" in faults_of(_folder(tmp_path / "empty"))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_run_is_read_only_once_in_overlapping_arguments(tmp_path: Path):
    path = write(tmp_path, "a.json", vllm())
    assert len(discover_files([tmp_path, path], []).runs) == 1
    assert isinstance(discover_files([path], []).runs[0], Run)
