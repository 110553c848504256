"""Prices over load: rows, the highest rate that is held, and where falling curves stop."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from models.instance import Slo
from models.router import Router
from planner.operation.price_table import build_price_table
from planner.operation.router_policy import build_router_policy
from planner.presentation.router import router_price_frame
from profiles.records import Curve
from tests.support.plans import handmade
from tests.support.plans.planned import trio


def test_the_planned_rate_s_row_is_the_plan() -> None:
    source = trio()
    table = build_price_table(source, (50, 100, 150))
    row = next(row for row in table.rows if row.rate == 60.0)
    assert row.content is not None
    for key in ("routing", "dual_prices", "router", "quality"):
        assert row.content[key] == source.plan.content[key]
    assert table.complete


def test_quality_falls_with_the_rate_and_slos_hold_up_to_capacity() -> None:
    source = trio(slos=())
    table = build_price_table(source, range(50, 301, 25))
    values = [row.content["quality"] for row in table.rows if row.content is not None]
    assert values == sorted(values, reverse=True)
    assert table.held_up_to == pytest.approx(120.0)
    assert table.not_held_from == pytest.approx(120.0)
    assert [row.content is None for row in table.rows] == [row.rate > 120.0 for row in table.rows]


def test_the_highest_rate_is_where_the_slo_is_used_up() -> None:
    """All curves equal: at equal rates L(r) = 0.05 (1 + r / 20) up to 10 req/s a replica, to 0.2 at
    40: the limit 0.15 is met at 30.
    """
    instance = replace(handmade.trio(slos=(Slo("ttft", "mean", 0.15),)), arrival_rate=60.0)
    curve = handmade.curve(0.05, ("measured",) * 3)
    source = trio(
        options=tuple(replace(option, curve=curve) for option in instance.options),
        slos=instance.slos,
    )
    table = build_price_table(source)
    at_limit = 3 * float(np.interp(0.15, curve.latency["ttft", "mean"], curve.rates))
    assert table.held_up_to == pytest.approx(at_limit, abs=1.1e-4 * 60.0)
    assert table.held_up_to <= at_limit * (1 + 1e-6)
    assert table.not_held_from is not None
    assert at_limit * (1 - 1e-6) <= table.not_held_from <= at_limit + 2e-4 * 60.0


def test_a_row_says_down_to_which_rate_it_keeps_a_falling_curve() -> None:
    falls = Curve(
        np.array([1.0, 10.0, 40.0]), {handmade.TTFT: np.array([0.4, 0.1, 0.2])}, ("measured",) * 3
    )
    slos = (Slo("ttft", "mean", 0.25),)
    instance = handmade.trio(slos=slos)
    source = trio(
        options=tuple(replace(option, curve=falls) for option in instance.options), slos=slos
    )
    table = build_price_table(source, (100,))
    row = next(row for row in table.rows if row.rate == 60.0)
    # at equal rates every replica has 0.25 s at 5.5 req/s: the lowest profiled rate above it that
    # was looked at is 10
    assert row.kept_from is not None
    assert 16.5 <= row.kept_from <= 30.0
    router = Router(build_router_policy(source.plan.content, source.loaded.instance, table=table))
    assert router.at_rate(40.0).kept_from == row.kept_from


def test_the_table_is_shown_with_units() -> None:
    frame = router_price_frame(build_price_table(trio(), (50, 100, 300)))
    assert list(frame["SLOs"])[-1] == "not kept"
    assert frame["Quality (score)"].isna().sum() == (frame["SLOs"] == "not kept").sum()
    assert "yi-34b price (score)" in frame.columns
    assert "mean TTFT (ms)" in frame.columns


def test_an_interrupt_leaves_the_rows_so_far() -> None:
    cancel = SimpleNamespace(is_set=lambda: True)
    table = build_price_table(trio(), (50, 100, 150), cancel=cancel)  # type: ignore[arg-type]
    assert not table.complete
    assert [row.rate for row in table.rows] == [60.0]
