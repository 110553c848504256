"""Cuts of cases against their equation, summed up one by one, at duals that no solver gave: of
either sign, with a number on every row.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.case_cut import CaseCut, case_cut, case_replica_gains
from models.demand.cell_program import CellColumns, CellLayout, build_cell_program
from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from tests.support.demand.cell_models import cell_model
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand


def with_floors(most: float | None) -> DemandInstance:
    """Floors of a class and of two cases; a second LLM outside that takes any rate, or `most`."""
    demand = cells_demand()
    chat, batch = demand.classes
    values = chat.scores.values
    scores = replace(
        chat.scores, llms=(*chat.scores.llms, "free"), values=np.vstack([values, 0.9 * values[-1:]])
    )
    chat = replace(
        chat,
        scores=scores,
        permitted=(True,) * 4,
        outside_usd=(0.002, 0.001),
        quality_floor=0.4,
        weight=3.0,
    )
    batch = replace(
        batch,
        scores=replace(scores, values=0.5 + 0.25 * scores.values),
        permitted=(True, True, False, True),
        outside_usd=(0.004, 0.003),
    )
    free = replace(demand.outside[0], name="free", max_rate=most)
    day, night, lost = demand.cases
    cases = (replace(day, quality_floor=0.45), night, replace(lost, quality_floor=0.3))
    return replace(demand, classes=(chat, batch), outside=(*demand.outside, free), cases=cases)


def program(demand: DemandInstance, case: int) -> tuple[DemandModel, CellLayout]:
    model = cell_model(demand)
    return model, build_cell_program(model, [case], free_setup=False)[1]


def positive(value: float) -> float:
    return max(float(value), 0.0)


def best_scores(
    model: DemandModel, one: CellColumns, price: dict[int, float], held: float
) -> float:
    """Mean over prompts of the best of held * score - price, scores on the 0..1 scale."""
    scores = model.demand.classes[one.cell.request_class].scores
    low, span = scores.values.min(), np.ptp(scores.values)
    total = 0.0
    for x, weight in enumerate(scores.weights):
        total += weight * max(held * (scores.values[i, x] - low) / span - price[i] for i in price)
    return total / scores.weights.sum()


def expected_cut(
    model: DemandModel, layout: CellLayout, case: int, dual: np.ndarray, *, must: bool
) -> tuple[float, np.ndarray, float]:
    """(1) term by term: base, slope of every option, slope of the spend. `dual` is of the minimised
    objective, so prices of <= rows are its negative; rates are counted in the model's unit.
    """
    demand, rows = model.demand, layout.cases[case]
    llms, options = len(demand.instance.llms), demand.instance.options
    spend = positive(-dual[rows.spend_row]) if rows.spend_row >= 0 else 0.0
    case_floor = positive(dual[rows.floor_row]) if rows.floor_row >= 0 else 0.0
    shares = demand.case_weights(case)
    beta_case = [positive(-dual[row]) for row in rows.slo_rows]
    base, slope = 0.0, np.zeros(len(options))
    if case_floor:
        base -= case_floor * demand.cases[case].quality_floor
    nu = np.zeros(len(demand.outside))
    for e, llm in enumerate(demand.outside):
        if rows.outside_rows[e] >= 0:
            nu[e] = positive(-dual[rows.outside_rows[e]])
            base += nu[e] * llm.max_rate / model.unit
    for one in layout.cells:
        c = one.cell.request_class
        entry, scores = demand.classes[c], demand.classes[c].scores
        low, span = scores.values.min(), np.ptp(scores.values)
        floor = positive(dual[one.floor_row]) if one.floor_row >= 0 else 0.0
        worth = (0.0 if must else model.weights[c, case]) + case_floor * shares[c]
        held, rate = worth * span + floor, one.cell.rate / model.unit
        beta = [positive(-dual[row]) for row in one.slo_rows] + beta_case
        price = {i: float(dual[r]) for i, r in enumerate(one.llm_rows) if r >= 0}
        base += worth * low + sum(beta) * rate
        if floor:
            base -= floor * (entry.quality_floor - low) / span
        base += best_scores(model, one, {i: p * rate for i, p in price.items()}, held)
        for e in range(len(demand.outside)):
            if llms + e in price:
                gain = price[llms + e] - nu[e] - spend * 3600 * entry.outside_usd[e] * model.unit
                for s, each in enumerate(beta):
                    gain -= each * one.outside_spent[s, e] / one.allowances[s]
                base += rate * positive(gain)
        points = model.curves.points(one.cell)
        for k, o in enumerate(points.owner):
            work = entry.work[options[o].llm] * model.unit
            gain = price.get(options[o].llm, 0.0) * points.loads[k]
            for s, each in enumerate(beta):
                gain -= each / one.allowances[s] * points.budgets[s, k]
            slope[o] = max(slope[o], gain / work)
    return base, slope * rows.share, spend


DEMANDS = {
    "floors": with_floors(None),
    "two limits outside": with_floors(3.0),
    "by hand": cells_demand(),
    **{kind: random_demand(1, kind) for kind in ("everything", "classes_lost", "classes_budget")},
}


@pytest.mark.parametrize("name", DEMANDS)
def test_a_cut_is_its_equation_at_any_duals(name: str) -> None:
    rng = np.random.default_rng(7)
    for case in range(len(DEMANDS[name].cases)):
        model, layout = program(DEMANDS[name], case)
        duals = [rng.normal(0, scale, layout.rows) for scale in (0.05, 1.0, 30.0)]
        # Prices alone: every LLM outside gains.
        duals.append(np.zeros(layout.rows))
        for one in layout.cells:
            duals[-1][one.llm_rows[one.llm_rows >= 0]] = rng.uniform(0.5, 1.5)
        for dual in duals:
            for must in (False, True):
                cut = case_cut(model, layout, case, dual, must=must)
                base, slope, spend = expected_cut(model, layout, case, dual, must=must)
                assert (cut.case, cut.must) == (case, must)
                assert cut.base == pytest.approx(base, rel=1e-9, abs=1e-9)
                assert cut.replicas == pytest.approx(slope, rel=1e-9, abs=1e-12)
                assert cut.spend == pytest.approx(spend, rel=1e-12)
                assert np.array_equal(case_replica_gains(model, layout, case, dual), cut.replicas)


def test_without_weight_and_floors_the_cheapest_llm_counts() -> None:
    """held = 0: no quotient by it; and next to nothing of it adds no more than itself."""
    model, layout = program(cells_demand(), 1)
    (one,) = layout.cells
    dual = np.zeros(layout.rows)
    dual[one.llm_rows] = [0.5, 0.25, 2.0]
    rate = one.cell.rate / model.unit
    gain = rate * 2.0
    cut = case_cut(model, layout, 1, dual, must=True)
    assert cut.base == pytest.approx(-0.25 * rate + gain)
    for tiny, more in ((0.9e-9, 0.9e-9), (1.1e-9, None)):
        model.weights[:] = tiny / model.qualities[0].scale
        cut = case_cut(model, layout, 1, dual, must=False)
        offset = float(model.weights[0, 1]) * model.qualities[0].offset
        rest = cut.base - offset - gain + 0.25 * rate
        assert -1e-15 <= rest <= 1.2e-9
        if more is not None:
            assert rest == pytest.approx(more, abs=1e-15)


def test_a_cut_is_read_at_a_setup() -> None:
    cut = CaseCut(case=0, base=0.5, replicas=np.array([0.25, 2.0]), spend=0.125, must=False)
    assert cut.at(np.array([2.0, 3.0])) == 7.0
    assert cut.at(np.array([2.0, 3.0]), 4.0) == 7.5
