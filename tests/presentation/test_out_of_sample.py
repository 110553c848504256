"""What a tested routing rests on, in sentences."""

from planner.operation import prompt_routing
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.out_of_sample import out_of_sample_basis_lines, out_of_sample_gain_line
from planner.presentation.out_of_sample_tables import out_of_sample_content
from tests.support.plans.routed_plan import SETTINGS, by_name, own


def test_without_grades_it_says_that_quality_is_only_predicted(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    assert any("only grades measure it" in line for line in out_of_sample_basis_lines(found))
    assert "by the scores themselves" in out_of_sample_gain_line(found)
    assert prompt_routing.TRUE not in by_name(found)
    assert out_of_sample_content(found)["graded"] is False
