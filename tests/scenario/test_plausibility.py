"""Allowed values that are most likely not meant: a warning with the cause, once a kind."""

from pathlib import Path

import numpy as np
import pytest

from planner.scenario.assemble import assemble_instance
from planner.scenario.plausibility import few_prompts_notice
from profiles.records import Scores
from tests.support.paths import HOME
from tests.support.scenarios.scenario_case import change


def warnings_of(case: Path, *overrides: str) -> list[str]:
    return list(assemble_instance(case / "scenario.yaml", overrides).instance.warnings)


@pytest.mark.parametrize("example", sorted(p.parent.name for p in HOME.glob("examples/*/sc*.yaml")))
def test_the_examples_have_none(example: str) -> None:
    warnings = assemble_instance(
        HOME / "examples" / example / "scenario.yaml", cells=True
    ).instance.warnings
    assert not [one for one in warnings if one.endswith("?") or "did you mean" in one]


def test_latencies_in_seconds(case: Path) -> None:
    """A shard of 70 GB of weights cannot be read in 0.08 ms; every curve of the LLM at once."""
    change(case / "scenario.yaml", "weights_gib: 10", "weights_gib: 70")
    for ms, seconds in ((",150,400,12,", ",0.15,0.4,70,"), (",100,200,12,", ",0.1,0.2,70,")):
        change(case / "profiles.csv", ms, seconds)
    change(case / "profiles.csv", ",80,,8,", ",0.08,,35,")
    (warning,) = warnings_of(case)
    assert "NO on G, tp 1, share 50 %: ttft_mean_ms goes down to 0.1 ms" in warning
    assert "reading the weights alone takes" in warning
    assert warning.endswith("written in seconds? (and 1 more of its curves)")


def test_memory_that_cannot_hold_the_weights(case: Path) -> None:
    for before in (",150,400,12,", ",100,200,12,"):
        change(case / "profiles.csv", before, before.replace("12", "0.02"))
    (warning,) = warnings_of(case)
    assert "memory_gib_per_gpu is 0.02 GiB, but a shard's weights alone take 10 GiB" in warning


@pytest.mark.parametrize("key", ["memory_headroom_pct", "min_gpu_utilization_pct"])
def test_a_fraction_for_per_cent(key: str, case: Path) -> None:
    (warning,) = warnings_of(case, f"setups.{key}=0.1")
    assert warning == f"setups.{key}: 0.1 is 0.1 per cent; did you mean 10?"
    assert warnings_of(case, f"setups.{key}=0") == warnings_of(case, f"setups.{key}=10") == []


def test_a_floor_of_another_scale_than_the_scores(case: Path) -> None:
    cost = "objective={minimize: cost, quality_at_least: 0.6}"
    (warning,) = warnings_of(case, cost)
    assert "0.6 is reached by every LLM alone (mean scores 0.6875 to 0.8125)" in warning
    assert warning.endswith("so quality does not limit the cost")
    assert warnings_of(case, cost.replace("0.6", "0.7")) == []
    change(case / "scores.csv", "p1,0.5,0.25", "p1,50,25")
    change(case / "scores.csv", "p2,0.75,1", "p2,75,100")
    (warning,) = warnings_of(case, cost)
    assert "0.6 is reached by every LLM alone (mean scores 68.75 to 81.25)" in warning
    assert warning.endswith("did you mean 60?")
    assert warnings_of(case, "objective={minimize: cost, quality_at_least: 70}") == []


def test_a_limit_in_seconds(case: Path) -> None:
    (warning,) = warnings_of(case, "slo.0.limit_ms=0.3")
    assert "slo.0.limit_ms: 0.3 ms is below every profiled ttft_mean_ms (from 80)" in warning
    assert "in seconds it would be 300" in warning
    assert warnings_of(case, "slo.0.limit_ms=70") == []


def test_few_prompts_come_with_what_their_mean_is_worth() -> None:
    values = np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    ids = np.array(list("abcd"), dtype=object)
    (notice,) = few_prompts_notice("s.csv", Scores(ids, ("x", "y"), values, np.full(4, 0.25)))
    # Standard deviation 0.5 over the root of 4 prompts, times 1.96.
    assert notice.startswith("s.csv: 4 prompts; a mean quality over so few is known to ± 0.49")
    many = np.zeros((1, 1_000))
    names = np.arange(1_000).astype(str).astype(object)
    assert few_prompts_notice("s.csv", Scores(names, ("x",), many, np.full(1_000, 0.001))) == []
