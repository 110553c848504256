"""What a setup achieves: shares above a limit, percentiles over all requests, provenance."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instance import Slo
from planner.plans.latencies import (
    OperatingPoint,
    achieved_latency,
    latency_percentile_points,
    latency_provenance_at,
    share_above_latency,
)
from profiles.records import Curve
from tests.support.instances.tail_rule import share_late_by_rule, tail_points_by_rule
from tests.support.plans.handmade import curve

SUBSETS = [c for n in range(1, 5) for c in combinations(("p50", "p90", "p95", "p99"), n)]

LINE = [(0.1, 0.5), (0.2, 0.1), (0.4, 0.01)]


@pytest.mark.parametrize(
    ("limit", "share"),
    [(0.05, 1.0), (0.1, 0.5), (0.15, 0.3), (0.2, 0.1), (0.3, 0.055), (0.4, 0.01), (9.0, 0.01)],
)
def test_share_above_reads_the_line(limit: float, share: float) -> None:
    assert share_above_latency(LINE, limit) == pytest.approx(share)


def test_equal_percentiles_take_the_smaller_share() -> None:
    assert share_above_latency([(0.1, 0.5), (0.2, 0.1), (0.2, 0.05)], 0.2) == 0.05


@pytest.mark.parametrize("present", SUBSETS)
def test_points_are_those_of_the_rule_for_any_columns(present: tuple[str, ...]) -> None:
    for values in ((0.1, 0.3, 0.4, 0.9), (0.1, 0.1, 0.4, 0.4), (0.1, 0.5, 0.4, 0.45)):
        columns = dict(zip(("p50", "p90", "p95", "p99"), values, strict=True))
        columns = {p: columns[p] for p in present}
        points = latency_percentile_points({("ttft", p): v for p, v in columns.items()}, "ttft")
        expected = tail_points_by_rule(columns)
        assert [share for _, share in points] == [share for _, share in expected]
        assert [t for t, _ in points] == pytest.approx([t for t, _ in expected], rel=1e-12)


@given(
    st.lists(
        st.tuples(st.floats(0.001, 1.0), st.floats(0.0, 1.0), st.just(0.0) | st.floats(0.01, 60.0)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["p50", "p90", "p99"]),
)
def test_achieved_percentile_is_the_smallest_that_keeps_the_promise(
    parts: list[tuple[float, float, float]], statistic: str
) -> None:
    running = []
    for mean, spread, rate in parts:
        base = np.array([1.0, 1.2])
        columns = {
            ("ttft", p): mean * base * (1 + spread * k) for k, p in enumerate(["p50", "p90", "p99"])
        }
        running.append(
            OperatingPoint(Curve(np.array([0.0, 60.0]), columns, ("measured",) * 2), rate, rate)
        )
    total = sum(one.rate for one in running)
    achieved = achieved_latency(running, Slo("ttft", statistic, 1.0))
    if total == 0:
        assert achieved is None
        return
    assert achieved is not None
    promised = {"p50": 0.5, "p90": 0.1, "p99": 0.01}[statistic]

    def above(limit: float) -> float:
        columns = [
            {p: float(np.interp(one.rate, one.curve.rates, line)) for (_, p), line in lines.items()}
            for one, lines in ((one, one.curve.latency) for one in running)
        ]
        late = [share_late_by_rule(column, limit) for column in columns]
        return sum(one.rate * share for one, share in zip(running, late, strict=True)) / total

    assert above(achieved * (1 + 1e-9)) <= promised + 1e-6
    assert above(achieved * (1 - 1e-6)) >= promised - 1e-4


def test_provenance_is_the_weaker_of_the_bracketing_points() -> None:
    c = curve(0.1, ("estimated", "measured", "interpolated"))
    assert [latency_provenance_at(c, rate) for rate in (0.0, 5.0, 10.0, 20.0, 40.0, 41.0)] == [
        "estimated",
        "estimated",
        "measured",
        "interpolated",
        "interpolated",
        "interpolated",
    ]
