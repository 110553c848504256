"""A plan is computed again from its scenario: what was forged is found, whatever else is damaged
ends as a fault and never as a traceback.
"""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from planner.errors import DataError
from planner.joint.solve import solve_joint
from planner.plans.plan_and_scenario import load_plan_and_scenario, load_plan_to_compare
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import read_plan_file, write_plan_file
from planner.plans.soundness import soundness_problems
from planner.scenario.assemble import assemble_instance
from planner.version import VERSION
from tests.support.plans.old_examples import OLD_PLANS, old_example
from tests.support.walls import wall_size

SCENARIO = old_example("paper-trio")
OLD = OLD_PLANS / "paper-trio.json"
Content = dict[str, Any]


def content() -> Content:
    found: Content = json.loads(OLD.read_text(encoding="utf-8"))
    return {**found, "planner_version": VERSION}


def write(folder: Path, plan: Content) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return path


def better(plan: Content) -> None:
    plan["quality"] = plan["objective"]["value"] = plan["objective"]["bound"] = 0.99


def busier(plan: Content) -> None:
    plan["context"]["arrival_rate_rps"] *= 100


def swapped(plan: Content) -> None:
    one, two = list(plan["routing"])[:2]
    routing = plan["routing"]
    routing[one], routing[two] = routing[two], routing[one]


def cheaper(plan: Content) -> None:
    plan["cost_usd_per_h"] /= 2


def faster(plan: Content) -> None:
    plan["slo"][0]["achieved_ms"] /= 2


def moved(plan: Content) -> None:
    for shard in plan["placement"]:
        shard["gpu"] = 0


def richer(plan: Content) -> None:
    plan["context"]["pools"][0]["price_usd_per_gpu_h"] = 0.01


@pytest.mark.parametrize("forge", [better, busier, swapped, cheaper, faster, moved, richer])
def test_a_forged_plan_is_refused_and_may_be_looked_at(
    tmp_path: Path, forge: Callable[[Content], None]
) -> None:
    forged = content()
    forge(forged)
    path = write(tmp_path, forged)
    with pytest.raises(DataError, match="this plan is not sound"):
        load_plan_and_scenario(path, SCENARIO)
    seen = load_plan_and_scenario(path, SCENARIO, unverified=True)
    assert seen.problems
    assert seen.plan.content["checks"] == {"verified": False, "problems": list(seen.problems)}


def test_a_plan_as_it_was_written_is_sound(tmp_path: Path) -> None:
    source = load_plan_and_scenario(write(tmp_path, content()), SCENARIO)
    assert source.problems == ()


def test_a_plan_of_another_version_is_never_called_forged(tmp_path: Path) -> None:
    forged = {**content(), "planner_version": "0.1.0"}
    better(forged)
    with pytest.raises(DataError, match="under other rules") as refused:
        load_plan_and_scenario(write(tmp_path, forged), SCENARIO)
    assert "not sound" not in str(refused.value)


def test_to_compare_it_is_verified_where_its_scenario_is_at_hand(tmp_path: Path) -> None:
    plan = write(tmp_path, {**content(), "scenario_path": "nowhere.yaml"})
    assert "scenario is not at hand" in load_plan_to_compare(plan)[1]
    here = {**content(), "scenario_path": str(SCENARIO)}
    assert load_plan_to_compare(write(tmp_path, here))[1] == ""
    better(here)
    with pytest.raises(DataError, match="not sound"):
        load_plan_to_compare(write(tmp_path, here))
    assert "NOT VERIFIED" in load_plan_to_compare(write(tmp_path, here), unverified=True)[1]


def test_the_best_effort_of_a_conflict_is_verified_against_its_own_instance(tmp_path: Path) -> None:
    loaded = assemble_instance(
        SCENARIO, ["arrival_rate_rps=150", "setups.mps_shares_pct=[50, 100]"]
    )
    plan = build_plan_content(
        loaded, solve_joint(loaded.instance, loaded.settings), loaded.settings, {}
    )
    assert plan.best_effort is not None
    write_plan_file(plan, tmp_path / "plan.json")
    back = read_plan_file(tmp_path / "plan.json")
    assert soundness_problems(back, loaded) == []
    effort: Any = back.content["conflict"]["best_effort"]
    effort["quality"] = effort["objective"]["value"] = 0.999
    assert any("best effort: quality" in one for one in soundness_problems(back, loaded))
    effort["change"]["change"] = "llms.99.max_replicas"
    assert any("none that the scenario allows" in one for one in soundness_problems(back, loaded))


ODD = (None, True, -1, 0, 7, 1e9, -0.5, "", "x", "nan", [], {}, [1], {"a": 1}, "paper-trio")


def damaged(plan: Content, dice: random.Random) -> Content:
    """A copy with a value at a random place replaced, deleted or doubled."""
    plan = deepcopy(plan)
    inner: Any = plan
    while True:
        key = dice.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if not isinstance(inner[key], dict | list) or not inner[key] or dice.random() < 0.25:
            break
        inner = inner[key]
    action = dice.choice(["odd", "odd", "delete", "double"])
    if action == "odd":
        inner[key] = dice.choice(ODD)
    elif action == "delete":
        del inner[key]
    elif isinstance(inner, list):
        inner.append(deepcopy(inner[key]))
    else:
        inner[f"{key}2"] = inner[key]
    return plan


def test_any_damage_is_a_fault_or_does_no_harm(tmp_path: Path) -> None:
    plan, loaded, dice = content(), assemble_instance(SCENARIO), random.Random(20261126)  # noqa: S311
    refused, cases = 0, wall_size(120, 600)
    for _ in range(cases):
        path = write(tmp_path, damaged(plan, dice))
        try:
            problems = soundness_problems(read_plan_file(path), loaded)
        except DataError:
            problems = ["refused"]
        refused += bool(problems)
    assert refused > cases / 2
