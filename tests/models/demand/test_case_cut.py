"""Cuts of cases: no setup serves a case better than any cut says, and none that can serve it is
barred.
"""

import numpy as np
import pytest

from models.demand.case_cut import case_replica_gains
from planner.cells.routing.cell_loop import CellLoop
from planner.joint.solver.highs import SolveSettings
from tests.support.demand.cell_models import cell_model, price_case, search_clock
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

KINDS = (
    *("everything", "classes_outside", "classes_lost", "classes_budget", "classes_each_llm"),
    *("classes_percentile", "classes_cases", "classes_cost", "classes"),
)

NOISE = 2e-6
"""Score units: tolerances of the solver on rows, times what a row is worth."""


def test_kinds_have_both_setups_that_serve_and_that_do_not() -> None:
    seen = set()
    for kind in KINDS:
        model = cell_model(random_demand(0, kind))
        for n in (model.upper, 0.0 * model.upper):
            seen.add(price_case(model, 0, n).value is None)
    assert seen == {True, False}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 20))))
def test_a_cut_holds_on_every_setup(kind: str, seed: int) -> None:
    model, rng = cell_model(random_demand(seed, kind)), np.random.default_rng([seed, 5])
    for t in range(len(model.demand.cases)):
        loop = CellLoop(model, [t], search_clock(), SolveSettings(), free_setup=False)
        priced = []
        for k in range(3):
            n = model.upper * rng.uniform(0, 1, model.upper.size) ** 0.7
            n = np.round(n) if k % 2 else n
            most = np.inf if k < 1 else float(rng.uniform(0, 3))
            priced.append((n, most, price_case(model, t, n, most, loop)))
        for n, most, found in priced:
            if found.value is not None:
                assert not found.cut.must
                spend = found.point.spend.get(t, 0.0)
                assert spend <= most + 1e-6
                assert found.cut.at(n, spend) >= found.value - NOISE
                for _, _, other in priced:
                    least = 0.0 if other.cut.must else found.value
                    assert other.cut.at(n, spend) >= least - NOISE, "valid for every setup"
            else:
                assert found.cut.must
                limit = most if np.isfinite(most) else 0.0
                assert found.cut.at(n, limit) < 0.0, "bars the setup it was made from"


@pytest.mark.parametrize("kind", ["classes_cases", "classes_outside", "classes_lost"])
def test_a_cut_is_exact_on_its_own_setup(kind: str) -> None:
    for seed in range(3):
        model = cell_model(random_demand(seed, kind))
        for t in range(len(model.demand.cases)):
            found = price_case(model, t, model.upper)
            if found.value is not None:
                assert found.cut.at(model.upper) == pytest.approx(found.value, abs=1e-4)


def test_slopes_are_never_negative_and_follow_what_survives() -> None:
    """With a lost node a replica gains K times what it gains with all nodes."""
    model = cell_model(random_demand(2, "lost"))
    last = len(model.demand.cases) - 1
    loop = CellLoop(model, [last], search_clock(), SolveSettings(), free_setup=False)
    found = price_case(model, last, 0.3 * model.upper, loop=loop)
    gains = case_replica_gains(model, loop.layout, last, found.point.row_dual)
    share = loop.layout.cases[last].share
    assert np.all(gains >= 0)
    assert np.all(gains[share == 0] == 0)
    assert np.array_equal(gains, found.cut.replicas)
