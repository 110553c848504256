"""Numbers at the ends of what the schema allows: plans or conflicts, never a fault of the solver;
and beyond these ends one clear fault with the bound.
"""

import re
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.joint.solve import solve_joint
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.walls import first_fast

CHEAPEST = "objective={minimize: cost, quality_at_least: %s}"
ENDS = [
    [f"arrival_rate_rps={rate}", f"slo.0.limit_ms={limit}"]
    for rate in ("0.001", "1", "1e9")
    for limit in ("0.01", "1", "1e9")
] + [
    ["solver.rel_gap=0"],
    ["solver.time_limit_s=0.001"],
    ["setups.memory_headroom_pct=100"],
    ["setups.min_gpu_utilization_pct=100"],
    ["pools.0.price_usd_per_gpu_h=1e6", CHEAPEST % 0.6],
    ["pools.0.price_usd_per_gpu_h=1e-300", CHEAPEST % 0.6],
    [CHEAPEST % "1e9"],
    [CHEAPEST % "-1e9"],
    ["llms.0.min_replicas=1000000"],
]
SCORES = TEMPLATE_TEXTS["scores.csv"]
TABLES = {
    "scores a billion": ("scores.csv", re.sub(r"(0\.\d+)", r"\1e9", SCORES)),
    "one score far below": ("scores.csv", SCORES.replace("0.81", "-1e9")),
    "scores of no size": ("scores.csv", re.sub(r"(0\.\d+)", r"\1e-300", SCORES)),
    "a latency of a microsecond": (
        "profiles.csv",
        TEMPLATE_TEXTS["profiles.csv"].replace(",60,20,", ",0.001,20,"),
    ),
    "a rate near zero": (
        "profiles.csv",
        TEMPLATE_TEXTS["profiles.csv"].replace("100,2,", "100,1e-6,"),
    ),
    "a latency of days": ("profiles.csv", TEMPLATE_TEXTS["profiles.csv"].replace("1400", "1e9")),
}
"""Name -> (file of the template, its text)."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    for name, text in TEMPLATE_TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "scenario.yaml"


def plan_status(scenario: Path, overrides: list[str]) -> str:
    """Status of the verified plan (build_plan_content raises where it fails the verifier)."""
    loaded = assemble_instance(scenario, overrides)
    solution = solve_joint(loaded.instance, loaded.settings)
    return build_plan_content(loaded, solution, loaded.settings, {}).status


@pytest.mark.parametrize("overrides", first_fast(ENDS, (4,)), ids=" ".join)
def test_the_ends_of_the_schema_are_planned(scenario: Path, overrides: list[str]) -> None:
    assert plan_status(scenario, overrides) in ("optimal", "feasible", "infeasible", "unknown")


@pytest.mark.parametrize("name", TABLES)
def test_the_ends_of_the_tables_are_planned(scenario: Path, name: str) -> None:
    file, text = TABLES[name]
    scenario.with_name(file).write_text(text, encoding="utf-8")
    assert plan_status(scenario, []) in ("optimal", "infeasible")


@pytest.mark.parametrize(
    ("override", "bound"),
    [
        ("slo.0.limit_ms=1e-308", "write 0.01 or more"),
        ("slo.0.limit_ms=1e10", "write 1000000000 or less"),
        ("arrival_rate_rps=1e-308", "write 0.001 or more"),
        ("arrival_rate_rps=1e300", "write 1000000000 or less"),
        ("pools.0.memory_gib=1e-9", "write 0.001 or more"),
        ("pools.0.price_usd_per_gpu_h=1e9", "write 1000000 or less"),
        ("llms.0.weights_gib=1e9", "write 1000000 or less"),
        ("objective={minimize: cost, quality_at_least: -1e308}", "write -1000000000 or more"),
        ("solver.time_limit_s=1e-9", "write 0.001 or more"),
        ("solver.rel_gap=2", "write 1 or less"),
    ],
)
def test_beyond_the_ends_is_one_fault_with_the_bound(
    scenario: Path, override: str, bound: str
) -> None:
    with pytest.raises(DataError) as refused:
        assemble_instance(scenario, [override])
    assert [fault.fix for fault in refused.value.faults] == [bound]


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("scores.csv", "0.81", "-1e308", "absurdly large"),
        ("profiles.csv", ",60,20,", ",1e-300,20,", "below a microsecond"),
        ("profiles.csv", "100,2,", "100,1e-300,", "below 1e-06"),
        ("profiles.csv", ",60,20,", ",60,1e-300,", "outside 0.001 to 1e+06 GiB"),
    ],
)
def test_numbers_of_tables_have_ends_too(
    scenario: Path, file: str, old: str, new: str, problem: str
) -> None:
    text = TEMPLATE_TEXTS[file].replace(old, new, 1)
    scenario.with_name(file).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        assemble_instance(scenario)
    assert problem in refused.value.faults[0].problem
