"""Faults where nothing is left to choose from; notices of what serves nothing."""

from pathlib import Path

from planner.scenario.assemble import assemble_instance
from tests.support.scenarios.scenario_case import fault_lines


def test_llms_and_pools_without_options(case: Path) -> None:
    loaded = assemble_instance(case / "scenario.yaml", ["setups.mps_shares_pct=[50]"])
    assert any(
        "NA has no option and cannot be deployed: 1 option: 100 is not among setups.mps_shares_pct"
        in notice
        for notice in loaded.notices
    )
    assert "llms.1.min_replicas: NA has no option" in fault_lines(
        case, "setups.mps_shares_pct=[50]", "llms.1.min_replicas=1"
    )


def test_nothing_to_choose_from_is_a_fault(case: Path) -> None:
    assert (
        "columns llm, gpu: no row is of an LLM and a GPU of the scenario (NO, NA on H)"
        in fault_lines(case, "pools.0.gpu=H")
    )
    assert "setups: they leave no option of the profile table" in fault_lines(
        case, "setups.tp_degrees=[8]"
    )


def test_a_limit_that_no_option_can_be_judged_by_is_a_fault(case: Path) -> None:
    line = fault_lines(case, "slo.0.metric=e2e")
    assert "slo.0.statistic: no option can be judged by it" in line
    assert "ttft_mean_ms" in line
