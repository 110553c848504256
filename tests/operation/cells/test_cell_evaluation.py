"""The prices of a cell on prompts: the plan's own, others, with grades, and split."""

from pathlib import Path

import numpy as np
import pytest

from planner.operation.cells.cell_choice import find_state_cell
from planner.operation.cells.cell_evaluation import class_scores, evaluate_cell
from planner.operation.prompt_routing import REFITTED, ROUTER, TRUE
from planner.operation.samples import Sample
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from profiles.records import Scores
from tests.support.plans.cells_plans import write_day_plan


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> CellsPlanAndScenario:
    found = load_any_plan(write_day_plan(Path(tmp_path_factory.mktemp("day"))))
    assert isinstance(found, CellsPlanAndScenario)
    return found


def test_on_its_own_prompts_a_cell_realises_its_plan(source: CellsPlanAndScenario) -> None:
    cell = find_state_cell(source, "chat", "day", None)
    scores = class_scores(source, 0)
    assert scores.llms == ("NO", "NA", "far")
    sample = Sample(scores=scores, truth=scores, graded=False, own=True)
    found = evaluate_cell(source, cell, sample)
    assert found.routings[0].name == ROUTER
    assert found.routings[0].fractions == pytest.approx(found.planned)
    assert found.routings[0].value == pytest.approx(cell.content["quality"])
    assert found.arrival_rate == 4.0
    assert found.limits[-1].name == "fullest replica"


def test_grades_and_a_split_are_judged_at_the_planned_fractions(
    source: CellsPlanAndScenario,
) -> None:
    cell = find_state_cell(source, "batch", "day", None)
    rng = np.random.default_rng(0)
    names = class_scores(source, 1).llms
    assert names == ("NO", "NA")
    ids = np.array([f"p{k}" for k in range(80)])
    values = rng.random((2, 80))
    scores, grades = (
        Scores(ids, names, table, np.full(80, 1 / 80))
        for table in (values, np.round(0.5 * values + 0.5 * rng.random((2, 80))))
    )
    sample = Sample(scores=scores, truth=grades, graded=True, own=False)
    found = evaluate_cell(source, cell, sample, split=0.5, seed=1)
    by_name = {one.name: one for one in found.routings}
    assert (found.fitted, found.sample.prompts) == (40, 40)
    heaviest = 1 / 40
    for name in (REFITTED, TRUE):
        assert by_name[name].fractions == pytest.approx(found.planned, abs=heaviest)
        assert by_name[name].limits == "kept"
    assert by_name[TRUE].value >= by_name[REFITTED].value
    assert any("keep the planned fractions" in note for note in found.notes)
