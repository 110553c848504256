"""The program of cells reaches the optimum of the same program by scipy, which assigns every prompt
by itself.
"""

import numpy as np
import pytest

from models.demand.cell_program import build_cell_program
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.joint.solver.highs import SolveSettings
from tests.support.demand.cell_models import (
    cell_model,
    price_case,
    search_clock,
    solve_cells_by_scipy,
)
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

KINDS = (
    *("everything", "classes_outside", "classes_lost", "budget", "classes_each_llm"),
    *("classes_percentile", "cost", "classes_cost", "two_pools", "cases"),
)
SAME, SAME_COST = 2e-5, 2e-3
"""Score units: prices of smoothed scores leave 1e-5 on tables this small. USD/h: what that buys."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 20))))
def test_with_a_setup_given(kind: str, seed: int) -> None:
    model, rng = cell_model(random_demand(seed, kind)), np.random.default_rng([seed, 8])
    for t in range(len(model.demand.cases)):
        for most in (np.inf, 1.0) if model.demand.outside else (np.inf,):
            n = model.upper * rng.uniform(0.2, 1, model.upper.size)
            found = price_case(model, t, n, most)
            truth = solve_cells_by_scipy(model, [t], n, {t: most})
            assert (found.value is None) == (truth is None)
            if truth is not None:
                assert found.value == pytest.approx(truth, abs=SAME)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 20))))
def test_with_the_setup_free(kind: str, seed: int) -> None:
    model = cell_model(random_demand(seed, kind))
    cases = range(len(model.demand.cases))
    loop = CellLoop(
        model, cases, search_clock(), SolveSettings(), free_setup=True, options=model.options
    )
    point = loop.converge(1e-6)
    truth = solve_cells_by_scipy(model, cases, None)
    if not isinstance(point, CellPoint):
        assert truth is None
    elif model.instance.objective == "cost":
        assert point.loss == pytest.approx(truth, abs=SAME_COST)
    else:
        # Of the minimised objective the constant part of every score is missing.
        offset = sum(
            float(model.weights[:, t] @ np.array([q.offset for q in model.qualities]))
            for t in cases
        )
        assert offset - point.loss == pytest.approx(truth, abs=SAME)


def test_options_without_columns_enter_when_they_gain() -> None:
    model = cell_model(random_demand(0, "classes_cases"))
    cases = range(len(model.demand.cases))
    losses = []
    for options in (model.options, model.options[:1]):
        loop = CellLoop(
            model, cases, search_clock(), SolveSettings(), free_setup=True, options=options
        )
        if options != model.options:
            loop.measure_missing(on=True)
            loop.converge(1e-6)
            loop.measure_missing(on=False)
        point = loop.converge(1e-6)
        assert isinstance(point, CellPoint)
        losses.append(point.loss)
    assert losses[0] == pytest.approx(losses[1], abs=SAME)


def test_positions_of_columns_and_rows_are_all_different() -> None:
    model = cell_model(random_demand(1, "everything"))
    program, layout = build_cell_program(model, range(3), free_setup=True)
    columns = [*layout.replicas.ravel(), *layout.gpus_used.ravel()]
    rows: list[int] = []
    for one in layout.cells:
        columns += [one.quality, *one.fractions, *one.outside, one.unserved, one.short]
        rows += [one.serve_row, *one.llm_rows, *one.slo_rows, one.floor_row]
    for entry in layout.cases.values():
        columns.append(entry.short)
        rows += [*entry.slo_rows, *entry.replica_rows, *entry.outside_rows]
        rows += [entry.spend_row, entry.floor_row]
    for used, count in ((columns, program.cost.size), (rows, program.row_lower.size)):
        kept = [k for k in used if k >= 0]
        assert len(set(kept)) == len(kept)
        assert max(kept) < count
    assert sorted(k for k in columns if k >= 0) == list(range(layout.first_weight))
