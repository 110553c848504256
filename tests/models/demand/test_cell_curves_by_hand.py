"""Curves of cells on pieces, limits and columns whose numbers are known."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand import cell_curves
from models.demand.cell_curves import (
    CellCurves,
    budget_latency,
    may_run_at,
    outside_budgets,
)
from models.demand.requests import Cell, DemandInstance, OutsideLlm
from models.envelope import EnvelopeArm
from models.instance import Slo
from models.latency import LatencyPieces
from profiles.records import Column
from tests.support.demand.cells_by_hand import cells_demand, curve_by_hand
from tests.support.instances.tail_rule import share_late_by_rule

PIECES = LatencyPieces(
    np.array([1.0, 2.0]),
    np.array([2.0, 4.0]),
    np.array(
        [
            [[1.0, 0.5, 2.0, 0.0], [0.5, 1.0, 1.0, 0.5]],
            [[3.0, 0.0, 1.0, 0.0], [1.0, 1.0, 2.0, 1.0]],
        ]
    ),
)
"""(1 + r / 2) / 2, then (1/2 + r) / (1 + r / 2): at 2 up from 1 to 1.25. 3, then (1 + r) / (2 + r):
there down to 3/4.
"""


@pytest.mark.parametrize(
    ("load", "values", "slopes"),
    [
        (1.0, [0.75, 3.0], [0.25, 0.0]),
        (1.5, [0.875, 3.0], [0.25, 0.0]),
        (2.0, [1.0, 0.75], [0.25, 1 / 16]),
        (3.0, [1.4, 0.8], [0.12, 0.04]),
        (4.0, [1.5, 5 / 6], [0.75 / 9, 1 / 36]),
        # Float noise beyond an end is taken in, at the end's latency, and no more.
        (4.0 * (1 + 0.9e-12), [1.5, 5 / 6], [0.75 / 9, 1 / 36]),
        (1.0 - 0.9e-12, [0.75, 3.0], [0.25, 0.0]),
        (4.0 * (1 + 1.1e-12), [np.inf, np.inf], [0.0, 0.0]),
        (1.0 - 1.1e-12, [np.inf, np.inf], [0.0, 0.0]),
        # Close to a jump the lower value holds as on it.
        (2.0 * (1 + 0.9e-12), [1.0, 0.75], [0.25, 1 / 16]),
        (2.0 * (1 - 0.9e-12), [1.0, 0.75], [0.25, 1 / 16]),
        (2.0 * (1 + 1.1e-12), [1.25, 0.75], [0.1875, 1 / 16]),
        (2.0 * (1 - 1.1e-12), [1.0, 3.0], [0.25, 0.0]),
    ],
)
def test_what_a_unit_of_work_spends(load: float, values: list[float], slopes: list[float]) -> None:
    value, slope = budget_latency(PIECES, load)
    assert value == pytest.approx(values, rel=1e-11)
    assert slope == pytest.approx(slopes, rel=1e-11)


def test_beyond_an_end_the_latency_is_that_of_the_end() -> None:
    for end, beyond in ((4.0, 4.0 * (1 + 0.9e-12)), (1.0, 1.0 - 0.9e-12)):
        for found, exact in zip(
            budget_latency(PIECES, beyond), budget_latency(PIECES, end), strict=True
        ):
            assert found.tolist() == exact.tolist()


@pytest.mark.parametrize("scale", [1.0, 0.125])
def test_a_load_may_run_in_the_domain_up_to_rounding(scale: float) -> None:
    """1e-9 of the last load, and no load in a gap."""
    gap = replace(
        PIECES, low=scale * np.array([1.0, 3.0, 5.0]), high=scale * np.array([2.0, 4.0, 6.0])
    )
    for load, may in (
        (0.5, False),
        (1.0, True),
        (1.0 - 5.9e-9, True),
        (1.0 - 6.1e-9, False),
        (2.0 + 5.9e-9, True),
        (2.0 + 6.1e-9, False),
        (2.5, False),
        (3.0 - 5.9e-9, True),
        (3.0 - 6.1e-9, False),
        (4.0 + 6.1e-9, False),
        (6.0 + 5.9e-9, True),
        (6.0 + 6.1e-9, False),
    ):
        assert may_run_at(gap, scale * load) is may
    slack = 1e-9 * 6.0 * scale
    assert may_run_at(gap, scale * 1.0 - slack)
    assert may_run_at(gap, scale * 6.0 + slack)


# ------------------------------------------------------------------------------------- outside


def outside_of(
    latency: dict[Column, float], *, slos: tuple[Slo, ...] = (), top: tuple[Slo, ...] = ()
) -> tuple[list[float], bool]:
    """What a request of chat spends at an LLM outside with such latencies, and whether it may go;
    before it stands another, which batch alone may use.
    """
    demand = cells_demand()
    chat, batch = demand.classes
    chat = replace(chat, slos=slos, permitted=(True, True, False, True))
    free = OutsideLlm(name="free", max_rate=None, latency=latency)
    instance = replace(demand.instance, slos=top)
    changed = replace(
        demand, classes=(chat, batch), outside=(*demand.outside, free), instance=instance
    )
    spent, may = outside_budgets(changed, Cell(0, 0, 6.0))
    assert not may[0]
    assert not spent[:, 0].any()
    return spent[:, 1].tolist(), bool(may[1])


MEAN, P50, P95 = ("ttft", "mean"), ("ttft", "p50"), ("ttft", "p95")

LATE = share_late_by_rule({"p50": 0.3, "p95": 0.5}, 0.4)
"""Between a half and a twentieth."""


@pytest.mark.parametrize(
    ("latency", "slo", "expected"),
    [
        ({MEAN: 0.3}, Slo("ttft", "mean", 0.1), ([0.3], True)),
        ({P95: 0.3}, Slo("ttft", "mean", 0.9), ([0.0], False)),
        ({("tpot", "mean"): 0.3}, Slo("ttft", "mean", 0.9), ([0.0], False)),
        # Without a percentile of the metric nothing is known of late requests.
        ({MEAN: 0.3, ("tpot", "p95"): 0.1}, Slo("ttft", "p95", 0.9), ([0.0], False)),
        ({P95: 0.3}, Slo("ttft", "p95", 0.3), ([0.05], True)),
        ({P50: 0.3, P95: 0.5}, Slo("ttft", "p95", 0.4), ([LATE], True)),
        ({MEAN: 9.9, P50: 0.3, P95: 0.5}, Slo("ttft", "p50", 0.4), ([LATE], True)),
        ({P50: 0.3, P95: 0.5, ("tpot", "p50"): 9.0}, Slo("ttft", "p95", 0.4), ([LATE], True)),
        ({P50: 0.5}, Slo("ttft", "p95", 0.4), ([1.0], True)),
    ],
)
def test_what_an_llm_outside_spends(
    latency: dict[Column, float], slo: Slo, expected: tuple[list[float], bool]
) -> None:
    for found in (outside_of(latency, slos=(slo,)), outside_of(latency, top=(slo,))):
        assert found[0] == pytest.approx(expected[0])
        assert found[1] is expected[1]


def test_limits_of_each_llm_hold_outside_up_to_rounding() -> None:
    for share, may in ((1 + 0.9e-12, True), (1 + 1.1e-12, False), (0.5, True), (2.0, False)):
        limit = Slo("ttft", "p95", 0.65 / share, "each_llm")
        assert outside_of({P95: 0.65}, slos=(limit,)) == ([], may)
        wide = Slo("ttft", "p95", 9.0, "each_llm")
        assert outside_of({P95: 0.65}, slos=(limit,), top=(wide,)) == ([], may)
        assert outside_of({P95: 0.65}, slos=(wide,), top=(limit,)) == ([], may)
    assert outside_of({MEAN: 0.1}, top=(Slo("ttft", "p95", 9.0, "each_llm"),)) == ([], False)
    both = (Slo("ttft", "mean", 0.5), Slo("ttft", "p95", 0.6, "each_llm"))
    assert outside_of({MEAN: 0.25, P95: 0.65}, slos=both) == ([0.0], False)
    assert outside_of({MEAN: 0.25, P95: 0.55}, slos=both) == ([0.25], True)
    unknown = (Slo("tpot", "mean", 0.5), Slo("ttft", "p95", 0.7, "each_llm"))
    assert outside_of({MEAN: 0.25, P95: 0.55}, slos=unknown) == ([0.0], False)


# ------------------------------------------------------------------------------ curves of cells


def one_class(*slos: Slo, columns: tuple[Column, ...] = (MEAN, P50, P95)) -> DemandInstance:
    """chat with these SLOs alone, option 0 with such columns."""
    demand = cells_demand()
    chat, batch = demand.classes
    curve = curve_by_hand(12.0, 0.08)
    bare = replace(curve, latency={column: curve.latency[MEAN] for column in columns})
    first, second = demand.instance.options
    instance = replace(demand.instance, slos=(), options=(replace(first, curve=bare), second))
    return replace(demand, classes=(replace(chat, slos=slos), batch), instance=instance)


@pytest.mark.parametrize(
    ("slo", "columns", "known"),
    [
        (Slo("ttft", "mean", 0.5), (MEAN,), True),
        (Slo("ttft", "mean", 0.5), (P95,), False),
        (Slo("ttft", "p95", 0.5), (P95,), True),
        (Slo("ttft", "p95", 0.5), (P50,), True),
        (Slo("ttft", "p95", 0.5), (MEAN,), False),
        (Slo("ttft", "p95", 0.5), (("tpot", "p95"), MEAN), False),
        (Slo("ttft", "p95", 0.5, "each_llm"), (P95,), True),
        (Slo("ttft", "p95", 0.5, "each_llm"), (P50, MEAN), False),
        (Slo("ttft", "mean", 0.5, "each_llm"), (MEAN,), True),
        (Slo("ttft", "mean", 0.5, "each_llm"), (P50,), False),
        # Below every latency of the curve: no load is left.
        (Slo("ttft", "mean", 0.01, "each_llm"), (MEAN,), False),
    ],
)
def test_an_option_has_a_curve_where_its_columns_can_tell(
    slo: Slo, columns: tuple[Column, ...], known: bool
) -> None:
    for demand in (
        one_class(slo, columns=columns),
        one_class(Slo("ttft", columns[0][1], 9.0), slo, columns=columns)
        if columns[0][0] == "ttft"
        else one_class(slo, columns=columns),
    ):
        pieces = CellCurves(demand).pieces(Cell(0, 0, 1.0))
        assert (0 in pieces) is known
        if known:
            assert pieces[0].budgets == sum(s.scope == "all" for s in demand.classes[0].slos)


def test_curves_of_options_that_may_not_serve_a_class_are_left_out() -> None:
    demand = cells_demand()
    chat, batch = demand.classes
    unjudged = replace(demand, unjudged=frozenset({(1, 0), (0, 1)}))
    assert set(CellCurves(unjudged).pieces(Cell(0, 0, 1.0))) == {0}
    assert set(CellCurves(unjudged).pieces(Cell(1, 0, 1.0))) == {1}
    none = replace(demand, classes=(replace(chat, permitted=(False, False, True)), batch))
    curves = CellCurves(none)
    assert curves.pieces(Cell(0, 0, 1.0)) == {}
    points = curves.points(Cell(0, 0, 1.0))
    assert (points.owner.shape, points.loads.shape, points.budgets.shape) == ((0,), (0,), (3, 0))
    assert points.owner.dtype == int
    own = replace(demand, class_curves={(0, 1): curve_by_hand(6.0, 0.08)})
    assert CellCurves(own).pieces(Cell(0, 0, 1.0))[0].high[-1] == 12.0
    assert CellCurves(own).pieces(Cell(1, 0, 1.0))[0].high[-1] == 6.0


def test_points_are_those_of_every_options_envelope() -> None:
    curves, cell = CellCurves(cells_demand()), Cell(0, 0, 6.0)
    points = curves.points(cell)
    assert np.unique(points.owner).tolist() == [0, 1]
    for o, arm in curves.arms(cell).items():
        rates, budgets = arm.points()
        assert points.loads[points.owner == o].tolist() == rates.tolist()
        assert np.array_equal(points.budgets[:, points.owner == o], budgets)
    assert curves.points(cell) is points
    assert curves.arms(cell) is curves.arms(cell)
    assert curves.pieces(cell) is curves.pieces(cell)
    batch = Cell(1, 0, 2.0)
    assert curves.arms(batch) is not curves.arms(cell)
    assert curves.pieces(batch)[0].budgets == 1


def test_an_envelope_is_coarse_with_one_line_through_the_origin() -> None:
    """Of the least latency: B / r of a mean is 0.08 s up to 1 req/s and then rises."""
    curves, cell = CellCurves(cells_demand()), Cell(0, 0, 6.0)
    arm, pieces = curves.arms(cell)[0], curves.pieces(cell)[0]
    assert (arm.low, arm.high) == (0.0, 12.0)
    coarse = EnvelopeArm(pieces, 0.0, 12.0).coarse(0.03 * np.array([0.05, 0.45, 0.5]))
    for s, least in enumerate((None, 0.08, 0.08)):
        lines = arm.lines[s]
        assert np.array_equal(lines[:-1], coarse.lines[s])
        assert lines[-1, 1] == 0.0
        if least is not None:
            assert lines[-1, 0] == pytest.approx(least)
        grid = np.linspace(1e-3, 12.0, 200)
        assert lines[-1, 0] == pytest.approx(min(pieces.spend(r)[s] / r for r in grid))


def valley(*slos: Slo) -> DemandInstance:
    """L of option 0 falls from 0.5 s at 1 req/s to 0.2 s at 6 and rises to 0.6 s."""
    demand, fall = one_class(*slos), np.array([0.5, 0.2, 0.6])
    first, second = demand.instance.options
    curve = replace(first.curve, latency={MEAN: fall, P50: 0.8 * fall, P95: 2.0 * fall})
    options = (replace(first, curve=curve), second)
    return replace(demand, instance=replace(demand.instance, options=options))


def test_the_line_through_the_origin_has_the_least_latency_wherever_it_is() -> None:
    """Late requests are least at the same load."""
    curves = CellCurves(valley(Slo("ttft", "mean", 0.9), Slo("ttft", "p95", 0.3)))
    last = [lines[-1].tolist() for lines in curves.arms(Cell(0, 0, 1.0))[0].lines]
    assert last[0] == pytest.approx([0.2, 0.0])
    assert last[1] == pytest.approx([share_late_by_rule({"p50": 0.16, "p95": 0.4}, 0.3), 0.0])


def test_refining_stops_where_the_envelope_is_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """In shares of the allowance of any SLO."""
    cell, load = Cell(0, 0, 6.0), 7.5
    curves = CellCurves(cells_demand())
    arm, pieces = curves.arms(cell)[0], curves.pieces(cell)[0]
    gap = pieces.spend(load) - arm.under(load)
    worst = float((gap / curves.allowances(cell) / load).max())
    assert worst > 1e-6
    points = curves.points(cell)
    monkeypatch.setattr(cell_curves, "SAME_BUDGET", 1.01 * worst)
    assert not curves.refine(cell, 0, load)
    assert curves.points(cell) is points
    monkeypatch.setattr(cell_curves, "SAME_BUDGET", 0.99 * worst)
    assert curves.refine(cell, 0, load)
    assert curves.points(cell) is not points
    assert arm.under(load) == pytest.approx(arm.hull(load))
    assert arm.touches == (load,)
    assert CellCurves(cells_demand()).refine(cell, 0, load), "also before points were asked for"
    for beyond in (-1.0, 12.1):
        assert not curves.refine(cell, 0, beyond)
    assert arm.touches == (load,)


def test_refining_what_no_line_can_reach_changes_nothing() -> None:
    """Where latency falls r L(r) is concave: its chord is all there is, and touched once."""
    curves, cell, load = CellCurves(valley(Slo("ttft", "mean", 0.9))), Cell(0, 0, 1.0), 3.0
    arm, pieces = curves.arms(cell)[0], curves.pieces(cell)[0]
    curves.refine(cell, 0, load)
    assert arm.under(load) == pytest.approx(arm.hull(load))
    assert pieces.spend(load)[0] - arm.hull(load)[0] > 0.1
    points, touches = curves.points(cell), arm.touches
    assert not curves.refine(cell, 0, load)
    assert curves.points(cell) is points
    assert arm.touches == (*touches, load), "it was tried"
