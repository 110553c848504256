"""Repairs in the scenario's own paths: what --set does with a path is what the repair did."""

from typing import Any

import pytest

from planner.cell_solution import CellNumberKind, CellRepair, CellSolution
from planner.cells.cell_numbers import MovableNumber, movable_numbers
from planner.plans.cells.cell_conflict_content import cell_conflict_content
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.scenario.load import load_scenario
from tests.support.paths import HOME

DAY = HOME / "examples" / "day" / "scenario.yaml"
MORE = {
    "llms.1.min_replicas": 2,
    "setups.min_gpu_utilization_pct": 10,
    "classes.1.quality_at_least": 0.7,
    "cases.3.quality_at_least": 0.7,
    "headroom.slo_pct": 10,
    "headroom.rate_pct": 5,
    "headroom.utilization_pct": 20,
}


@pytest.fixture(scope="module")
def day() -> LoadResult:
    return assemble_instance(load_scenario(DAY, MORE), cells=True)


def told(loaded: LoadResult, number: MovableNumber, after: float) -> dict[str, Any]:
    """A repair of one number as plan.json tells it."""
    repair = CellRepair(number.number, number.before, after, proved=True)
    solution = CellSolution(
        status="infeasible",
        value=None,
        bound=None,
        effort=None,
        repairs=(repair,),  # type: ignore[arg-type]
    )
    content = cell_conflict_content(loaded.scenario.spec, solution)
    assert content["best_effort"] is None
    (told,) = content["repairs"]
    return told


def one_of_each(loaded: LoadResult) -> dict[CellNumberKind, MovableNumber]:
    """The last number of every kind: positions are then not 0."""
    assert loaded.demand is not None
    return {one.number.kind: one for one in movable_numbers(loaded.demand)}


def test_set_does_what_the_repair_did(day: LoadResult) -> None:
    """All kinds at once, each by its path."""
    assert day.demand is not None
    demand, overrides = day.demand, dict(MORE)
    numbers = one_of_each(day)
    for number in numbers.values():
        value = (number.before + number.most) / 2
        value = float(round(value)) if number.whole else round(value, 6)
        again = {one.number: one for one in movable_numbers(demand)}[number.number]
        demand = again.apply(value)
        content = told(day, number, value)
        overrides[content["change"]] = content["to"]
    loaded = assemble_instance(load_scenario(DAY, overrides), cells=True)
    assert set(numbers) == set(CellNumberKind) - {CellNumberKind.MEAN_FLOOR}
    assert repr(loaded.demand.cases) == repr(demand.cases)
    assert repr(loaded.demand.classes) == repr(demand.classes)
    assert repr(loaded.demand.outside) == repr(demand.outside)
    assert loaded.demand.cost_at_most == demand.cost_at_most
    assert loaded.demand.instance.slos == demand.instance.slos
    assert loaded.demand.instance.llms == demand.instance.llms
    assert loaded.demand.instance.headroom == demand.instance.headroom
    assert loaded.demand.instance.min_utilization == demand.instance.min_utilization
    assert [p.nodes for p in loaded.demand.instance.pools] == [
        p.nodes for p in demand.instance.pools
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("RATE", "serve 22 req/s of chat in the case node-lost (30 now)"),
        ("SLO", "allow 22 ms as the p95 TTFT of chat (700 now)"),
        ("CLASS_FLOOR", "require a quality of 22 for batch (0.7 now)"),
        ("OUTSIDE_RATE", "send up to 22 req/s to frontier-api (8 now)"),
        ("RATE_HEADROOM", "plan for 22 % more requests than stated (5 now)"),
        ("NODES", "22 nodes in the pool l40s (2 now)"),
    ],
)
def test_words_name_what_moves(day: LoadResult, kind: str, words: str) -> None:
    number = one_of_each(day)[CellNumberKind[kind]]
    assert told(day, number, 22.0)["what"] == words
