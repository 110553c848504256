"""Which LLMs have curves on which GPU types."""

import pandas as pd

from planner.scenario.starting.curve_coverage import (
    covered_pairs,
    curve_coverage_faults,
    curve_coverage_table,
    curves_of_pairs,
)

FRAME = pd.DataFrame(
    [
        ("a", "x", 1, 100.0, 1.0, "measured"),
        ("a", "x", 1, 100.0, 2.0, "measured"),
        ("a", "x", 2, 50.0, 1.0, "measured"),
        ("b", "z", 1, 100.0, 1.0, "estimated"),
    ],
    columns=["llm", "gpu", "tp_degree", "mps_share_pct", "rate_rps", "provenance"],
)


def test_pairs_of_a_table() -> None:
    assert covered_pairs(FRAME) == {("a", "x"), ("b", "z")}
    assert covered_pairs(None) == set()
    assert list(curves_of_pairs(FRAME, {("b", "z")})["llm"]) == ["b"]


def test_a_row_for_each_pair_also_where_nothing_is_known() -> None:
    table = curve_coverage_table([FRAME], ["a", "b"], ["x", "y"])
    assert table.to_numpy().tolist() == [
        ["a", "x", "measured", 2, "1, 2", "50, 100", 3],
        ["a", "y", "none", 0, "", "", 0],
        ["b", "x", "none", 0, "", "", 0],
        ["b", "y", "none", 0, "", "", 0],
    ]


def test_an_llm_without_a_curve_on_a_gpu_that_is_there_is_a_fault() -> None:
    assert [one.where for one in curve_coverage_faults([FRAME], ["a", "b"], ["x", "y"])] == ["b"]
    assert curve_coverage_faults([FRAME], ["a", "b"], ["x", "z"]) == ()
    assert [one.where for one in curve_coverage_faults([], ["a"], ["x"])] == ["a"]
