"""Routing of one case on lanes: limits on the raw curves, rates that sum, idle replicas."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import DemandInstance
from models.formulation import Goal, GoalKind, allowance
from models.instance import Slo
from models.quality import Quality
from planner.cell_solution import RoutedCase
from planner.cells.routing.lane_rates import LaneRates
from planner.cells.routing.lane_routing import route_lanes
from planner.cells.routing.lane_shapes import LaneShape, propose_lanes
from planner.joint.setups.setup_routing import RoutingLimits, route_setup
from planner.joint.solver.highs import SolveSettings
from profiles.records import Curve
from tests.support.demand.cell_models import cell_model, price_case, search_clock
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand
from tests.support.demand.state_routing import outside_may_serve, slos_of_class
from tests.support.instances.search_states import fresh_state
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule
from tests.support.walls import first_fast, wall_size

KINDS = (
    *("everything", "classes_outside", "classes_lost", "classes_each_llm", "classes_percentile"),
    *("classes_budget", "classes", "nonconvex", "percentile", "cases"),
)


def routings(demand: DemandInstance, case: int, replicas: np.ndarray, most: float = np.inf):
    """Every proposed division into lanes, with its routing."""
    model = cell_model(demand)
    found = price_case(model, case, replicas, most)
    if found.value is None:
        return
    cells = [cell.request_class for cell in demand.cells(case)]
    for shapes in propose_lanes(model, case, replicas, found.point, cells):
        assert sum(shape.replicas for shape in shapes) == replicas.sum()
        for o, count in enumerate(replicas):
            assert sum(s.replicas for s in shapes if s.option == o) == count
        one = route_lanes(
            LaneRates(model, case, shapes, most), search_clock(), SolveSettings(), 1e-6
        )
        yield found, shapes, one


def spent_by_class(demand: DemandInstance, one: RoutedCase, c: int) -> np.ndarray:
    """What a class spends of the budgets of its SLOs over all requests, by np.interp."""
    slos = [slo for slo in slos_of_class(demand, one.case, c) if slo.scope == "all"]
    spent = np.zeros(len(slos))

    def of(slo, columns) -> float:
        if slo.statistic == "mean":
            return columns["mean"]
        return share_late_by_rule({p: columns[p] for p in REMAINDER if p in columns}, slo.limit)

    for lane in one.lanes:
        if lane.rates[c] > 0:
            curve, load = demand.curve(lane.option, c), load_of(demand, lane)
            columns = {
                s: float(np.interp(load, curve.rates, v)) for (_, s), v in curve.latency.items()
            }
            spent += lane.rates[c] * np.array([of(slo, columns) for slo in slos])
    for e, llm in enumerate(demand.outside):
        if one.outside[c, e] > 0:
            assert outside_may_serve(demand, one.case, c, e)
            columns = {s: v for (_, s), v in llm.latency.items()}
            spent += one.outside[c, e] * np.array([of(slo, columns) for slo in slos])
    return spent


def load_of(demand: DemandInstance, lane) -> float:
    llm = demand.instance.options[lane.option].llm
    return sum(r * entry.work[llm] for r, entry in zip(lane.rates, demand.classes, strict=True)) / (
        lane.replicas
    )


def keeps_everything(demand: DemandInstance, one: RoutedCase, most: float) -> None:
    top = sum(slo.scope == "all" for slo in demand.instance.slos)
    together, allowed, usd = np.zeros(top), np.zeros(top), 0.0
    for cell in demand.cells(one.case):
        c = cell.request_class
        slos = slos_of_class(demand, one.case, c)
        shared = [slo for slo in slos if slo.scope == "all"]
        limits = np.array([allowance(slo) for slo in shared]) * cell.rate
        spent = spent_by_class(demand, one, c)
        own = len(shared) - top
        assert np.all(spent[:own] <= limits[:own] * (1 + 1e-9))
        together, allowed = together + spent[own:], allowed + limits[own:]
        served = sum(lane.rates[c] for lane in one.lanes) + one.outside[c].sum()
        assert served == pytest.approx(cell.rate, rel=1e-12)
        usd += 3600 * float(one.outside[c] @ np.array(demand.classes[c].outside_usd))
        for lane in one.lanes:
            if lane.rates[c] > 0:
                option = demand.instance.options[lane.option]
                assert demand.classes[c].permitted[option.llm]
                curve, load = demand.curve(lane.option, c), load_of(demand, lane)
                assert load <= curve.max_rate * (1 + 1e-9)
                for slo in slos:
                    if slo.scope == "each_llm":
                        column = curve.latency[slo.metric, slo.statistic]
                        raw = float(np.interp(load, curve.rates, column))
                        assert raw <= slo.limit * (1 + 1e-9)
        floor = demand.classes[c].quality_floor
        assert floor is None or one.settled[c].value >= floor - 1e-6
    assert np.all(together <= allowed * (1 + 1e-9))
    assert usd == pytest.approx(one.spend)
    assert usd <= most * (1 + 1e-9)
    for e, llm in enumerate(demand.outside):
        assert llm.max_rate is None or one.outside[:, e].sum() <= llm.max_rate * (1 + 1e-9)


def some_setup(demand: DemandInstance) -> np.ndarray:
    """As many of every option as capacity lets all of them have."""
    model = cell_model(demand)
    return np.maximum(model.upper // 2, 1).astype(int) * (model.upper >= 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 20))))
def test_lanes_keep_every_limit_and_are_points_of_the_relaxation(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    for t in range(len(demand.cases)):
        for found, _, one in routings(demand, t, some_setup(demand).astype(int)):
            if one is not None:
                keeps_everything(demand, one, np.inf)
                # The relaxation counts on K n of a case with lost nodes, this routing on all n.
                if not demand.cases[t].loses_nodes:
                    assert one.value <= found.value + 2e-5


def test_money_is_kept() -> None:
    demand, spent = cells_demand(), []
    for most in (0.0, 1.0, 4.0):
        best = [one for _, _, one in routings(demand, 0, np.array([2, 1]), most) if one is not None]
        for one in best:
            keeps_everything(demand, one, most)
        spent.append(max((one.value for one in best), default=-1.0))
    assert spent[0] > 0
    assert spent == sorted(spent)
    assert spent[2] > spent[0]


@pytest.mark.parametrize("seed", first_fast(range(wall_size(4, 30)), (0, 1, 2)))
def test_one_class_is_routed_as_without_classes(seed: int) -> None:
    demand = random_demand(seed, "one_class")
    replicas = some_setup(demand).astype(int)
    (entry,), case = demand.classes, demand.cases[0]
    instance = replace(demand.instance, scores=entry.scores, arrival_rate=case.rates[0])
    state = fresh_state(instance)
    found = next(iter(routings(demand, 0, replicas)), None)
    form = state.formulation(Goal(of=GoalKind.QUALITY), state.usable())
    even = replicas * np.array([o.curve.max_rate for o in instance.options])
    rates = even * case.rates[0] / even.sum()
    quality = Quality(entry.scores)
    limits = RoutingLimits(1e-6)
    plain = route_setup(form, quality, state.pieces, replicas, rates, SolveSettings(), limits)
    if plain is None or found is None or found[2] is None:
        assert plain is None
        assert found is None or found[2] is None
        return
    exact = quality.settle(plain.fractions).value
    assert found[2].quality == pytest.approx(exact, abs=3e-5)


def test_replicas_that_no_class_may_use_are_idle_lanes() -> None:
    demand = cells_demand()
    shut = tuple(replace(c, permitted=(True, False, *c.permitted[2:])) for c in demand.classes)
    for _, shapes, one in routings(replace(demand, classes=shut), 0, np.array([2, 1])):
        assert [s.classes for s in shapes if s.option == 1] == [()]
        if one is not None:
            (idle,) = [lane for lane in one.lanes if lane.option == 1]
            assert idle.replicas == 1
            assert not idle.rates.any()


def test_a_case_without_requests_is_all_idle() -> None:
    demand = cells_demand()
    cases = (demand.cases[0], replace(demand.cases[1], rates=(0.0, 0.0)))
    model = cell_model(replace(demand, cases=cases))
    shapes = [LaneShape(0, 2, (), 0.0)]
    one = route_lanes(LaneRates(model, 1, shapes, np.inf), search_clock(), SolveSettings(), 1e-6)
    assert one is not None
    assert one.quality == one.value == one.spend == 0.0
    assert [(lane.option, lane.replicas, lane.rates.sum()) for lane in one.lanes] == [(0, 2, 0.0)]


def test_a_mixed_lane_at_the_end_of_its_curve_is_routed() -> None:
    """Its load, a quotient, may lie a bit beyond the last point."""
    demand = cells_demand()
    free = replace(demand.instance, slos=())
    classes = tuple(replace(c, slos=(), quality_floor=None) for c in demand.classes)
    case = replace(demand.cases[0], rates=(8.0, 2.0))
    tight = replace(demand, instance=free, classes=classes, cases=(case,), outside=())
    tight = replace(
        tight,
        classes=tuple(
            replace(
                c,
                permitted=(True, False),
                outside_usd=(),
                scores=replace(c.scores, llms=("a", "b"), values=c.scores.values[:2]),
            )
            for c in classes
        ),
    )
    # 8 * 1 + 2 * 2 = 12, the last load of a.
    beyond = LaneShape(0, 1, (0, 1), float(np.nextafter(12.0, np.inf)))
    model = cell_model(tight)
    one = route_lanes(LaneRates(model, 0, [beyond], np.inf), search_clock(), SolveSettings(), 1e-6)
    assert one is not None
    assert one.lanes[0].rates == pytest.approx([8.0, 2.0])


def test_too_little_is_no_routing() -> None:
    model = cell_model(cells_demand())
    shapes = [LaneShape(1, 1, (0, 1), 2.0)]
    assert (
        route_lanes(LaneRates(model, 0, shapes, 0.0), search_clock(), SolveSettings(), 1e-6) is None
    )


@pytest.mark.parametrize(("rates", "served"), [((1.5, 0.5), False), ((3.0, 1.5), True)])
def test_a_mixed_lane_keeps_a_limit_of_each_llm_where_it_is_the_only_one(
    rates: tuple[float, float], served: bool
) -> None:
    """Latencies fall first: below a load the limit is broken, and no budget says so."""
    demand = cells_demand()
    falling = Curve(
        np.array([1.0, 5.0, 12.0]),
        {("ttft", "mean"): np.array([0.9, 0.3, 0.35])},
        ("measured",) * 3,
    )
    option = replace(demand.instance.options[0], curve=falling)
    instance = replace(
        demand.instance,
        options=(option, demand.instance.options[1]),
        slos=(Slo("ttft", "mean", 0.4, "each_llm"),),
    )
    classes = tuple(
        replace(c, slos=(), quality_floor=None, permitted=(True, False, False))
        for c in demand.classes
    )
    case = replace(demand.cases[0], rates=rates)
    model = cell_model(replace(demand, instance=instance, classes=classes, cases=(case,)))
    shapes = [LaneShape(0, 1, (0, 1), 6.0)]
    one = route_lanes(LaneRates(model, 0, shapes, np.inf), search_clock(), SolveSettings(), 1e-6)
    assert (one is not None) == served


def test_without_any_lane_everything_goes_outside() -> None:
    demand = cells_demand()
    free = replace(demand.instance, slos=())
    classes = tuple(
        replace(c, slos=(), quality_floor=None, permitted=(False, False, True))
        for c in demand.classes
    )
    api = replace(demand.outside[0], max_rate=None)
    model = cell_model(replace(demand, instance=free, classes=classes, outside=(api,)))
    one = route_lanes(LaneRates(model, 0, [], np.inf), search_clock(), SolveSettings(), 1e-6)
    assert one is not None
    assert one.outside.sum() == pytest.approx(sum(demand.cases[0].rates))
