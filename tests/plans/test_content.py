"""Telling: every key of plan.json with its unit, strict JSON, nothing unverified leaves; the named
tables.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instance import Slo
from planner.errors import DataError, InfeasibleError, NoPlanInTimeError, VerificationError
from planner.plans.conflict_content import changed_instance
from planner.plans.latencies import OperatingPoint, achieved_latency, provenance_at, share_above
from planner.plans.plan_content import build_plan
from planner.plans.record import Plan, json_text, read_plan, write_json
from planner.plans.tables import plan_tables
from planner.presentation.formatting import format_gap, format_number
from planner.presentation.plan.conflict import conflict_lines, repair_text
from planner.presentation.plan.considered_options import dropped_lines
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.presentation.plan.verdict import verdict_line
from planner.solution import Repair, ShadowPrices, Solution, TieGroup
from planner.version import VERSION
from profiles.records import Curve
from tests.support.handmade import (
    SETTINGS,
    curve,
    fleet,
    infeasible,
    loaded,
    solved,
    trio,
    unsolved,
)
from tests.support.paths import HOME

SCHEMA = json.loads((HOME / "docs" / "plan.schema.json").read_text())


def told(solution: Solution | None = None, **overrides: object) -> Plan:
    instance = trio()
    return build_plan(
        loaded(instance, **overrides), solution or solved(instance), SETTINGS, {"load": 0.3}
    )


def fits_schema(plan: Plan) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(
        json.loads(json_text(plan.content)), SCHEMA, cls=jsonschema.Draft202012Validator
    )


def test_plan_has_every_key_in_file_units() -> None:
    plan = told(arrival_rate_rps=60)
    fits_schema(plan)
    content = plan.content
    assert content["overrides"] == {"arrival_rate_rps": 60}
    assert content["planner_version"] == VERSION
    assert content["objective"] == {
        "sense": "maximize",
        "of": "quality",
        "value": 0.9,
        "bound": 0.9,
        "rel_gap": 0.0,
    }
    assert (content["gpus_used"], content["gpus_total"], content["cost_usd_per_h"]) == (
        4,
        4,
        pytest.approx(7.2),
    )
    assert content["checks"] == {"verified": True, "problems": []}
    yi = content["options"][2]
    assert (yi["mps_share_pct"], yi["rate_per_replica_rps"], yi["max_rate_per_replica_rps"]) == (
        20,
        20.0,
        40.0,
    )
    # At 20 req/s, a third of the way from 1.5 to 4.0 times the mean of 80 ms.
    assert yi["latency_ms"]["ttft_mean"] == pytest.approx(80 * (1.5 + 2.5 / 3))
    assert [o["provenance"] for o in content["options"]] == ["estimated", "measured", "estimated"]
    mean, each = content["slo"]
    assert mean["achieved_ms"] == pytest.approx((20 + 50 + 80) / 3 * (1.5 + 2.5 / 3))
    assert each["achieved_ms"] == pytest.approx(yi["latency_ms"]["ttft_p99"])
    assert content["shadow_prices"]["slo"] == [pytest.approx(0.00008), None]
    assert content["shadow_prices"]["pools"] == {"a100": 0.031}
    assert content["context"]["seconds"] == {"load": 0.3, "build": 0.2, "lp": 0.4, "milp": 0.8}


def test_ties_are_told_by_name() -> None:
    # A tie group of weight 0 changes nothing that the verifier could object to.
    with pytest.raises(VerificationError):
        told(solved(trio(), ties=(TieGroup((0, 2), 0.5, (0.3, 0.7)),)))


def test_unverified_plan_does_not_leave() -> None:
    with pytest.raises(VerificationError) as caught:
        told(solved(trio(), quality=0.95, value=0.95, bound=0.95))
    assert caught.value.problems


def test_infeasible_plan_carries_conflict_and_best_effort() -> None:
    instance = trio(slos=(Slo("ttft", "mean", 0.01),))
    plan = build_plan(loaded(instance), infeasible(instance), SETTINGS, {})
    fits_schema(plan)
    conflict = plan.content["conflict"]
    assert conflict["repairs"][0] == {"change": "slo.0.limit_ms", "from": 10, "to": 412.5}
    best = plan.best_effort
    assert best is not None
    assert best.content["slo"][0]["limit_ms"] == 412.5
    assert best.content["checks"]["verified"]
    assert plan.content["quality"] is None
    with pytest.raises(InfeasibleError, match="at most 10 ms"):
        plan.demand_setup()


def test_best_effort_is_verified_against_its_own_case() -> None:
    instance = trio(slos=(Slo("ttft", "mean", 0.01),))
    solution = infeasible(instance)
    assert solution.conflict is not None
    wrong = replace(solution.conflict, best_effort_change=Repair("slo.0.limit_ms", 10.0, 11.0))
    with pytest.raises(VerificationError):
        build_plan(loaded(instance), replace(solution, conflict=wrong), SETTINGS, {})


@pytest.mark.parametrize(
    ("path", "after", "read"),
    [
        ("arrival_rate_rps", 41.3, lambda i: i.arrival_rate),
        ("slo.1.limit_ms", 1600.0, lambda i: 1000 * i.slos[1].limit),
        ("pools.0.nodes", 3, lambda i: i.pools[0].nodes),
        ("llms.2.max_replicas", 5, lambda i: i.llms[2].max_replicas),
        ("llms.0.min_replicas", 0, lambda i: i.llms[0].min_replicas),
        ("objective.quality_at_least", 0.4, lambda i: i.quality_floor),
        ("setups.min_gpu_utilization_pct", 25.0, lambda i: 100 * i.min_utilization),
    ],
)
def test_changes_are_known(path: str, after: float, read) -> None:
    assert read(changed_instance(trio(), Repair(path, 1.0, after))) == pytest.approx(after)


def test_unknown_change_is_refused() -> None:
    with pytest.raises(ValueError, match=r"setups\.tp_degrees"):
        changed_instance(trio(), Repair("setups.tp_degrees", 1, 2))


def test_unknown_plan_is_strict_json_too() -> None:
    plan = told(replace(unsolved("unknown", "time"), bound=float("inf")))
    fits_schema(plan)
    assert plan.content["objective"]["bound"] is None
    with pytest.raises(NoPlanInTimeError):
        plan.demand_setup()


def test_nan_prices_become_null() -> None:
    plan = told(
        solved(
            trio(), shadow_prices=ShadowPrices(float("nan"), (float("nan"), 1.0), (None,), ("why",))
        )
    )
    fits_schema(plan)
    assert plan.content["shadow_prices"] == {
        "arrival_rate_rps": None,
        "slo": [None, 0.001],
        "pools": {"a100": None},
        "notes": ["why"],
    }


def test_written_plan_reads_back_and_finds_its_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    plan = build_plan(loaded(trio(), path="case/scenario.yaml"), solved(trio()), SETTINGS, {})
    write_json(plan, "out/plan.json")
    back = read_plan(tmp_path / "out" / "plan.json")
    assert back.content == {**plan.content, "scenario_path": "../case/scenario.yaml"}
    assert os.listdir("out") == ["plan.json"]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")
    plan = told()
    with pytest.raises(ValueError, match="JSON"):
        write_json(Plan({**plan.content, "quality": float("nan")}), target)
    assert (target.read_text(), os.listdir(tmp_path)) == ("old", ["plan.json"])


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1, "quality": NaN}', '{"schema": 2}', "[]"])
def test_what_is_no_plan_is_a_data_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DataError, match="plan"):
        read_plan(tmp_path / "plan.json")


def test_missing_plan_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_plan(tmp_path / "plan.json")


def test_tables_have_units_and_all_rows() -> None:
    frames = plan_tables(told().content)
    assert list(frames) == [
        "summary",
        "slo",
        "setup",
        "routing",
        "gpu_map",
        "shadow_prices",
        "dropped",
        "notices",
        "effort",
    ]
    assert [len(frame) for frame in frames.values()] == [14, 2, 3, 3, 6, 4, 3, 2, 10]
    setup = frames["setup"]
    assert list(setup["Utilisation (%)"]) == [50.0, 50.0, 50.0]
    assert {"TTFT mean (ms)", "TTFT p99 (ms)", "E2E mean (ms)", "Memory (GiB per GPU)"} <= set(
        setup.columns
    )
    for name, frame in frames.items():
        for column in frame.select_dtypes("number"):
            assert "(" in column or column in {"Replicas", "Node", "GPU", "Replica", "Shard"}, (
                name,
                column,
            )


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_tables_exist_without_a_plan(status: str) -> None:
    solution = infeasible(trio()) if status == "infeasible" else unsolved("unknown", "time")
    frames = plan_tables(told(solution).content)
    assert len(frames["setup"]) == 0
    assert isinstance(frames["slo"], pd.DataFrame)


def test_missing_price_means_no_cost() -> None:
    instance, solution = fleet(6)
    plan = build_plan(loaded(instance), solution, SETTINGS, {})
    fits_schema(plan)
    assert plan.content["cost_usd_per_h"] is None
    assert plan.content["gpus_used"] == 48


# --- achieved latency -----------------------------------------------------------------------------

LINE = [(0.1, 0.5), (0.2, 0.1), (0.4, 0.01)]


@pytest.mark.parametrize(
    ("limit", "share"),
    [(0.05, 1.0), (0.1, 0.5), (0.15, 0.3), (0.2, 0.1), (0.3, 0.055), (0.4, 0.01), (9.0, 0.01)],
)
def test_share_above_reads_the_line(limit: float, share: float) -> None:
    assert share_above(LINE, limit) == pytest.approx(share)


def test_equal_percentiles_take_the_smaller_share() -> None:
    assert share_above([(0.1, 0.5), (0.2, 0.1), (0.2, 0.05)], 0.2) == 0.05


@given(
    st.lists(
        st.tuples(st.floats(0.001, 1.0), st.floats(0.0, 1.0), st.just(0.0) | st.floats(0.01, 60.0)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["p50", "p90", "p99"]),
)
def test_achieved_percentile_is_the_smallest_that_keeps_the_promise(
    parts: list[tuple[float, float, float]], statistic: str
) -> None:
    running = []
    for mean, spread, rate in parts:
        base = np.array([1.0, 1.2])
        columns = {
            ("ttft", p): mean * base * (1 + spread * k) for k, p in enumerate(["p50", "p90", "p99"])
        }
        running.append(
            OperatingPoint(Curve(np.array([0.0, 60.0]), columns, ("measured",) * 2), rate, rate)
        )
    total = sum(one.rate for one in running)
    achieved = achieved_latency(running, Slo("ttft", statistic, 1.0))
    if total == 0:
        assert achieved is None
        return
    assert achieved is not None
    promised = {"p50": 0.5, "p90": 0.1, "p99": 0.01}[statistic]

    def above(limit: float) -> float:
        lines = (
            [
                (float(np.interp(one.rate, one.curve.rates, one.curve.latency["ttft", p])), s)
                for p, s in SHARES
            ]
            for one in running
        )
        return (
            sum(
                one.rate * share_above(line, limit)
                for one, line in zip(running, lines, strict=True)
            )
            / total
        )

    assert above(achieved * (1 + 1e-9)) <= promised + 1e-6
    assert above(achieved * (1 - 1e-6)) >= promised - 1e-4


SHARES = [("p50", 0.5), ("p90", 0.1), ("p99", 0.01)]


def test_provenance_is_the_weaker_of_the_bracketing_points() -> None:
    c = curve(0.1, ("estimated", "measured", "interpolated"))
    assert [provenance_at(c, rate) for rate in (0.0, 5.0, 10.0, 20.0, 40.0, 41.0)] == [
        "estimated",
        "estimated",
        "measured",
        "interpolated",
        "interpolated",
        "interpolated",
    ]


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (412.5, "412.5"),
        (12345.6, "12,346"),
        (0.00123, "0.001230"),
        (-3.0, "-3.000"),
        (9.9999, "10.00"),
    ],
)
def test_numbers_have_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("gap", "text"),
    [(None, "unknown"), (0.0, "0 %"), (3e-9, "below 0.001 %"), (5e-5, "0.0050 %"), (0.05, "5.0 %")],
)
def test_gaps_are_told_in_per_cent(gap: float | None, text: str) -> None:
    assert format_gap(gap) == text


def test_verdict_tells_status_value_bound_gap_and_time() -> None:
    assert (
        verdict_line(told().content)
        == "optimal: quality 0.90000 found, best possible 0.90000 (gap 0 %), 1.4 s"
    )
    late = told(unsolved("unknown", "time")).content
    assert (
        verdict_line(late)
        == "unknown: stopped by the time limit before a plan was found (1.4 s); best possible"
        " 0.91000"
    )


def test_notes_on_prices_name_the_slos() -> None:
    prices = ShadowPrices(
        None, (None, None), (None,), ("slo.1: a limit on each LLM cuts the curves", "slopes alone")
    )
    content = build_plan(loaded(trio()), solved(trio(), shadow_prices=prices), SETTINGS, {}).content
    assert shadow_price_lines(content) == [
        "the SLO on p99 TTFT of each LLM: a limit on each LLM cuts the curves",
        "slopes alone",
    ]


def test_sources_alike_are_told_once() -> None:
    content = told().content
    sources = [
        "a tp1: made; to 5 req/s",
        "b tp2: made; to 7 req/s",
        "bench: 1.json; bench: 2.json",
        "bench: 3.json",
        "note of May",
    ]
    lines = provenance_lines({**content, "context": {**content["context"], "sources": sources}})
    assert lines[2:] == [
        "Source of 2 curves: made. a tp1: to 5 req/s; b tp2: to 7 req/s",
        "Source: bench: 1.json, 2.json, 3.json; note of May",
    ]


def test_repairs_are_told_with_numbers() -> None:
    _, repairs = conflict_lines(told(infeasible(trio())).content)
    assert repairs == [
        ("raise the SLO on mean TTFT from 10 to 412.5 ms", "slo.0.limit_ms=412.5"),
        ("add 1 node to pool a100 (2 instead of 1)", "pools.0.nodes=2"),
        ("drop to 41.3 req/s (from 60)", "arrival_rate_rps=41.3"),
    ]


def test_repairs_of_replicas_and_compute_are_told_with_names() -> None:
    content = told().content

    def words(change: str, before: float, after: float, told: Any = content) -> str:
        return repair_text(told, {"change": change, "from": before, "to": after})

    assert words("llms.0.max_replicas", 1, 4) == "allow 4 replicas of mistral-7b (1 now)"
    assert words("llms.1.min_replicas", 2, 1) == "require only 1 replica of wizardlm-13b (2 now)"
    assert (
        words("setups.min_gpu_utilization_pct", 75, 50)
        == "lower the minimum of compute given out from 75 to 50 %"
    )
    older = {
        **content,
        "context": {key: value for key, value in content["context"].items() if key != "llms"},
    }
    assert words("llms.0.max_replicas", 1, 4, older) == "change llms.0.max_replicas from 1 to 4"


def test_dropped_options_are_counted_by_reason() -> None:
    assert dropped_lines(told().content) == [
        "2 of yi-34b: e.g. needs 75.6 GiB on each GPU, 72 GiB may be filled",
        "1 of mistral-7b: lacks the column ttft_mean_ms that an SLO needs",
    ]
