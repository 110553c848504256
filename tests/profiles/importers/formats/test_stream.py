"""Files read as streams: JSON with constants, gzip, YAML, large files in bounded memory."""

import gzip
import json
import math
import subprocess
import sys
import time
from pathlib import Path

from profiles.importers.formats.stream import read_json_stream, sniff_stream, stream_list_items
from profiles.io.faults import Fault
from tests.support.paths import HOME
from tests.support.scenarios.benchmark_files import (
    benchmark_report,
    guidellm,
    guidellm_benchmark,
    sglang,
    vllm,
)
from tests.support.scenarios.imports import check_the_standard_point, faults_of, imported, write


def test_numbers_as_text_and_constants_that_are_not_json(tmp_path: Path):
    text = json.dumps(
        vllm(
            request_rate="4.0",
            request_throughput="3.98",
            completed="2000",
            request_goodput=math.nan,
            x=[math.inf, -math.inf],
        )
    )
    assert "NaN" in text
    assert "-Infinity" in text
    path = tmp_path / "a.json"
    path.write_text(text)
    check_the_standard_point(imported(path).frame)
    run = sglang(request_rate=math.inf, max_concurrency=2)
    assert "Infinity" in json.dumps(run)
    check_the_standard_point(
        imported(
            write(tmp_path, "b.jsonl", run), given={"gpu": "H100-SXM-80GB", "share": 100.0}
        ).frame,
        tp=2,
    )


def test_constants_are_recognised_across_chunks_and_left_alone_in_words(tmp_path: Path):
    path = tmp_path / "a.json"
    for shift in range(131040, 131080):
        content = (
            '{"a": "'
            + "x" * shift
            + '", "b": NaN, "c": -Infinity, "d": [Infinity,NaN], "e": "NaNny, Infinity"}'
        )
        path.write_text(content)
        faults: list[Fault] = []
        tree = read_json_stream(path, faults)[0][1]
        assert not faults
        assert tree["b"] is None
        assert tree["c"] < -1e300 < 1e300 < tree["d"][0]
        assert tree["d"][1] is None


def test_gzip_byte_order_mark_and_yaml(tmp_path: Path):
    content = json.dumps(vllm())
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(content.encode()))
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf" + content.encode())
    check_the_standard_point(imported(tmp_path / "a.json.gz").frame)
    check_the_standard_point(imported(tmp_path / "b.json").frame)
    yaml = "\n".join(
        [
            "version: 0.2.1",
            *(
                f"{key}: {json.dumps(value)}"
                for key, value in benchmark_report().items()
                if key != "version"
            ),
        ]
    )
    (tmp_path / "report.yaml").write_text(yaml)
    check_the_standard_point(imported(tmp_path / "report.yaml", given={"share": 100.0}).frame, tp=2)


def test_large_reports_are_streamed(tmp_path: Path):
    """20 MB of requests: read in seconds, and in hardly more memory than a small file takes."""
    request = {
        "id": "x" * 30,
        "text": 'say "x", [1] {2}\\' * 20,
        "times": [1795502823.9 + k for k in range(30)],
        "nan": math.nan,
    }
    benchmark = guidellm_benchmark(1)
    benchmark["requests"] = {"successful": [request] * 24000, "incomplete": [], "errored": []}
    big, small = (
        write(tmp_path, "big.json", guidellm(1, benchmark)),
        write(tmp_path, "small.json", guidellm(1)),
    )
    assert big.stat().st_size > 2e7
    assert sniff_stream(big) == "json"
    peaks = []
    for path in (small, big):
        code = (
            "import sys; from profiles.importers.discover import *; from pathlib import Path; r ="
            f" discover_files([Path({str(path)!r})], []); "
        )
        code += (
            "import resource; print(len(r.runs),"
            " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=HOME,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.split()[0] == "1"
        peaks.append(int(done.stdout.split()[1]) / 1024)
        assert time.perf_counter() - start < 20
    assert peaks[1] - peaks[0] < 30


def test_a_large_file_of_something_else_is_refused_in_bounded_memory(tmp_path: Path):
    path = write(tmp_path, "a.json", {"records": [[k] for k in range(1_100_000)]})
    assert "more than 2,000,000 values" in faults_of(path)


def test_fields_of_a_mapping_inside_items_are_read_where_wanted(tmp_path: Path):
    path = tmp_path / "spans.json"
    inner = {"a.b": 3, "text": "secret", "deep": {"a.b": 4}, "c": [1]}
    path.write_text(json.dumps({"spans": [{"start": 1, "attributes": inner, "a.b": 7}]}))
    faults: list[Fault] = []
    wanted = ("start", "attributes.a.b", "attributes.c")
    items = list(stream_list_items(path, "spans", wanted, faults, inside=("attributes",)))
    assert not faults
    assert items == [{"start": 1, "attributes.a.b": 3}]
