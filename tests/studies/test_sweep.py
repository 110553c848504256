"""Sweeps: points over processes, stopped and taken up again."""

import threading
from collections.abc import Mapping

import pytest

from planner.studies.sweep import sweep
from planner.studies.sweep_axes import read_sweep_axis, sweep_axes_points
from planner.studies.sweep_point import PointStatus, SweepPoint
from tests.support.paths import HOME

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"

FEW = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]


@pytest.mark.slow
def test_more_of_a_limit_is_never_worse() -> None:
    found = sweep(
        TRIO, FEW, sweep_axes_points([read_sweep_axis("slo.0.limit_ms=200:600:100")]), jobs=1
    )
    values = [point.numbers["Found (mean score)"] for point in found]
    bounds = [point.numbers["Best possible (mean score)"] for point in found]
    assert all(value <= bound + 1e-9 for value, bound in zip(values[:-1], bounds[1:], strict=True))


def test_processes_give_what_one_does_and_cancel_keeps_what_is_done() -> None:
    points = sweep_axes_points([read_sweep_axis("arrival_rate_rps=40,70")])
    alone, spread = sweep(TRIO, FEW, points, jobs=1), sweep(TRIO, FEW, points, jobs=2)
    assert [point.numbers["Found (mean score)"] for point in alone] == pytest.approx(
        [point.numbers["Found (mean score)"] for point in spread], abs=1e-4
    )
    store = Store()
    some = sweep(TRIO, FEW, points, jobs=1, store=store, cancel=store.full)
    assert [point.number for point in some] == [point.number for point in store.kept]
    assert len(some) == 1


def test_points_of_an_earlier_run_are_taken_as_they_are() -> None:
    points = sweep_axes_points([read_sweep_axis("arrival_rate_rps=40,50")])
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
