"""Text that no cell can hold is changed so that one can; all other text stays as it is."""

import pytest

from reports.workbook.input_cells import CELL_TEXT, holdable_input_cell, is_unholdable_input_cell


@pytest.mark.parametrize("text", ["", "=1+1", "<r>rich</r>", "x" * CELL_TEXT, "line\nbreak"])
def test_sound_text_stays(text: str) -> None:
    assert not is_unholdable_input_cell(text)
    assert holdable_input_cell(text) == text


@pytest.mark.parametrize(
    "text", ["bell \x07", "x" * (CELL_TEXT + 1), "\U0001f600" * CELL_TEXT, "\ufffe"]
)
def test_other_text_is_changed_into_sound_text(text: str) -> None:
    assert is_unholdable_input_cell(text)
    assert not is_unholdable_input_cell(holdable_input_cell(text))
