"""Tokens of a request over classes and hours."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from planner.export.cells.class_tokens import mean_case_rate, mean_class_tokens
from tests.support.plans.cells_sources import day_planned


def stated(*tokens: tuple[float | None, float | None]) -> SimpleNamespace:
    classes = [SimpleNamespace(input_tokens=a, output_tokens=b) for a, b in tokens]
    return SimpleNamespace(scenario=SimpleNamespace(spec=SimpleNamespace(classes=classes)))


def test_rates_and_tokens_are_means_over_the_hours() -> None:
    demand = day_planned()[1].demand
    weights = [sum(case.hours * case.rates[c] for case in demand.cases) for c in (0, 1)]
    assert mean_case_rate(demand) == pytest.approx(sum(weights) / demand.hours)
    expected = (100 * weights[0] + 1000 * weights[1]) / sum(weights)
    found = mean_class_tokens(stated((80, 20), (900, 100)), demand)
    assert found == pytest.approx(expected)


def test_a_class_without_tokens_has_those_on_which_all_curves_agree() -> None:
    demand = day_planned()[1].demand
    assert mean_class_tokens(stated((80, 20), (None, 100)), demand) is None
    options = tuple(
        replace(option, curve=replace(option.curve, tokens=(60.0, 40.0)))
        for option in demand.instance.options
    )
    agreed = replace(demand, instance=replace(demand.instance, options=options))
    assert mean_class_tokens(stated((80, 20), (None, 100)), agreed) == pytest.approx(100.0)
