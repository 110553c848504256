"""Thresholds against values known by hand and against every setup tried (the oracle)."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.errors import DataError
from planner.studies.sensitivity import moved_plans
from planner.studies.sensitivity import thresholds as study
from planner.studies.sensitivity.moved_plans import MovedPlan
from planner.studies.sensitivity.studied_inputs import InputKind, studied_inputs
from planner.studies.sensitivity.thresholds import Thresholds, find_thresholds
from planner.studies.sweep_point import PointStatus
from tests.support.instances.oracle import best_plan_among, feasible_setups
from tests.support.scenarios.small_scenario import small_content

COST = {"minimize": "cost", "quality_at_least": 0.6}
POOL = {"gpus_per_node": 1, "memory_gib": 80, "nodes": 1}
TWO_POOLS = [
    {**POOL, "name": "p", "gpu": "GPU-X", "price_usd_per_gpu_h": 2.0},
    {**POOL, "name": "q", "gpu": "GPU-Y", "price_usd_per_gpu_h": 3.0},
]


def thresholds_of(precision: float = 1.0, **values: object) -> Thresholds:
    scenario = planner.load(small_content(**values))
    return find_thresholds(scenario.path, [], precision=precision, jobs=1)


def two_pools() -> dict[str, object]:
    profiles = small_content()["profiles"]
    both = pd.concat([profiles, profiles.assign(gpu="GPU-Y")])
    return {"pools": TWO_POOLS, "profiles": both, "objective": COST}


def test_the_cheapest_setup_holds_until_its_replica_is_full() -> None:
    """One GPU carries 40 req/s: beyond it another setup is needed, whichever LLM runs."""
    (row, price) = thresholds_of(10.0, objective=COST, arrival_rate_rps=30).rows
    assert row.high is not None
    assert row.high.beyond is not None
    assert 40 - 3 <= row.high.kept <= 40 < row.high.beyond <= row.high.kept + 3
    assert row.high.certain
    assert row.low is not None
    assert (row.low.kept, row.low.beyond) == (pytest.approx(3.0), None)
    # Of one pool alone, no price makes another setup cheaper.
    assert price.high is not None
    assert (price.high.kept, price.high.beyond) == (pytest.approx(8.0), None)


def test_a_price_holds_until_the_other_pool_is_as_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "KINDS", (InputKind.PRICE,))
    rows = {row.moved.words: row for row in thresholds_of(10.0, **two_pools()).rows}
    dearer = rows["price of a GPU of pool p"].high
    assert dearer is not None
    assert dearer.beyond is not None
    assert dearer.kept <= 3.0 <= dearer.beyond <= dearer.kept + 0.2
    assert dearer.plan is not None
    assert [entry[1] for entry in dearer.plan.setups[0]] == ["q"]
    cheaper = rows["price of a GPU of pool q"].low
    assert cheaper is not None
    assert cheaper.beyond is not None
    assert cheaper.beyond <= 2.0 <= cheaper.kept


def test_a_price_that_changes_nothing_takes_one_plan_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(study, "KINDS", (InputKind.PRICE,))
    planned, real = [], study.plan_moved_input
    monkeypatch.setattr(
        study, "plan_moved_input", lambda *args: planned.append(args[1]) or real(*args)
    )
    (price,) = thresholds_of(objective=COST).rows
    assert [at and at[1] for at in planned] == [None, pytest.approx(0.2), pytest.approx(8.0)]
    assert price.low is not None
    assert (price.low.kept, price.low.certain) == (pytest.approx(0.2), True)


def test_at_another_price_a_setup_costs_what_a_plan_of_it_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = planner.load(small_content(**two_pools()))
    loaded = moved_plans.read_scenario_of_moves(str(scenario.path), [])
    today = moved_plans.plan_moved_input(loaded, None)
    inputs = [one for one in studied_inputs(loaded, 1.0) if one.kind == InputKind.PRICE]
    for at in [(one, part * one.today) for one in inputs for part in (0.1, 1.7, 4.0)]:
        known = moved_plans.value_of_kept_setup(loaded, today, at)
        with monkeypatch.context() as patched:
            patched.setattr(moved_plans, "is_price_of_cost", lambda *_: False)
            plan = moved_plans.value_of_kept_setup(loaded, today, at)
        assert known.value == pytest.approx(plan.value)
        assert known.open_part() == 0.0


def test_at_a_threshold_and_beyond_every_setup_was_tried() -> None:
    """Quality with shared GPUs: today's setup is the best of all at `kept`, not at `beyond`."""
    points = [(llm, share, rate) for llm in ("alpha", "beta") for share in (50, 100)
              for rate in (0, 0.4 * share)]  # fmt: skip
    profiles = pd.DataFrame(
        {
            "llm": [llm for llm, _, _ in points],
            "gpu": "GPU-X",
            "tp_degree": 1,
            "mps_share_pct": [share for _, share, _ in points],
            "rate_rps": [rate for _, _, rate in points],
            "ttft_mean_ms": [50 + 2 * rate for _, _, rate in points],
            "memory_gib_per_gpu": 20.0,
        }
    )
    pool = {"name": "p", "gpu": "GPU-X", "nodes": 1, "gpus_per_node": 1, "memory_gib": 80}
    prompts = pd.Index([f"p{k}" for k in range(4)], name="prompt_id")
    scores = pd.DataFrame({"alpha": [0.9, 0.8, 0.7, 0.6], "beta": [0.1, 0.5, 0.9, 1]}, prompts)
    content = small_content(
        pools=[pool], profiles=profiles, scores=scores, slo=[], arrival_rate_rps=30
    )
    scenario = planner.load(content)
    found = find_thresholds(scenario.path, [], precision=1.0, jobs=1)
    (row,) = found.rows
    assert row.high is not None
    assert row.high.beyond is not None
    today = planner.plan(scenario)
    running = {(o["llm"], o["mps_share_pct"]): o["replicas"] for o in today.content["options"]}

    def losses(rate: float) -> float:
        """What today's setup loses against the best of all setups."""
        instance = replace(scenario.result.instance, arrival_rate=rate)
        setups = feasible_setups(instance)
        names = [(instance.llms[o.llm].name, round(100 * o.mps_share)) for o in instance.options]
        replicas = tuple(running.get(name, 0) for name in names)
        mine = [one for one in setups if one.replicas == replicas]
        best = best_plan_among(instance, setups).value
        return best - best_plan_among(instance, mine).value if mine else np.inf

    assert losses(row.high.kept) == pytest.approx(0.0, abs=2e-4)
    assert losses(row.high.beyond) > 2e-4
    assert row.high.beyond - row.high.kept <= 0.3 + 1e-9


def test_an_open_gap_makes_a_threshold_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    today = MovedPlan(status=PointStatus.FEASIBLE, value=0.5, bound=0.9)
    monkeypatch.setattr(study, "plan_moved_input", lambda *_: today)
    (row,) = thresholds_of().rows
    assert row.low is not None
    assert row.high is not None
    assert not row.low.certain
    assert not row.high.certain
    assert row.high.beyond is None


def test_a_stopped_study_has_no_half_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, real = threading.Event(), study.plan_moved_input

    def planned(loaded, moved, stop=None):  # type: ignore[no-untyped-def]
        if moved is not None and moved[1] > moved[0].today:
            cancel.set()
        return real(loaded, moved, stop)

    monkeypatch.setattr(study, "plan_moved_input", planned)
    scenario = planner.load(small_content())
    found = find_thresholds(scenario.path, [], jobs=1, cancel=cancel)
    assert not found.complete
    assert found.rows[0].low is not None
    assert found.rows[0].high is None


def test_a_schedule_has_no_one_setup_to_keep() -> None:
    home = Path(__file__).resolve().parents[3]
    with pytest.raises(DataError, match="setups change with the case"):
        find_thresholds(home / "examples" / "fleet-day" / "day.yaml", ["fleet.mode=scheduled"])
