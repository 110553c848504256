"""Curves of cells: what a load spends, envelopes from the origin, what is spent outside."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.cell_curves import (
    CellCurves,
    budget_latency,
    cell_slos,
    may_run_at,
    outside_budgets,
    shared_cell_slos,
)
from models.demand.requests import Cell
from models.instance import Slo
from models.latency import latency_budget_pieces
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand
from tests.support.demand.state_routing import outside_may_serve
from tests.support.instances.random_curves import allowed, domain, random_case, shared, spent

KINDS = ("nonconvex", "classes_each_llm", "classes_percentile", "everything", "classes_lost")


@pytest.mark.parametrize("seed", range(30))
def test_a_unit_of_work_spends_its_latency(seed: int) -> None:
    curve, slos, pieces, rng = random_case(seed)
    if pieces is None:
        return
    for load in rng.uniform(1e-3, 1.1 * curve.max_rate, 20):
        value, slope = budget_latency(pieces, float(load))
        if not allowed(curve, slos, float(load)):
            assert np.all(np.isinf(value))
            continue
        for s, slo in enumerate(shared(slos)):
            raw = spent(curve, slo, float(load)) / load
            assert value[s] == pytest.approx(raw, rel=1e-9, abs=1e-12)
            step = 1e-7 * load
            after, _ = budget_latency(pieces, float(load) + step)
            before, _ = budget_latency(pieces, float(load) - step)
            if np.isfinite(after[s]) and np.isfinite(before[s]):
                sides = sorted([(after[s] - value[s]) / step, (value[s] - before[s]) / step])
                noise = 1e-5 * (1 + abs(slope[s]))
                if sides[1] - sides[0] < noise:
                    assert slope[s] == pytest.approx(sides[0], abs=2 * noise)


def test_the_last_point_takes_in_float_noise() -> None:
    """The load of a lane is a quotient of sums: 14.28 / 3 * 3 may lie beyond 14.28."""
    curve = cells_demand().instance.options[0].curve
    pieces = latency_budget_pieces(curve, (Slo("ttft", "mean", 0.5),))
    assert pieces is not None
    beyond = np.nextafter(curve.max_rate, np.inf)
    assert budget_latency(pieces, beyond)[0] == budget_latency(pieces, curve.max_rate)[0]
    assert np.isinf(budget_latency(pieces, curve.max_rate * (1 + 1e-6))[0]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_envelopes_start_at_the_origin_and_lie_below(kind: str) -> None:
    for seed in range(2):
        demand = random_demand(seed, kind)
        curves = CellCurves(demand)
        for cell in demand.cells(0):
            for o, arm in curves.arms(cell).items():
                pieces = curves.pieces(cell)[o]
                if arm.holds(0.0):
                    assert np.all(np.array(arm.under(0.0)) <= 0.0 + 1e-15)
                for load in domain(pieces):
                    exact = pieces.spend(float(load))
                    assert np.all(arm.under(float(load)) <= exact + 1e-9 * (1 + exact))
                least = np.array(
                    [pieces.spend(float(r)) / r for r in domain(pieces, 60) if r > 0]
                ).min(axis=0)
                # The line through the origin is there: at every load it is kept.
                for load in domain(pieces):
                    assert np.all(arm.under(float(load)) >= 0.97 * least * load)
                loads, budgets = arm.points()
                at_zero = loads == 0
                assert np.all(budgets[:, at_zero] == pytest.approx(0.0, abs=1e-12))


def test_refining_rises_to_the_curve_and_then_stops() -> None:
    curves, rose = CellCurves(random_demand(0, "classes")), 0
    cell = next(curves._demand.cells())
    for o, pieces in curves.pieces(cell).items():
        load = 0.37 * float(pieces.high[-1])
        before = curves.arms(cell)[o].under(load)
        points = curves.points(cell)
        if curves.refine(cell, o, load):
            rose += 1
            assert np.all(curves.arms(cell)[o].under(load) >= before)
            assert curves.points(cell) is not points
        assert curves.arms(cell)[o].under(load) == pytest.approx(
            curves.arms(cell)[o].hull(load), abs=1e-6
        )
        assert not curves.refine(cell, o, load), "nothing is left to gain"
    assert rose > 0


def test_cases_with_one_factor_share_curves_and_others_do_not() -> None:
    demand = cells_demand()
    curves = CellCurves(demand)
    day, night, lost = (Cell(0, t, 1.0) for t in range(3))
    assert curves.points(day) is curves.points(night)
    assert curves.points(day) is not curves.points(lost)


def test_limits_of_a_cell_carry_the_factor_and_the_class_comes_first() -> None:
    cell = Cell(0, 2, 3.0)
    slos = cell_slos(cells_demand(), cell)
    assert [(s.statistic, s.scope) for s in slos] == [
        ("p95", "all"),
        ("mean", "all"),
        ("mean", "all"),
        ("p95", "each_llm"),
    ]
    assert [s.limit for s in slos] == pytest.approx([0.84, 0.54, 0.6, 1.08])
    assert shared_cell_slos(cells_demand(), cell) == slos[:3]
    # A share that may be late is not scaled.
    assert CellCurves(cells_demand()).allowances(cell) == pytest.approx([0.05, 0.54, 0.6])


def test_an_option_that_a_class_may_not_use_has_no_curve() -> None:
    demand = cells_demand()
    shut = replace(demand.classes[0], permitted=(False, True, True))
    curves = CellCurves(replace(demand, classes=(shut, demand.classes[1])))
    assert set(curves.pieces(Cell(0, 0, 1.0))) == {1}
    assert set(curves.pieces(Cell(1, 0, 1.0))) == {0, 1}


# ------------------------------------------------------------------------------------- outside


def test_what_a_request_outside_spends() -> None:
    spends, may = outside_budgets(cells_demand(), Cell(0, 0, 6.0))
    # p95 of 0.65 s is below the limit of 0.7 s: none is late beyond the share there.
    assert may.tolist() == [True]
    assert spends[:, 0] == pytest.approx([spends[0, 0], 0.42, 0.42])
    assert 0.0 <= spends[0, 0] <= 0.05


def test_batch_may_not_go_outside() -> None:
    spends, may = outside_budgets(cells_demand(), Cell(1, 0, 2.0))
    assert may.tolist() == [False]
    assert np.all(spends == 0.0)


@pytest.mark.parametrize(("limit", "may_leave"), [(0.6, False), (0.65, True)])
def test_a_limit_of_each_llm_alone_forbids_an_llm_outside(limit: float, may_leave: bool) -> None:
    """There is no budget over all requests that could say it."""
    demand = cells_demand()
    only = (Slo("ttft", "p95", limit, "each_llm"),)
    demand = replace(
        demand,
        instance=replace(demand.instance, slos=only),
        classes=(replace(demand.classes[0], slos=()), demand.classes[1]),
    )
    spends, may = outside_budgets(demand, Cell(0, 0, 6.0))
    assert spends.shape == (0, 1)
    assert may.tolist() == [may_leave]


def test_without_the_column_an_llm_outside_may_not_serve() -> None:
    demand = cells_demand()
    bare = replace(demand.outside[0], latency={("ttft", "p95"): 0.65})
    assert not outside_budgets(replace(demand, outside=(bare,)), Cell(0, 0, 6.0))[1].any()


@pytest.mark.parametrize("kind", ["classes_outside", "everything", "outside", "budget"])
def test_who_may_go_outside_is_what_the_oracle_reads(kind: str) -> None:
    for seed in range(10):
        demand = random_demand(seed, kind)
        for cell in demand.cells():
            may = outside_budgets(demand, cell)[1]
            expected = [
                outside_may_serve(demand, cell.case, cell.request_class, e)
                for e in range(len(demand.outside))
            ]
            assert may.tolist() == expected


def test_a_load_may_run_though_no_budget_says_so() -> None:
    """Without an SLO over all requests the domain alone knows where a limit is broken."""
    curve = cells_demand().instance.options[0].curve
    pieces = latency_budget_pieces(curve, (Slo("ttft", "mean", 0.2, "each_llm"),))
    assert pieces is not None
    assert budget_latency(pieces, 1.0)[0].size == 0
    ends = float(pieces.high[-1])
    assert [may_run_at(pieces, r) for r in (0.0, ends, np.nextafter(ends, 99), 1.01 * ends)] == [
        *(True, True, True, False)
    ]
