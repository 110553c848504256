"""A cycle of setups in words."""

from planner.presentation.cells.cells_tables import lane_table, setup_table
from planner.presentation.cells.schedule import (
    has_schedule,
    schedule_lines,
    setup_name,
    setups_phrase,
)
from tests.support.demand.cells_by_hand import cells_plan
from tests.verification.cells.test_start_checks import _good


def test_what_starts_stops_and_moves_from_one_setup_to_the_next() -> None:
    assert schedule_lines(_good()) == [
        "day -> night: stops 1 x a (tp 1 on h100), moves 1 x b (tp 1 on h100); 1 GPU start",
        "night -> day: starts 1 x a (tp 1 on h100), moves 1 x b (tp 1 on h100); 2 GPUs start",
    ]
    assert setups_phrase(_good()) == "2 setups in a cycle"
    assert [setup_name(setup) for setup in _good()["setups"]] == ["day (also lost)", "night"]


def test_one_setup_changes_nothing() -> None:
    assert not has_schedule(cells_plan())
    assert schedule_lines(cells_plan()) == []
    assert setups_phrase(cells_plan()) == "one setup for all cases"


def test_the_same_setup_twice() -> None:
    plan = _good()
    first = plan["setups"][0]
    same = {**first, "cases": ["night"]}
    lines = schedule_lines({**plan, "setups": [first, same]})
    assert lines[0] == "day -> night: nothing starts or stops"


def test_tables_name_the_setup_of_every_row() -> None:
    table = setup_table(_good())
    assert table["Setup"].tolist() == ["day (also lost)"] * 2 + ["night"] * 2
    assert table["Replicas"].tolist() == [2, 1, 1, 1]
    lanes = lane_table(_good())
    assert lanes[lanes["Case"] == "night"]["LLM"].tolist() == ["a", "b"]
