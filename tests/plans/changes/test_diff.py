"""From one plan to another: the steps lead there, no GPU is overfilled, capacity is kept or the
drop is reported, names are the old plan's.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import pytest

from planner.joint import solve as joint
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.plans.changes.node_matching import replicas_by_node_to_match
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from tests.support.paths import HOME

EXAMPLES = {"two-gpu-types": (40, 20, 60), "paper-trio": (60, 75, 40)}


@pytest.fixture(scope="module")
def contents() -> dict[str, list[Any]]:
    """Plans of two examples at three rates each."""
    found: dict[str, list[Any]] = {}
    for name, rates in EXAMPLES.items():
        loaded = assemble_instance(HOME / "examples" / name / "scenario.yaml")
        for rate in rates:
            instance = replace(loaded.instance, arrival_rate=float(rate))
            settings = Settings(rel_gap=1e-2)
            found.setdefault(name, []).append(
                build_plan_content(
                    replace(loaded, instance=instance),
                    joint.solve_joint(instance, settings, lean=False),
                    settings,
                    {},
                ).content
            )
    return found


def standing(content: Any) -> Counter[Any]:
    return Counter((r.key, len(r.gpus)) for r in replicas_by_node_to_match(content))


def walked(old: Any, found: PlanDiff) -> tuple[Counter[Any], float]:
    """What runs after all steps; the largest share of a GPU on the way.

    Starts and stops must be of what is there.
    """
    now, share = list(replicas_by_node_to_match(old)), defaultdict(float)
    for replica in now:
        for gpu in replica.gpus:
            share[replica.key[1], replica.node, gpu] += replica.key[3]
    most = max(share.values(), default=0.0)
    for step in found.steps:
        if step.action == "stop":
            now.remove(step.replica)
        else:
            now.append(step.replica)
        for gpu in step.replica.gpus:
            share[step.replica.key[1], step.replica.node, gpu] += step.replica.key[3] * (
                1 if step.action == "start" else -1
            )
        most = max(most, *share.values())
    return Counter((r.key, len(r.gpus)) for r in now), most


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (0, 2), (2, 1)])
def test_the_steps_lead_from_one_plan_to_the_other(
    contents: dict[str, list[Any]], name: str, one: int, other: int
) -> None:
    old, new = contents[name][one], contents[name][other]
    found = diff_plans(old, new)
    there, most = walked(old, found)
    assert there == standing(new)
    assert most <= 100.0001
    assert len(found.stays) + sum(step.action == "start" for step in found.steps) == len(
        replicas_by_node_to_match(new)
    )
    assert len(found.stays) + sum(step.action == "stop" for step in found.steps) == len(
        replicas_by_node_to_match(old)
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_capacity_is_kept_or_the_drop_is_reported(
    contents: dict[str, list[Any]], name: str
) -> None:
    old, new = contents[name][0], contents[name][1]
    found = diff_plans(old, new)

    def capacity(replicas: list[Any]) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for replica in replicas:
            total[replica.key[0]] += replica.rate
        return total

    before, after = (
        capacity(replicas_by_node_to_match(old)),
        capacity(replicas_by_node_to_match(new)),
    )
    now, least = dict(before), dict(before)
    with_spares, spares = dict(before), list(found.spares)
    for replica in spares:
        with_spares[replica.key[0]] += replica.rate
    for step in found.steps:
        llm, change = step.replica.key[0], (1 if step.action == "start" else -1) * step.replica.rate
        now[llm], with_spares[llm] = now.get(llm, 0.0) + change, with_spares.get(llm, 0.0) + change
        lacks = {name: min(rate, after.get(name, 0.0)) - now[name] for name, rate in before.items()}
        assert step.short == pytest.approx(
            {name: lack for name, lack in lacks.items() if lack > 1e-6}
        ), "of every LLM, after each step"
        least = {name: min(rate, now[name]) for name, rate in least.items()}
        assert all(
            with_spares[name] >= min(rate, after.get(name, 0.0)) - 1e-6
            for name, rate in before.items()
        )
    assert found.least == pytest.approx(
        {name: rate for name, rate in least.items() if name in found.least}, abs=1e-9
    )
    assert bool(found.least) == found.drops == bool(spares)


def test_a_plan_and_itself_differ_in_nothing_even_when_gpus_are_renamed(
    contents: dict[str, list[Any]],
) -> None:
    for plans in contents.values():
        plan = plans[0]
        assert not diff_plans(plan, plan).steps
        pools = {pool["name"]: pool for pool in plan["context"]["pools"]}
        turned = [
            {
                **shard,
                "node": pools[shard["pool"]]["nodes"] - 1 - shard["node"],
                "gpu": pools[shard["pool"]]["gpus_per_node"] - 1 - shard["gpu"],
            }
            for shard in plan["placement"]
        ]
        found = diff_plans(plan, {**plan, "placement": turned})
        assert not found.steps
        assert len(found.stays) == len(replicas_by_node_to_match(plan))
