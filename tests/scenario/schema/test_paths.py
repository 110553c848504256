"""Dotted paths: a value set in place, or the fault of a path that leads nowhere."""

from pathlib import Path

import pytest

from tests.support.scenarios.scenario_case import fault_lines


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slo.1.limit_ms=3", ["slo has no entry '1'", "its entries are 0 to 0"]),
        ("slo.x=3", ["slo has no entry 'x'"]),
        ("pools.0.nods=3", ["pools.0 has no key 'nods'", "did you mean nodes?", "gpus_per_node"]),
        ("sloo=[]", ["the scenario has no key 'sloo'", "did you mean slo?"]),
        ("name.x=3", ["name is a single value"]),
        ("arrival_rate_rps", ["not KEY=VALUE"]),
        ("arrival_rate_rps=[", ["not sound YAML"]),
        ("arrival_rate_rps=", ["must be a number", "got null"]),
        ("slo.0.limit_ms='3'", ["--set:slo.0.limit_ms", "must be a number", "got '3'"]),
        ("setups.tp_degrees.0=3", ["has no entries; set the whole list"]),
        ("pools=[]", ["the list is empty"]),
        (
            "objective.quality_at_least=0.7",
            ["does not go with", "cheapest", "'objective={minimize: cost, quality_at_least: 0.7}'"],
        ),
    ],
)
def test_bad_overrides(case: Path, text: str, words: list[str]) -> None:
    lines = fault_lines(case, text)
    assert all(word in lines for word in words), lines
