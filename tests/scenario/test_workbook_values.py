"""Cells of a workbook as a scenario's values."""

import pytest

from planner.scenario.workbook_values import workbook_value
from profiles.workbook_fields import FieldKind, SheetField


def field(kind: FieldKind, choices: tuple[str, ...] = ()) -> SheetField:
    return SheetField(key="k", label="K", kind=kind, expected="x", choices=choices)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (FieldKind.WHOLE, 4.0, 4),
        (FieldKind.WHOLE, 4.5, 4.5),
        (FieldKind.NUMBER, 4, 4),
        (FieldKind.TEXT, 7.0, "7"),
        (FieldKind.TEXT, " a ", "a"),
        (FieldKind.NUMBERS, 2.0, [2]),
        (FieldKind.NUMBERS, "1; 2.5", [1, 2.5]),
        (FieldKind.NUMBERS, "1, 2", [1, 2]),
        (FieldKind.NUMBERS, "1,5", "1,5"),
        (FieldKind.NUMBERS, "1;x", "1;x"),
        (FieldKind.NUMBER, None, None),
        (FieldKind.NUMBER, True, True),
    ],
)
def test_a_cell_by_the_kind_of_its_field(kind: FieldKind, cell: object, value: object) -> None:
    content = workbook_value(cell, field(kind))
    assert content == value
    assert type(content) is type(value)


def test_choices_are_found_in_any_case() -> None:
    one = field(FieldKind.TEXT, ("mean", "each_llm"))
    assert workbook_value(" EACH_LLM", one) == "each_llm"
    assert workbook_value("median", one) == "median"
