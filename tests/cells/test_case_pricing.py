"""Prices of cases on setups: their cuts hold on every setup."""

import numpy as np
import pytest

from tests.support.demand.cell_models import cell_search, price_case
from tests.support.demand.placements import placed_setups
from tests.support.demand.random_demands import random_demand


@pytest.mark.parametrize("kind", ["classes_cases", "two_pools"])
def test_every_cut_of_a_search_holds_on_every_setup(kind: str) -> None:
    """Also those of the joint relaxation, and of setups that failed."""
    demand = random_demand(1, kind)
    search = cell_search(demand, 200)
    search.run()
    assert search.cuts
    for setup in placed_setups(demand, by_node=False)[:5]:
        n = np.array(setup.replicas)
        for t in range(len(demand.cases)):
            found = price_case(search.model, t, n, tolerance=1e-5)
            for cut in search.cuts:
                if cut.case == t and found.value is not None:
                    spend = found.point.spend.get(t, 0.0)
                    assert cut.at(n, spend) >= (0.0 if cut.must else found.value) - 2e-6


def test_a_setup_that_cannot_beat_the_best_plan_is_priced_no_further() -> None:
    demand = random_demand(1, "classes_cases")
    search = cell_search(demand, 200)
    search.run()
    assert search.best is not None
    best = search.best.setups[0].replicas
    fewer = best * (np.arange(best.size) == np.flatnonzero(best)[0])
    assert not np.array_equal(fewer, best)
    counted = {cut.case for cut in search.cuts}
    before = len(search.cuts)
    assert search.pricing.relaxed_value(fewer[None, :]) <= search.best.value
    assert search.pricing.price(fewer[None, :], {}) is None
    assert len(search.cuts) == before
    # Without a plan to beat every case is priced, until one fails.
    search.best = None
    priced = search.pricing.price(fewer[None, :], {})
    assert len(search.cuts) > before
    assert priced is None or set(priced) == set(range(len(demand.cases)))
    assert counted == set(range(len(demand.cases)))
