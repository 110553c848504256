"""Looks that all reports share, and text that is safe to write."""

import pytest

from reports.style import CELL_LIMIT, LLM_COLOURS, ink_style_for, safe_style_text, style_of_llms


def test_inks_are_readable_and_looks_are_shared() -> None:
    looks = style_of_llms({f"llm {k}": "X" for k in range(12)})
    assert [look.colour for look in looks.values()][:10] == list(LLM_COLOURS)
    for colour in LLM_COLOURS:
        assert ink_style_for(colour) in ("#000000", "#FFFFFF")


@pytest.mark.parametrize(
    "text", ["a", "", "x" * CELL_LIMIT, "\U0001f600" * (CELL_LIMIT // 2), "line\nbreak"]
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert safe_style_text(text) == text
