"""One point of a sweep: a plan, or the reason why there is none."""

import pytest

from planner.studies.sweep import sweep
from planner.studies.sweep_axes import read_sweep_axis, sweep_axes_points
from planner.studies.sweep_point import sweep_points_table
from tests.support.paths import HOME

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"

FEW = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]


def test_points_have_plans_or_reasons() -> None:
    points = sweep_axes_points(
        [read_sweep_axis("arrival_rate_rps=50,500"), read_sweep_axis("slo.0.limit_ms=1,500,soon")]
    )
    found = sweep(TRIO, FEW, points, jobs=1)
    assert [point.status for point in found] == [
        "infeasible",
        "optimal",
        "bad input",
        "infeasible",
        "infeasible",
        "bad input",
    ]
    assert "the SLOs cannot be kept at 50 req/s" in found[0].reason
    assert "do not carry 500 req/s" in found[4].reason
    assert "slo.0.limit_ms" in found[2].reason
    frame = sweep_points_table(found, ["arrival_rate_rps", "slo.0.limit_ms"])
    best = frame[frame["Status"] == "optimal"].iloc[0]
    assert best["Found (mean score)"] <= best["Best possible (mean score)"] + 1e-9
    assert best["mean TTFT (ms)"] <= 500.001
    parts = [best[c] for c in frame.columns if c.endswith("fraction (%)")]
    assert sum(parts) == pytest.approx(100.0)
