"""What-if questions: fields and values to try, sliders, the command that does the same."""

import pytest

from planner.errors import DataError
from planner.packed_files import PAGE_EXAMPLES, packed_example_path
from planner.presentation.what_if import (
    ScenarioField,
    what_if_edit,
    what_if_field_value,
    what_if_fields,
    what_if_frontier_axis,
    what_if_overrides_without,
    what_if_slider_range,
    what_if_sweep_command,
)
from planner.scenario.edits import ScenarioEdit, content_of_edit
from planner.scenario.templates import TEMPLATE_TEXTS

FOUR = {"pools.0.gpus_per_node": 4}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The scenario of the template."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder / "scenario.yaml")


# ---------------------------------------------------------------- fields


def test_every_field_of_every_example_can_be_varied() -> None:
    for file in map(packed_example_path, PAGE_EXAMPLES):
        requested = ScenarioEdit.of_file(str(file))
        fields = what_if_fields(content_of_edit(requested), 0.6)
        assert len({field.label for field in fields}) == len(fields)
        for field in fields:
            for value in what_if_frontier_axis(field, field.values).values:
                assert what_if_edit(requested, field.path, value).scenario.spec is not None
        around = [field for field in fields if field.path == "arrival_rate_rps"]
        assert (
            what_if_field_value(requested, "arrival_rate_rps")
            in what_if_frontier_axis(around[0], around[0].values).values
        )


def test_the_cheapest_gpus_for_a_quality_are_another_objective(path: str) -> None:
    requested = ScenarioEdit.of_file(path)
    field = next(
        field for field in what_if_fields(content_of_edit(requested), 0.8) if field.cheapest
    )
    assert what_if_frontier_axis(field, "0.7,0.75").values == tuple(
        {"minimize": "cost", "quality_at_least": value} for value in (0.7, 0.75)
    )
    assert not [field for field in what_if_fields(content_of_edit(requested)) if field.cheapest]


def test_impossible_values_are_reported() -> None:
    field = ScenarioField("arrival_rate_rps", "Arrival rate (req/s)", "")
    with pytest.raises(DataError, match="more than 60"):
        what_if_frontier_axis(field, "1:100:1")
    with pytest.raises(DataError, match="does not lead from START to STOP"):
        what_if_frontier_axis(field, "1:100:-1")


@pytest.mark.parametrize(
    ("value", "start", "whole"),
    [(60, 60, False), (200, 60, False), (1, 60, False), (0.66, 0.66, False), (9, 2, True)],
)
def test_a_slider_keeps_its_ends(value: float, start: float, whole: bool) -> None:
    low, high, step = what_if_slider_range(value, start, whole=whole)
    assert low <= value <= high
    assert low <= start <= high
    assert 0 < step <= (high - low) / 4
    assert low >= 1 if whole else low > 0
    assert value < high, "there is always further to go"


def test_a_slider_that_was_moved_to_its_end_goes_on_twice_as_far() -> None:
    assert [what_if_slider_range(v, 60.0, whole=False)[1] for v in (10, 119, 120, 250)] == [
        *(120, 120, 240, 480),
    ]
    assert what_if_slider_range(0.6, 0.6, whole=False, most=0.8137)[1] == pytest.approx(0.81)
    assert what_if_slider_range(0.9, 0.6, whole=False, most=0.8137)[1] == 0.9
    assert [what_if_slider_range(v, 1, whole=True)[1] for v in (1, 3, 4)] == [4, 4, 8]
    assert what_if_slider_range(-0.5, -0.5, whole=False)[1] == -0.5


def test_a_field_is_set_read_and_left_out(path: str) -> None:
    requested = what_if_edit(
        what_if_edit(ScenarioEdit.of_file(path), "slo.0.limit_ms", 250.0), "arrival_rate_rps", 15
    )
    assert requested.overrides == {"slo.0.limit_ms": 250.0, "arrival_rate_rps": 15}
    assert what_if_field_value(requested, "slo.0.limit_ms") == 250.0
    assert what_if_field_value(requested, "slo.7.limit_ms") is None
    assert what_if_overrides_without(requested, "arrival_rate_rps") == {"slo.0.limit_ms": 250.0}
    assert what_if_overrides_without(requested, "slo") == {"arrival_rate_rps": 15}
    assert what_if_edit(requested, "arrival_rate_rps", 20).overrides == {"slo.0.limit_ms": 250.0}


def test_the_command_line_gives_the_same_points(path: str) -> None:
    axis = what_if_frontier_axis(ScenarioField("setups.tp_degrees", "", ""), "[1],[1, 2]")
    reported = what_if_sweep_command("scenario.yaml", {"arrival_rate_rps": 15}, axis)
    assert reported.startswith(
        "python -m planner sweep scenario.yaml --set arrival_rate_rps=15 --vary"
        " 'setups.tp_degrees=[1],[1, 2]'"
    )
