"""Rows of classes by option; the rest is in tests/scenario/test_assemble_demand.py."""

from pathlib import Path

from planner.scenario.demand.class_curves import own_rows_of_classes, profiled_option_key
from profiles.curves import load_curves


def test_rows_are_known_by_class_and_option(case: Path) -> None:
    table = load_curves(case / "profiles.csv")
    own = own_rows_of_classes({"chat": table})
    assert len(own) == len(table.options) == 3
    for option in table.options:
        assert own["chat", profiled_option_key(option)] is option
