"""Headroom tightens limits, rate and curves, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.headroom import demand_with_headroom, shortened_curve, with_headroom
from models.instance import Headroom
from profiles.records import Curve
from tests.support.demand.cells_by_hand import cells_demand, curve_by_hand
from tests.support.instances.tightened import tightened_by_hand, tightened_demand_by_hand
from tests.support.instances.tiny import KINDS, random_instance

CURVE = Curve(
    np.array([1.0, 2.0, 4.0]),
    {("ttft", "mean"): np.array([0.1, 0.2, 0.6]), ("ttft", "p99"): np.array([0.3, 0.4, 2.0])},
    ("measured", "measured", "estimated"),
)


def test_an_instance_without_headroom_is_its_own() -> None:
    instance = random_instance(0, KINDS[0])
    assert with_headroom(instance) is instance


@pytest.mark.parametrize(
    ("part", "rates", "means"),
    [
        (1.0, [1, 2, 4], [0.1, 0.2, 0.6]),
        (0.75, [1, 2, 3], [0.1, 0.2, 0.4]),
        (0.5, [1, 2], [0.1, 0.2]),
        (0.2, [0.8], [0.1]),
    ],
)
def test_a_curve_keeps_its_latencies_up_to_its_new_end(
    part: float, rates: list[float], means: list[float]
) -> None:
    cut = shortened_curve(CURVE, part)
    assert cut.rates == pytest.approx(rates)
    assert cut.latency["ttft", "mean"] == pytest.approx(means)
    for column in CURVE.latency:
        at = np.linspace(0, cut.max_rate, 41)
        assert np.interp(at, cut.rates, cut.latency[column]) == pytest.approx(
            np.interp(at, CURVE.rates, CURVE.latency[column])
        )


def test_the_new_end_is_as_weak_as_its_weaker_neighbour() -> None:
    assert shortened_curve(CURVE, 0.75).provenance == ("measured", "measured", "estimated")
    assert shortened_curve(CURVE, 0.4).provenance == ("measured", "measured")


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_is_what_the_contract_says(kind: str) -> None:
    stated = replace(
        random_instance(7, kind), headroom=Headroom(slo=0.1, rate=0.15, utilization=0.2)
    )
    planned, by_hand = with_headroom(stated), tightened_by_hand(stated)
    assert not planned.headroom
    assert planned.arrival_rate == pytest.approx(by_hand.arrival_rate)
    assert [s.limit for s in planned.slos] == pytest.approx([s.limit for s in by_hand.slos])
    for one, other in zip(planned.options, by_hand.options, strict=True):
        assert one.curve.rates == pytest.approx(other.curve.rates)
    for kept in ("llms", "pools", "quality_floor", "memory_headroom", "min_utilization"):
        assert getattr(planned, kept) == getattr(stated, kept)


def test_of_classes_and_cases_too() -> None:
    plain = cells_demand()
    assert demand_with_headroom(plain) is plain
    free = Headroom(slo=0.1, rate=0.25, utilization=0.2)
    stated = replace(
        plain,
        instance=replace(plain.instance, headroom=free),
        class_curves={(0, 1): curve_by_hand(10.0, 0.1)},
    )
    planned, by_hand = demand_with_headroom(stated), tightened_demand_by_hand(stated)
    assert not planned.instance.headroom
    assert planned.rates() == pytest.approx(1.25 * plain.rates())
    assert planned.cell_weights() == pytest.approx(plain.cell_weights())
    for one, other, before in zip(planned.classes, by_hand.classes, plain.classes, strict=True):
        assert [s.limit for s in one.slos] == pytest.approx([s.limit for s in other.slos])
        assert replace(one, slos=before.slos) == before
    assert planned.class_curves[0, 1].max_rate == pytest.approx(8.0)
    assert [s.limit for s in planned.instance.slos] == pytest.approx([0.45, 0.81])
    for one, before in zip(planned.cases, plain.cases, strict=True):
        assert replace(one, rates=before.rates) == before
    for kept in ("outside", "cost_at_most", "unjudged", "start_usd"):
        assert getattr(planned, kept) == getattr(stated, kept)
