"""Which LLMs have curves on which GPU types."""

import pandas as pd

from planner.scenario.starting.curve_coverage import (
    covered_pairs,
    curve_coverage_faults,
    curve_coverage_gaps,
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


def test_statistics_that_lack_are_named_by_pair() -> None:
    latencies = {"ttft_mean_ms": 1.0, "e2e_mean_ms": 3.0}
    latencies |= {f"{metric}_p95_ms": 4.0 for metric in ("ttft", "e2e")}
    every = {f"{m}_{s}_ms": 1.0 for m in ("ttft", "tpot", "e2e") for s in ("p50", "p90", "p99")}
    assert curve_coverage_gaps(FRAME.assign(**latencies, **every, tpot_mean_ms=1.0))[0] == (
        "a on x has no p95 TPOT"
    )
    assert curve_coverage_gaps(FRAME.assign(ttft_mean_ms=1.0))[1] == (
        "b on z has no p50, p90, p95, p99 TTFT; no TPOT; no E2E"
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
