"""From one plan to another: the steps lead there, no GPU is overfilled, capacity is kept or the
drop is told, names are the old plan's.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.joint import solve as joint
from planner.plans.diff import PlanDiff, diff_plans
from planner.plans.node_matching import placed_replicas
from planner.plans.plan_content import build_plan
from planner.plans.record import write_json
from planner.presentation.diff import diff_line, diff_tables
from planner.scenario.assemble import load_instance
from planner.settings import Settings
from tests.support.paths import HOME

EXAMPLES = {"two-gpu-types": (40, 20, 60), "paper-trio": (60, 75, 40)}


@pytest.fixture(scope="module")
def contents() -> dict[str, list[Any]]:
    """Plans of two examples at three rates each."""
    found: dict[str, list[Any]] = {}
    for name, rates in EXAMPLES.items():
        loaded = load_instance(HOME / "examples" / name / "scenario.yaml")
        for rate in rates:
            instance = replace(loaded.instance, arrival_rate=float(rate))
            settings = Settings(rel_gap=1e-3)
            found.setdefault(name, []).append(
                build_plan(
                    replace(loaded, instance=instance),
                    joint.solve(instance, settings, lean=False),
                    settings,
                    {},
                ).content
            )
    return found


def standing(content: Any) -> Counter[Any]:
    return Counter((r.key, len(r.gpus)) for r in placed_replicas(content))


def walked(old: Any, found: PlanDiff) -> tuple[Counter[Any], float]:
    """What stands after all steps; the largest share of a GPU on the way.

    Starts and stops must be of what is there.
    """
    now, share = list(placed_replicas(old)), defaultdict(float)
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
        placed_replicas(new)
    )
    assert len(found.stays) + sum(step.action == "stop" for step in found.steps) == len(
        placed_replicas(old)
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_capacity_is_kept_or_the_drop_is_told(contents: dict[str, list[Any]], name: str) -> None:
    old, new = contents[name][0], contents[name][1]
    found = diff_plans(old, new)

    def capacity(replicas: list[Any]) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for replica in replicas:
            total[replica.key[0]] += replica.rate
        return total

    before, after = capacity(placed_replicas(old)), capacity(placed_replicas(new))
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
                **seat,
                "node": pools[seat["pool"]]["nodes"] - 1 - seat["node"],
                "gpu": pools[seat["pool"]]["gpus_per_node"] - 1 - seat["gpu"],
            }
            for seat in plan["placement"]
        ]
        found = diff_plans(plan, {**plan, "placement": turned})
        assert not found.steps
        assert len(found.stays) == len(placed_replicas(plan))


def test_what_has_room_is_started_before_anything_stops() -> None:
    entry = {
        "llm": "a",
        "pool": "p",
        "tp_degree": 1,
        "mps_share_pct": 50.0,
        "memory_gib_per_gpu": 10.0,
        "max_rate_per_replica_rps": 5.0,
    }
    other = {**entry, "mps_share_pct": 40.0, "max_rate_per_replica_rps": 6.0}
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 1, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 1.0},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 10}},
    }

    def plan(option: dict[str, Any]) -> dict[str, Any]:
        seat = {k: option[k] for k in ("llm", "pool", "tp_degree", "mps_share_pct")}
        return {
            **base,
            "options": [option],
            "placement": [{**seat, "node": 0, "gpu": 0, "replica": 0, "shard": 0}],
        }

    found = diff_plans(plan(entry), plan(other))
    assert [step.action for step in found.steps] == ["start", "stop"]
    assert not found.drops
    heavy = diff_plans(
        plan({**entry, "memory_gib_per_gpu": 40.0}), plan({**other, "memory_gib_per_gpu": 40.0})
    )
    assert [step.action for step in heavy.steps] == ["stop", "start"]
    assert heavy.drops
    assert heavy.steps[0].short == pytest.approx({"a": 5.0})
    assert (
        diff_line(heavy)
        == "Replicas: 0 stay, 1 start, 1 stop; no order was found in which no LLM falls short."
        " Short: a by up to 5.00 req/s after step 1 (at times without a replica). Spare GPUs in"
        " the meantime would avoid that: 1 x a tp1 50 % (each on 1 GPU of one node of pool p)."
        " Otherwise requests of a must go to other LLMs in the meantime."
    )


def test_an_llm_is_told_short_until_its_capacity_is_back() -> None:
    """One full GPU: z stops first, a and b change into its room, and z lacks its 1.5 req/s after
    every step until it runs again.
    """
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 1, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 0.5, "b": 0.4, "z": 0.1},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 0}},
    }

    def plan(**runs: tuple[float, float]) -> dict[str, Any]:
        keys = [
            {"llm": llm, "pool": "p", "tp_degree": 1, "mps_share_pct": share}
            for llm, (share, _) in runs.items()
        ]
        sizes = [
            {"replicas": 1, "memory_gib_per_gpu": 1.0, "max_rate_per_replica_rps": rate}
            for _, rate in runs.values()
        ]
        seats = [{**key, "node": 0, "gpu": 0, "replica": 0, "shard": 0} for key in keys]
        return {
            **base,
            "options": [{**key, **size} for key, size in zip(keys, sizes, strict=True)],
            "placement": seats,
        }

    found = diff_plans(
        plan(a=(30.0, 8.0), b=(20.0, 5.0), z=(50.0, 2.0)),
        plan(a=(40.0, 9.0), b=(30.0, 6.0), z=(30.0, 1.5)),
    )
    assert [(step.action, step.replica.key[0]) for step in found.steps] == [
        *(
            ("stop", "z"),
            ("start", "a"),
            ("stop", "a"),
            ("start", "b"),
            ("stop", "b"),
            ("start", "z"),
        )
    ]
    assert list(diff_tables(found)["steps"]["Capacity short (req/s)"].fillna("")) == [
        *5 * ["z 1.50"],
        "",
    ]
    assert (
        "Short: z by up to 1.50 req/s after steps 1 to 5 (at times without a replica)."
        in diff_line(found)
    )


def test_a_quiet_hour_is_told_where_replicas_are_left() -> None:
    """Two replicas on two full GPUs give way to two others: one of them always runs, 5 of 10 req/s,
    for half of the requests.
    """
    old = {
        "llm": "a",
        "pool": "p",
        "tp_degree": 1,
        "mps_share_pct": 100.0,
        "memory_gib_per_gpu": 60.0,
        "max_rate_per_replica_rps": 5.0,
    }
    new = {**old, "mps_share_pct": 90.0}
    pools = [{"name": "p", "nodes": 1, "gpus_per_node": 2, "memory_gib": 80.0}]
    base = {
        "routing": {"a": 0.5},
        "context": {"pools": pools, "filters": {"memory_headroom_pct": 0}},
    }

    def plan(option: dict[str, Any]) -> dict[str, Any]:
        keys = ("llm", "pool", "tp_degree", "mps_share_pct")
        seats = [
            {**{k: option[k] for k in keys}, "node": 0, "gpu": k, "replica": k, "shard": 0}
            for k in range(2)
        ]
        return {**base, "options": [{**option, "replicas": 2}], "placement": seats}

    line = diff_line(diff_plans(plan(old), plan(new)))
    assert "Short: a by up to 5.00 req/s after 2 of the steps. Spare GPUs" in line
    assert line.endswith(
        "Up to 10 req/s in all, capacity suffices anyway; latencies were not checked."
    )


def test_the_command_tells_steps(tmp_path: Path) -> None:
    loaded = load_instance(
        HOME / "examples" / "paper-trio" / "scenario.yaml",
        ["setups.tp_degrees=[1, 2]", "setups.mps_shares_pct=[30, 70, 100]"],
    )
    for name, rate in (("a", 60.0), ("b", 75.0)):
        instance = replace(loaded.instance, arrival_rate=rate)
        write_json(
            build_plan(replace(loaded, instance=instance), joint.solve(instance), Settings(), {}),
            tmp_path / f"{name}.json",
        )
    done = CliRunner().invoke(
        app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")], env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0
    assert "Steps" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    same = CliRunner().invoke(app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "a.json")])
    assert "No replica changes" in same.stdout
    assert (
        CliRunner()
        .invoke(app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "none.json")])
        .exit_code
        == 2
    )
