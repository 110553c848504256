"""Faults of a scenario in plain words, each with its place and its fix."""

from pathlib import Path

import pytest

from tests.support.scenarios.scenario_case import change, fault_lines, faults_of


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("version: 1", "version: 2", "version", "version 1"),
        ("version: 1", "version: 1.0", "version", "version 1"),
        ("version: 1", "version: true", "version", "version 1"),
        ("name: tiny", "name: 7", "name", "put it in quotes"),
        ("name: tiny", "name: ' x'", "name", "plain name"),
        ("name: tiny\n", "", "name", "missing"),
        ("nodes: 1", "nodes: 1.0", "pools.0.nodes", "whole number"),
        ("nodes: 1", "nodes: 0", "pools.0.nodes", "1 or more"),
        ("nodes: 1", "nodes: true", "pools.0.nodes", "got true"),
        ("nodes: 1,", "nodes: 1" + 400 * "0" + ",", "pools.0.nodes", "got"),
        ("memory_gib: 80", "memory_gib: .nan", "pools.0.memory_gib", "finite"),
        (
            "price_usd_per_gpu_h: 2",
            "price_usd_per_gpu_h: -2",
            "pools.0.price_usd_per_gpu_h",
            "0 or more",
        ),
        (
            "arrival_rate_rps: 5",
            "arrival_rate_rps: '60'",
            "arrival_rate_rps",
            "got '60'; write a number without quotes",
        ),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 0", "arrival_rate_rps", "or more"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: .inf", "arrival_rate_rps", "finite"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 1_000", "arrival_rate_rps", "got '1_000'"),
        ("arrival_rate_rps: 5", "arrival_rate_rps: 1" + 400 * "0", "arrival_rate_rps", "number"),
        (
            "arrival_rate_rps: 5",
            "arival_rate_rps: 5",
            "arival_rate_rps",
            "did you mean arrival_rate_rps?",
        ),
        ("limit_ms: 300", "limit_ms: -1", "slo.0.limit_ms", "or more"),
        ("limit_ms: 300", "limit: 300", "slo.0.limit_ms", "missing"),
        (
            "statistic: mean",
            "statistic: p96",
            "slo.0.statistic",
            "write mean, p50, p90, p95 or p99",
        ),
        ("metric: ttft", "metric: TTFT", "slo.0.metric", "did you mean ttft?"),
        (
            "  - {metric: ttft, statistic: mean, limit_ms: 300}",
            "\n".join(31 * ["  - {metric: ttft, statistic: mean, limit_ms: 300}"]),
            "slo",
            "keep 30 entries or fewer",
        ),
        ("limit_ms: 300", "limit_ms: 300, scope: each", "slo.0.scope", "each_llm"),
        (
            "slo:\n  - {metric: ttft, statistic: mean, limit_ms: 300}",
            "slo:",
            "slo",
            "must be a list",
        ),
        ("{maximize: quality}", "quality", "objective", "{minimize: cost, quality_at_least"),
        ("{maximize: quality}", "{maximize: cost}", "objective.maximize", "write quality"),
        ("{maximize: quality}", "{minimize: cost}", "objective.quality_at_least", "missing"),
        (
            "{maximize: quality}",
            "{maximize: quality, minimize: cost, quality_at_least: 1}",
            "objective.maximize",
            "does not go",
        ),
        ("nodes: 1", "nodes: 1, owned: 3", "pools.0.owned", "true or false"),
        ("{maximize: quality}", "{maximise: quality}", "objective", "not one of the two"),
        ("- {name: NA", "- {name: 'NO'", "llms.1.name", "already used at llms.0"),
        ("- {name: NA", "- {name: weight", "llms.1.name", "rename"),
        (
            "max_replicas: 2",
            "min_replicas: 3, max_replicas: 2",
            "llms.1.min_replicas",
            "more than max_replicas (2)",
        ),
        (
            "objective:",
            "setups: {tp_degrees: [1, 0]}\nobjective:",
            "setups.tp_degrees.1",
            "1 or more",
        ),
        ("objective:", "setups: {tp_degrees: []}\nobjective:", "setups.tp_degrees", "empty"),
        (
            "objective:",
            "setups: {mps_shares_pct: [101]}\nobjective:",
            "setups.mps_shares_pct.0",
            "100 or less",
        ),
        (
            "objective:",
            "setups: {mps_shares_pct: [0]}\nobjective:",
            "setups.mps_shares_pct.0",
            "above 0",
        ),
        (
            "objective:",
            "setups: {memory_headroom_pct: 101}\nobjective:",
            "setups.memory_headroom_pct",
            "100 or less",
        ),
        (
            "objective:",
            "setups: {min_gpu_utilization_pct: -1}\nobjective:",
            "setups.min_gpu_utilization_pct",
            "0 or more",
        ),
        ("objective:", "solver: {time_limit_s: 0}\nobjective:", "solver.time_limit_s", "or more"),
        ("objective:", "solver: {rel_gap: -1}\nobjective:", "solver.rel_gap", "0 or more"),
        ("objective:", "solver: {threads: 0}\nobjective:", "solver.threads", "1 or more"),
        ("objective:", "scores_missing: skip\nobjective:", "scores_missing", "error or drop"),
        ("version: 1", "version: 1\nversion: 1", "line 2", "appears twice"),
        ("version: 1", "version: &v 1", "line 1", "anchors"),
        ("version: 1", "version: !!int 1", "line 1", "tags"),
        ("version: 1", "<<: {version: 1}", "line 1", "merge keys"),
        ("version: 1", "%YAML 1.1\n---\nversion: 1", "line 2", "directives"),
        ("objective:", "---\nobjective:", "line 13", "several documents"),
        ("version: 1", "version: 1\n1: 2", "line 2", "not text"),
        ("version: 1", "version: [1", "line 2, column 5", "not sound YAML"),
        ("version: 1", "version: " + 40 * "[" + 40 * "]", "line 1", "nested deeper"),
    ],
)
def test_scenario_faults(case: Path, old: str, new: str, where: str, words: str) -> None:
    change(case / "scenario.yaml", old, new)
    matching = [fault for fault in faults_of(case) if fault.where == where]
    assert matching, fault_lines(case)
    assert any(words in str(fault) for fault in matching), matching
    assert all(fault.file == str(case / "scenario.yaml") for fault in matching)
