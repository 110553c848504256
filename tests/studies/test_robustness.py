"""The smallest headroom under bursts: the search on a plan whose robustness is known, and one real
one.
"""

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest

from models.instance import Headroom, Instance, Slo
from planner.errors import DataError
from planner.joint.solve import solve_joint
from planner.operation.simulation_outcomes import Demand
from planner.plans.plan_content import build_plan_content
from planner.plans.record import Plan
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.settings import Settings
from planner.solution import Solution
from planner.studies import robustness
from planner.studies.robustness import plan_robustly
from tests.support.walls import first_fast, usually


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadResult:
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return assemble_instance(folder / "scenario.yaml")


@dataclass
class KnownReplays:
    """Stands for replays that miss the SLO unless enough is kept free; runs are their numbers."""

    headroom: Headroom

    def run(self, demand: Demand, number: int) -> tuple[Headroom, int]:
        return self.headroom, number


PLANNED: dict[Headroom, Solution] = {}
WRITTEN: dict[Headroom, Plan] = {}


def planned_once(instance: Instance, *args: Any, **more: Any) -> Solution:
    """The plan of the template with a headroom: all these tests search among the same ones."""
    if instance.headroom not in PLANNED:
        PLANNED[instance.headroom] = solve_joint(instance, *args, **more)
    return PLANNED[instance.headroom]


def written_once(loaded: LoadResult, *args: Any) -> Plan:
    if loaded.instance.headroom not in WRITTEN:
        WRITTEN[loaded.instance.headroom] = build_plan_content(loaded, *args)
    return WRITTEN[loaded.instance.headroom]


def with_known_need(
    monkeypatch: pytest.MonkeyPatch, *, rate: float = 9.9, slo: float = 9.9, rare: int = 0
) -> None:
    """From these parts on (9.9: never) all replays keep the SLO but the first `rare`."""

    def figure(one: Slo, run: Any) -> float:
        free, number = run
        enough = free.rate >= rate - 1e-9 or free.slo >= slo - 1e-9
        return 0.5 * one.limit if enough and number >= rare else 2 * one.limit

    monkeypatch.setattr(
        robustness,
        "ReplayablePlan",
        lambda source, engine: KnownReplays(source.loaded.instance.headroom),
    )
    monkeypatch.setattr(robustness, "slo_in_one_run", figure)
    monkeypatch.setattr(robustness.joint, "solve_joint", planned_once)
    monkeypatch.setattr(robustness, "build_plan_content", written_once)


@pytest.mark.parametrize("need", first_fast(usually([0.13, 0.01, 0.3], (0, 1))))
def test_the_smallest_whole_per_cent_is_found(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch, need: float
) -> None:
    with_known_need(monkeypatch, rate=need)
    found = plan_robustly(loaded, Settings(), Demand())
    assert found.without is not None
    assert found.robust is not None
    assert (found.without.kept, found.robust.kept) == (0.0, 1.0)
    assert (found.robust.key, found.robust.percent) == ("rate_pct", round(100 * need))
    assert found.tried < 30


def test_the_headroom_that_costs_less_is_taken(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_need(monkeypatch, rate=0.40, slo=0.05)
    found = plan_robustly(loaded, Settings(), Demand())
    assert found.robust is not None
    assert (found.robust.key, found.robust.percent) == ("slo_pct", 5)


@pytest.mark.parametrize(
    ("rare", "robust"), first_fast(usually([(2, True), (3, False), (0, True)], (0, 1)))
)
def test_one_replay_in_twenty_may_miss(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch, rare: int, robust: bool
) -> None:
    with_known_need(monkeypatch, rate=0.0, rare=rare)
    found = plan_robustly(loaded, Settings(), Demand())
    assert found.without is not None
    assert found.without.kept == pytest.approx(1 - rare / robustness.REPLAYS)
    assert (found.robust is found.without) == robust


@pytest.mark.slow
def test_where_nothing_helps_there_is_no_robust_plan(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_known_need(monkeypatch)
    found = plan_robustly(loaded, Settings(), Demand())
    assert found.without is not None
    assert found.robust is None


def test_the_stated_headroom_is_where_the_search_begins(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = loaded.scenario.spec.headroom.model_copy(update={"rate_pct": 10.0})
    spec = loaded.scenario.spec.model_copy(update={"headroom": stated})
    with_headroom = replace(
        loaded,
        scenario=replace(loaded.scenario, spec=spec),
        instance=replace(loaded.instance, headroom=Headroom(rate=0.1)),
    )
    with_known_need(monkeypatch, rate=0.12)
    found = plan_robustly(with_headroom, Settings(), Demand())
    assert found.without is not None
    assert found.without.percent == 10
    assert found.robust is not None
    assert found.robust.percent == 12


def test_a_cancelled_search_calls_nothing_robust(loaded: LoadResult) -> None:
    cancel = threading.Event()
    cancel.set()
    found = plan_robustly(loaded, Settings(), Demand(), cancel=cancel)
    assert found.interrupted
    assert found.robust is None


def test_without_an_slo_there_is_nothing_to_keep(loaded: LoadResult) -> None:
    bare = replace(loaded, instance=replace(loaded.instance, slos=()))
    with pytest.raises(DataError, match="there is none to keep"):
        plan_robustly(bare, Settings(), Demand())


def test_a_metric_that_cannot_be_simulated_is_refused(loaded: LoadResult) -> None:
    slo = Slo("ttft", "mean", 0.3)
    columns = {("ttft", "p50"): ("ttft", "mean")}
    options = tuple(
        replace(
            option,
            curve=replace(
                option.curve,
                latency={new: option.curve.latency[old] for new, old in columns.items()},
            ),
        )
        for option in loaded.instance.options
    )
    blind = replace(
        loaded,
        instance=replace(loaded.instance, options=options, slos=(replace(slo, statistic="p50"),)),
    )
    with pytest.raises(DataError, match="cannot be simulated"):
        plan_robustly(blind, Settings(), Demand(seconds=60))


def test_a_robust_plan_keeps_its_slos_in_the_replays(
    loaded: LoadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few replays: what the plan without headroom misses, the robust one keeps."""
    monkeypatch.setattr(robustness, "REPLAYS", 6)
    found = plan_robustly(loaded, Settings(), Demand(seconds=200, cv=2.0))
    assert found.without is not None
    assert found.robust is not None
    assert found.without.kept < 0.95 <= found.robust.kept
    assert found.robust.percent > 0
