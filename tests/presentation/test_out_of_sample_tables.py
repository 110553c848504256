"""A tested routing as tables."""

import numpy as np

from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.out_of_sample_tables import out_of_sample_comparisons_table
from tests.support.plans.routed_plan import SETTINGS, own


def test_the_tables_have_units_and_whole_intervals(source: PlanAndScenario) -> None:
    frame = out_of_sample_comparisons_table(evaluate_out_of_sample(source, own(source), SETTINGS))
    assert np.allclose(
        (frame["From (score)"] + frame["To (score)"]) / 2, frame["Router gains (score)"]
    )
    assert set(frame["Verdict"]) <= {"better", "worse", "within noise"}
