"""llm-d benchmark reports: replicas, split and pipelined servers."""

from pathlib import Path

from tests.support.scenarios.benchmark_files import benchmark_report, vllm
from tests.support.scenarios.imports import OPTION, faults_of, imported, lines_of_import, write


def test_a_report_of_several_replicas_is_of_one(tmp_path: Path):
    found = imported(
        write(tmp_path, "a.json", benchmark_report(replicas=4)), given={"share": 100.0}
    )
    assert "divided by 4 replicas" in lines_of_import(found)
    found = imported(
        write(tmp_path, "b.json", vllm(request_rate=8.0, request_throughput=7.96)),
        given={**OPTION, "replicas": 2},
    )
    assert found.frame["rate_rps"].tolist() == [3.98]


def test_split_and_pipelined_servers_are_refused(tmp_path: Path):
    report = benchmark_report(role="decode")
    prefill = {**report["scenario"]["stack"][0]["standardized"], "role": "prefill"}
    report["scenario"]["stack"].append({"standardized": prefill})
    assert "prefill and decode" in faults_of(write(tmp_path, "a.json", report))
