"""Which class, case and loss: every word that is missing or unknown is a fault with what there
is.
"""

from pathlib import Path

import pytest

from planner.errors import DataError
from planner.operation.cells.cell_choice import (
    chosen_case_names,
    chosen_class_names,
    find_state_cell,
)
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from tests.support.plans.cells_plans import write_day_plan


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> CellsPlanAndScenario:
    found = load_any_plan(write_day_plan(Path(tmp_path_factory.mktemp("day"))))
    assert isinstance(found, CellsPlanAndScenario)
    return found


def test_a_cell_is_found_by_its_names(source: CellsPlanAndScenario) -> None:
    cell = find_state_cell(source, "batch", "night", None)
    assert (cell.content["class"], cell.content["case"]) == ("batch", "night")
    assert find_state_cell(source, "chat", "node-lost", 0).state.loss == 0
    # The other loss shares its routing.
    assert find_state_cell(source, "chat", "node-lost", 1).state.loss == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((None, None, None), "--class: the plan has prices for each of its 2 classes"),
        (("chat", None, None), "name one with --case: day, night, node-lost"),
        (("chatt", "day", None), "did you mean chat"),
        (("chat", "noon", None), "the plan has no such case"),
        (("chat", "day", 0), "case day loses no nodes"),
        (("chat", "node-lost", None), "name one with --loss: 0 = node 0 of a; 1 = node 1 of a"),
        (("chat", "node-lost", 7), "for each of its 2 losses"),
        (("chat", "night", None), "the class sends no requests in case night"),
    ],
)
def test_what_is_missing_or_unknown_is_a_fault(
    source: CellsPlanAndScenario, words: tuple[str | None, str | None, int | None], problem: str
) -> None:
    with pytest.raises(DataError) as caught:
        find_state_cell(source, *words)
    assert problem in str(caught.value)


def test_reports_are_restricted_by_name(source: CellsPlanAndScenario) -> None:
    assert chosen_class_names(source, []) == ("chat", "batch")
    assert chosen_case_names(source, ["node-lost", "day"]) == ("day", "node-lost")
    with pytest.raises(DataError, match="no such case"):
        chosen_case_names(source, ["noon"])
