"""Profile tables: what is ignored."""

from pathlib import Path

from planner.scenario.assemble import assemble_instance
from profiles.curves import load_curves
from tests.support.scenarios.scenario_case import change


def test_unknown_profile_column_is_a_notice(case: Path) -> None:
    change(case / "profiles.csv", "source", "sorce")
    assert any(
        "sorce: did you mean source?" in notice
        for notice in assemble_instance(case / "scenario.yaml").notices
    )


def test_options_are_sorted_with_their_points_and_rows(case: Path) -> None:
    table = load_curves(case / "profiles.csv")
    keys = [(option.llm, option.tp_degree, option.mps_share_pct) for option in table.options]
    assert keys == [("NA", 1, 100.0), ("NO", 1, 50.0), ("NO", 2, 100.0)]
    option = table.options[1]
    assert option.rates.tolist() == [0, 2]
    assert list(option.rows) == [3, 2]
    assert option.provenance == ("measured", "measured")
    assert option.memory_gib == (12.0,)
