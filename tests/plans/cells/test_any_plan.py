"""A plan of either schema is read with nothing taken on trust; one over cells finds its scenario,
and is refused in words when anything of it is not true.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from planner.errors import DataError, InfeasibleError, NoPlanInTimeError
from planner.export.cells.cells_bundle import build_cells_bundle
from planner.export.cells.cells_report_content import build_cells_report
from planner.operation.cells.cell_simulation import SimulationScope, run_cell_simulation
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.any_plan import (
    load_any_plan,
    load_any_plan_to_compare,
    read_any_plan_file,
)
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.plans.schema import PlanContent
from planner.presentation.cells.cell_simulation import cell_simulation_headroom_lines
from planner.presentation.plan.headroom import headroom_lines
from tests.support.plans.cells_plans import day_content, write_day_plan
from tests.support.plans.cells_sources import planned_cells
from tests.support.plans.old_examples import OLD_PLANS, old_example
from tests.support.scenarios.demand_case import write_day
from tests.support.walls import wall_size

Content = dict[str, Any]


def test_both_schemas_are_read(tmp_path: Path) -> None:
    source = load_any_plan(write_day_plan(tmp_path))
    assert isinstance(source, CellsPlanAndScenario)
    assert source.problems == ()
    assert source.demand.classes[0].name == "chat"
    assert source.plan.demand_setup() is source.plan
    old = load_any_plan(OLD_PLANS / "paper-trio.json", old_example("paper-trio"))
    assert isinstance(old, PlanAndScenario)


def test_a_plan_of_one_rate_is_none_of_a_scenario_with_cells(tmp_path: Path) -> None:
    write_day_plan(tmp_path)
    old = json.loads((OLD_PLANS / "paper-trio.json").read_text(encoding="utf-8"))
    for sha, words in (("0" * 64, "is not"), (day_content()["scenario_sha256"], "of one rate")):
        plan = {**old, "scenario_path": "scenario.yaml", "overrides": {}, "scenario_sha256": sha}
        (tmp_path / "old.json").write_text(json.dumps(plan), encoding="utf-8")
        with pytest.raises(DataError, match=words):
            load_any_plan(tmp_path / "old.json", unverified=True)


def better(plan: Content) -> None:
    plan["quality"] = plan["objective"]["value"] = plan["objective"]["bound"] = 0.99


def faster(plan: Content) -> None:
    plan["cells"][0]["slo"][0]["achieved_ms"] /= 2


def cheaper(plan: Content) -> None:
    plan["context"]["pools"][0]["price_usd_per_gpu_h"] /= 2


def renamed(plan: Content) -> None:
    plan["scenario"] = "other"


@pytest.mark.parametrize("change", [better, faster, cheaper, renamed])
def test_what_is_not_true_is_refused_and_may_be_looked_at(
    change: Callable[[Content], None], tmp_path: Path
) -> None:
    path = write_day_plan(tmp_path, change)
    with pytest.raises(DataError, match="this plan is not sound"):
        load_any_plan(path)
    with pytest.raises(DataError, match="not sound"):
        load_any_plan_to_compare(path)
    source = load_any_plan(path, unverified=True)
    assert source.problems
    assert not source.plan.content["checks"]["verified"]
    assert "NOT VERIFIED" in load_any_plan_to_compare(path, unverified=True)[1]


def test_a_plan_of_another_version_is_told_to_be_planned_again(tmp_path: Path) -> None:
    def older(plan: Content) -> None:
        better(plan)
        plan["planner_version"] = "0.0.9"

    with pytest.raises(DataError, match=r"version 0\.0\.9 made this plan under other rules"):
        load_any_plan(write_day_plan(tmp_path, older))


def test_another_scenario_is_refused(tmp_path: Path) -> None:
    path = write_day_plan(tmp_path)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("hours: 14", "hours: 13"), encoding="utf-8")
    with pytest.raises(DataError, match=r"is not \(or no longer\) the scenario of this plan"):
        load_any_plan(path)
    assert "has changed since" in load_any_plan_to_compare(path)[1]
    scenario.unlink()
    assert "not at hand" in load_any_plan_to_compare(path)[1]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda p: p["cells"][0].pop("routing"), "cells.0"),
        (lambda p: p["setups"][0].update(cases=["day"]), "setups"),
        (lambda p: p["lanes"][0].update(option=9), "lanes.0.option"),
        (lambda p: p["setups"][0]["options"][0].update(replicas=100_001), "options.0.replicas"),
        (lambda p: p.update(setups=[]), "status"),
        (lambda p: p.update(gpus_used=1e300), "gpus_used"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_also_unverified(
    change: Callable[[Content], None], place: str, tmp_path: Path
) -> None:
    path = write_day_plan(tmp_path, change)
    with pytest.raises(DataError) as caught:
        load_any_plan(path, unverified=True)
    assert any(place in fault.where for fault in caught.value.faults)
    assert all("write it again" in fault.fix for fault in caught.value.faults)


def test_a_cell_that_the_scenario_does_not_have_is_refused_also_unverified(tmp_path: Path) -> None:
    def strange(plan: Content) -> None:
        for part in ("cells", "lanes"):
            plan[part] = json.loads(json.dumps(plan[part]).replace("chat", "talk"))

    with pytest.raises(DataError, match="talk"):
        load_any_plan(write_day_plan(tmp_path, strange), unverified=True)


@pytest.mark.parametrize(
    ("status", "error"), [("infeasible", InfeasibleError), ("unknown", NoPlanInTimeError)]
)
def test_without_a_setup_there_is_nothing_to_work_on(
    status: str, error: type[Exception], tmp_path: Path
) -> None:
    def without(plan: Content) -> None:
        nothing: Content = {"setups": [], "cells": [], "lanes": [], "losses": [], "cases": []}
        plan |= {**nothing, "status": status, "quality": None, "gpus_used": None}
        plan["objective"] |= {"value": None, "rel_gap": None}
        plan["conflict"] = {"limits": ["no setup"], "repairs": [], "best_effort": None}

    source = load_any_plan(write_day_plan(tmp_path, without))
    with pytest.raises(error):
        source.plan.demand_setup()


STRANGE = [None, -1, 0, 7, 1e9, "x", [], {}, [[]], {"x": 1}, True, 0.5]


def _damaged(content: Content, rng: np.random.Generator) -> Content:
    """One value somewhere replaced, or a key or an entry gone."""
    inner: Any = content
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        key = keys[int(rng.integers(len(keys)))]
        if isinstance(inner[key], dict | list) and inner[key] and rng.random() < 0.85:
            inner = inner[key]
            continue
        if rng.random() < 0.25:
            del inner[key]
        else:
            inner[key] = STRANGE[int(rng.integers(len(STRANGE)))]
        return content


def test_damage_anywhere_is_a_message_and_never_a_traceback(tmp_path: Path) -> None:
    """Whatever is read keeps its promise to be of a readable plan."""
    write_day_plan(tmp_path)
    rng, refused, read = np.random.default_rng(3), 0, 0
    for _ in range(wall_size(40, 2000)):
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(_damaged(day_content(), rng)), encoding="utf-8")
        try:
            load_any_plan(path, unverified=True)
            read += 1
        except DataError:
            refused += 1
    assert refused > read > 0


def test_plans_over_cells_are_told_apart_by_their_schema(tmp_path: Path) -> None:
    assert isinstance(read_any_plan_file(write_day_plan(tmp_path)), CellsPlan)
    for wrong in (3, "2", None):
        path = write_day_plan(tmp_path, lambda plan, wrong=wrong: plan.update(schema=wrong))
        with pytest.raises(DataError, match="not a plan of schema version"):
            read_any_plan_file(path)


@pytest.mark.slow
def test_a_plan_with_headroom_is_read_back_and_told_as_such(tmp_path: Path) -> None:
    """From the scenario to plan.json, and on to whatever takes it."""
    free = ("headroom={rate_pct: 25, slo_pct: 10, utilization_pct: 5}",)
    content, loaded = planned_cells(write_day(tmp_path), *free)
    path = tmp_path / "plan.json"
    path.write_text(plan_file_text(content), encoding="utf-8")
    source = load_any_plan(path)
    assert isinstance(source, CellsPlanAndScenario)
    rates = {(cell["class"], cell["case"]): cell["rate_rps"] for cell in content["cells"]}
    assert rates["chat", "day"] == 5.0
    assert content["context"]["headroom"]["rate_pct"] == 25
    (limit,) = content["cases"][0]["slo"]
    assert (limit["limit_ms"], limit["planned_limit_ms"]) == (300, 270)
    meta = build_cells_report(content, loaded)["meta"]
    (line,) = headroom_lines(cast("PlanContent", content))
    assert line in meta["confidence"]
    assert "up to 5 req/s (planned for 6.25" in meta["goal"]
    assert line in build_cells_bundle(source, date(2030, 1, 1)).files["README.md"]
    scope = SimulationScope(classes=("chat", "batch"), cases=("day",))
    simulation = run_cell_simulation(source, Demand(seconds=120.0), scope)
    assert [cell.rate for cell in simulation.states[0].cells] == [4.0, 1.0]
    assert [one.slo.limit for one in simulation.states[0].slos] == [0.3]
    assert "25 % more requests" in cell_simulation_headroom_lines(source)[0]
    broken = {**content, "cells": [{**cell, "rate_rps": cell["rate_rps"] / 1.25}
                                   for cell in content["cells"]]}  # fmt: skip
    path.write_text(plan_file_text(broken), encoding="utf-8")
    with pytest.raises(DataError, match="but the demand says"):
        load_any_plan(path)
