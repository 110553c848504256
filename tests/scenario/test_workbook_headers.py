"""Headers of a workbook's sheets: where they are, their units, and what is twice."""

from pathlib import Path

import pytest

from planner.scenario.workbook_headers import InputBook, find_workbook_header
from profiles.io.faults import Fault
from profiles.io.workbook_cells import Sheet
from profiles.workbook_layout import POOLS


def header(*rows: list[object]) -> tuple[dict[str, int], int, list[Fault]]:
    faults: list[Fault] = []
    sheet = Sheet(POOLS, list(enumerate(rows, start=1)), [], False, 0)
    found = find_workbook_header(InputBook(Path("b.xlsx")), sheet, POOLS, faults)
    return found.columns, found.row, faults


def test_a_title_above_and_any_order_do_no_harm() -> None:
    columns, row, faults = header(["My pools"], ["Nodes", "Remark", "Pool"], [1, "x", "a"])
    assert (columns, row, faults) == ({"nodes": 0, "name": 2}, 2, [])


@pytest.mark.parametrize("text", ["Memory (GB)", "Memory"])
def test_another_unit_is_a_fault_at_its_cell(text: str) -> None:
    _, _, faults = header(["Pool", text], ["a", 80])
    assert [fault.where for fault in faults] == ["Pools!B1"]
    assert "unit included" in faults[0].problem


def test_a_key_is_a_header_too_and_twice_is_a_fault() -> None:
    columns, _, faults = header(["Pool", "memory_gib", "Memory (GiB)"], ["a", 1, 2])
    assert columns["memory_gib"] == 1
    assert [(fault.where, fault.problem) for fault in faults] == [
        ("Pools!C1", "the column appears twice in the header")
    ]
