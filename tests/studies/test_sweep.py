"""Sweeps: the grid, one verified plan a point, reasons of points without one."""

import threading
from collections.abc import Mapping

import pytest

from planner.errors import DataError
from planner.studies.sweep import sweep
from planner.studies.sweep_axes import grid_points, read_axis
from planner.studies.sweep_point import PointStatus, SweepPoint, points_table
from tests.support.paths import HOME

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"

FEW = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("arrival_rate_rps=40:60:10", (40, 50, 60)),
        ("arrival_rate_rps=40:65:10", (40, 50, 60)),
        ("slo.0.limit_ms=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("pools.0.nodes=3:1:-1", (3, 2, 1)),
        ("pools.0.nodes=1,2,4", (1, 2, 4)),
        ("setups.tp_degrees=[1, 2],[4]", ([1, 2], [4])),
        ("scores_missing=error,drop", ("error", "drop")),
        ("llms.0.max_replicas=1,null", (1, None)),
    ],
)
def test_axes_are_read(text: str, values: tuple[object, ...]) -> None:
    axis = read_axis(text)
    assert axis.key == text.partition("=")[0]
    assert axis.values == values


@pytest.mark.parametrize(
    "text",
    [
        "arrival_rate_rps",
        "=1,2",
        "a=",
        "a=1:2:0",
        "a=1:2:-1",
        "a=1:x:1",
        "a=1:1e9:0.001",
        "a=[1,2",
        "a=1:inf:1",
    ],
)
def test_what_varies_nothing_is_a_fault(text: str) -> None:
    with pytest.raises(DataError, match="--vary"):
        read_axis(text)


def test_the_first_axis_is_the_slowest() -> None:
    points = grid_points([read_axis("a=1,2"), read_axis("b=3,4")])
    assert points == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    with pytest.raises(DataError, match="varied twice"):
        grid_points([read_axis("a=1,2"), read_axis("a=3,4")])


def test_points_have_plans_or_reasons() -> None:
    points = grid_points(
        [read_axis("arrival_rate_rps=50,500"), read_axis("slo.0.limit_ms=1,500,soon")]
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
    frame = points_table(found, ["arrival_rate_rps", "slo.0.limit_ms"])
    best = frame[frame["Status"] == "optimal"].iloc[0]
    assert best["Found (mean score)"] <= best["Best possible (mean score)"] + 1e-9
    assert best["mean TTFT (ms)"] <= 500.001
    parts = [best[c] for c in frame.columns if c.endswith("fraction (%)")]
    assert sum(parts) == pytest.approx(100.0)


def test_more_of_a_limit_is_never_worse() -> None:
    found = sweep(TRIO, FEW, grid_points([read_axis("slo.0.limit_ms=200:600:100")]), jobs=1)
    values = [point.numbers["Found (mean score)"] for point in found]
    bounds = [point.numbers["Best possible (mean score)"] for point in found]
    assert all(value <= bound + 1e-9 for value, bound in zip(values[:-1], bounds[1:], strict=True))


def test_processes_give_what_one_does_and_cancel_keeps_what_is_done() -> None:
    points = grid_points([read_axis("arrival_rate_rps=40:70:10")])
    alone, spread = sweep(TRIO, FEW, points, jobs=1), sweep(TRIO, FEW, points, jobs=2)
    assert [point.numbers["Found (mean score)"] for point in alone] == pytest.approx(
        [point.numbers["Found (mean score)"] for point in spread], abs=1e-4
    )
    store = Store()
    some = sweep(TRIO, FEW, points, jobs=1, store=store, cancel=store.full)
    assert [point.number for point in some] == [point.number for point in store.kept]
    assert len(some) == 1


def test_points_of_an_earlier_run_are_taken_as_they_are() -> None:
    points = grid_points([read_axis("arrival_rate_rps=40,50")])
    earlier = SweepPoint(
        number=0,
        values=points[0],
        status=PointStatus.OPTIMAL,
        numbers={"GPUs used": 99},
        reason="",
        seconds=1.0,
    )
    store = Store({0: earlier})
    first, second = sweep(TRIO, FEW, points, jobs=1, store=store)
    assert first is earlier
    assert [second.number] == [point.number for point in store.kept] == [1]


class Store:
    """Keeps points and asks for a stop after the first."""

    def __init__(self, done: Mapping[int, SweepPoint] | None = None) -> None:
        self.done = done or {}
        self.kept: list[SweepPoint] = []
        self.full = threading.Event()

    def keep(self, point: SweepPoint) -> None:
        self.kept.append(point)
        self.full.set()
