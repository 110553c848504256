"""What a tested routing rests on, in sentences."""

from dataclasses import replace

import pytest

from planner.operation import prompt_routing
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.routing_cost import RoutingCost
from planner.operation.verdicts import SloVerdict
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.out_of_sample import (
    out_of_sample_advice_lines,
    out_of_sample_basis_lines,
    out_of_sample_cost_lines,
    out_of_sample_gain_line,
)
from planner.presentation.out_of_sample_tables import out_of_sample_content
from tests.support.plans.routed_plan import SETTINGS, by_name, own


def test_without_grades_it_says_that_quality_is_only_predicted(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    assert any("only grades measure it" in line for line in out_of_sample_basis_lines(found))
    assert "by the scores themselves" in out_of_sample_gain_line(found)
    assert prompt_routing.TRUE not in by_name(found)
    assert out_of_sample_content(found)["graded"] is False


def test_advice_says_how_much_slack_there_is_and_what_to_plan_with(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    fullest = replace(
        found.limits[-1], planned=97.0, high=106.7, verdict=SloVerdict.UNCERTAIN, unit="%"
    )
    tight = replace(found, limits=(fullest,))
    slack, retry = out_of_sample_advice_lines(tight)
    assert slack == (
        "Slack: in 97.5 % of samples like this one (600 prompts) the fullest replica gets up to"
        " 10.0 % more than planned; it has room for 3.1 %: not enough."
    )
    assert retry.startswith("Try: plan with --set headroom.rate_pct=6.7 and route again;")
    assert out_of_sample_advice_lines(tight, on_page=True)[1].startswith(
        "Try: on the page Inputs set Headroom of the arrival rate (%) to 6.7, press Solve and test"
        " again;"
    )
    assert out_of_sample_content(tight)["slack"] == {
        "needed_pct": pytest.approx(10.0),
        "spare_pct": pytest.approx(100 * (100 / 97 - 1)),
        "headroom_rate_pct": pytest.approx(6.7),
    }
    roomy = replace(fullest, planned=80.0, high=90.0, verdict=SloVerdict.HOLDS)
    (line,) = out_of_sample_advice_lines(replace(found, limits=(roomy,)))
    assert line.endswith("12.5 % more than planned; it has room for 25.0 %: enough.")
    beyond = replace(fullest, high=float("inf"), verdict=SloVerdict.MISSES)
    unknown = replace(found, limits=(beyond,))
    assert out_of_sample_advice_lines(unknown) == []
    assert out_of_sample_content(unknown)["slack"] is None


def test_a_floor_is_compared_with_the_quality_on_these_prompts(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    quality, half = found.routings[0].value, 1.96 * found.quality_error
    known = RoutingCost(plan=5.37, floor=quality, single=19.54, single_llm="yi-34b")

    def line(floor: float | None) -> str:
        (one,) = out_of_sample_cost_lines(replace(found, cost=replace(known, floor=floor)))
        return one

    assert line(quality).startswith("Meets your floor of ")
    assert line(quality).endswith("; the best single LLM (yi-34b) costs 19.54 USD/h.")
    assert "within the noise of these prompts; at 5.37 USD/h" in line(quality + 0.9 * half)
    assert line(quality + 1.1 * half).startswith("Below your floor of ")
    assert "beyond the noise" in line(quality + 1.1 * half)
    assert line(None).startswith("Costs 5.37 USD/h; the best single LLM that can serve it")
    assert out_of_sample_cost_lines(replace(found, cost=None)) == []
    assert out_of_sample_content(replace(found, cost=None))["cost"] is None
    assert out_of_sample_content(replace(found, cost=known))["cost"] == {
        "plan_usd_per_h": 5.37,
        "quality_at_least": quality,
        "best_single_llm": "yi-34b",
        "best_single_llm_usd_per_h": 19.54,
    }
