"""Small inputs of a scenario: their paths can be set, their labels carry units."""

import pytest

from app_pages.session.knobs import knobs_of
from planner.packed_files import PAGE_EXAMPLES, packed_example_path
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.specification import ScenarioSpec


@pytest.mark.parametrize("example", PAGE_EXAMPLES)
def test_every_knob_can_be_turned(example: str) -> None:
    edit = ScenarioEdit.of_file(str(packed_example_path(example)))
    knobs = knobs_of(edit)
    assert len({knob.label for knob in knobs}) == len(knobs)
    for knob in knobs:
        content = content_of_edit(edit)
        value = int(knob.value) + 1 if knob.whole else knob.value * 1.01
        assert set_at_schema_path(ScenarioSpec, content, knob.path, value) is None
        assert changed(edit, content).overrides == {knob.path: value}
        assert changed(edit, content).scenario.spec
