"""A class alone in a case: its tables against the raw curves, whatever other classes do."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import Cell, DemandInstance, OutsideLlm
from models.instance import Slo
from planner.decomposition.cell_state import CellState, cell_prompts
from planner.decomposition.spend_tables import spends_at
from tests.support.demand.random_demands import random_demand


def state(demand: DemandInstance, cell: Cell) -> CellState:
    return CellState(demand, cell, cell_prompts(demand)[cell.request_class])


def test_one_class_is_an_instance_of_one_rate_with_its_work_and_the_factor_of_the_case():
    demand = random_demand(3, "alone")
    cases = tuple(replace(case, slo_factor=1.5) for case in demand.cases)
    slos = (Slo("ttft", "mean", 0.4),)
    classes = tuple(replace(entry, slos=slos, work=(2.0,) * 3) for entry in demand.classes)
    demand = replace(demand, cases=cases, classes=classes)
    cell = next(demand.cells())
    one = state(demand, cell)
    assert one.exact
    assert one.instance.arrival_rate == cell.rate
    assert one.instance.slos[0].limit == pytest.approx(0.6)
    for mine, option in zip(one.instance.options, demand.instance.options, strict=True):
        assert mine.curve.rates == pytest.approx(option.curve.rates / 2)


@pytest.mark.parametrize("kind", ["classes", "classes_percentile", "classes_each_llm"])
def test_beside_others_no_load_spends_less_than_the_table(kind: str):
    """At the class's own rate r, and at any higher load of the replica that an SLO admits."""
    compared = 0
    for seed in range(6):
        demand = random_demand(seed, kind)
        for cell in demand.cells():
            one = state(demand, cell)
            assert not one.exact
            for option, table in zip(one.instance.options, one.tables, strict=True):
                loads = np.linspace(0.0, table.rates[-1], 23)[1:]
                spent = [
                    spends_at(option.curve, one.slos, cell.rate, load) / load for load in loads
                ]
                for k, rate in enumerate(loads if one.slos and table.rates.size > 1 else ()):
                    below = [np.interp(rate, table.rates, row) for row in table.lower]
                    least = rate * np.min(spent[k:], axis=0)
                    assert np.all(below <= least + 1e-12)
                    compared += 1
    assert compared > 100


def test_what_may_not_be_used_stands_still():
    demand = random_demand(0, "outside")
    cell = next(demand.cells())
    (entry,) = demand.classes
    permitted = (False, *entry.permitted[1:-1], False)
    demand = replace(demand, classes=(replace(entry, permitted=permitted),))
    one = state(demand, cell)
    assert one.outside == ()
    for option, table in zip(one.instance.options, one.tables, strict=True):
        if option.llm in (0, len(demand.instance.llms)):
            assert table.rates.tolist() == [0.0]


def test_an_llm_outside_is_one_replica_up_to_its_largest_rate():
    demand = random_demand(0, "outside")
    cell = next(demand.cells())
    api = OutsideLlm(name="outside", max_rate=0.25 * cell.rate, latency={("ttft", "mean"): 0.01})
    slo = (Slo("ttft", "mean", 0.5),)
    demand = replace(demand, outside=(api,), instance=replace(demand.instance, slos=slo))
    one = state(demand, cell)
    (outside,) = one.outside
    assert one.tables[outside].rates[-1] == pytest.approx(0.25 * cell.rate)
    assert one.tables[outside].lower[0, -1] == pytest.approx(0.25 * 0.01 / 0.5)
    # Without a column of the limit nothing may go there.
    mute = replace(demand, outside=(replace(api, latency={("e2e", "mean"): 1.0}),))
    assert state(mute, cell).outside == ()
