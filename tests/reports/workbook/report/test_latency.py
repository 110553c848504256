"""The sheet Latency: many columns in a table per metric."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import range_boundaries

from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan
from planner.plans.tables import plan_tables
from tests.support.plans.report_cases import planned, texts, written


def with_many_latencies(folder: Path, small: PlanAndScenario) -> Path:
    """The small scenario in a folder, its profiles with eight columns of latencies."""
    own = small.loaded.scenario.path.parent
    profiles, tails = pd.read_csv(own / "profiles.csv"), {"p50": 0.8, "p90": 2.0, "p95": 2.5}
    for name, factor in tails.items():
        profiles[f"ttft_{name}_ms"] = factor * profiles["ttft_mean_ms"]
    for name, factor in {"mean": 0.1, **tails}.items():
        profiles[f"tpot_{name}_ms"] = 0.1 * factor * profiles["ttft_mean_ms"]
    profiles.to_csv(folder / "profiles.csv", index=False)
    for name in ("scenario.yaml", "scores.csv"):
        (folder / name).write_text((own / name).read_text(encoding="utf-8"), encoding="utf-8")
    return folder / "scenario.yaml"


def test_rates_and_charts_are_all_on_paper(tmp_path: Path, small: PlanAndScenario) -> None:
    """With headroom figures say at which rate they are; a chart beyond the last printed column
    would be cut off.
    """
    source = planned(
        with_many_latencies(tmp_path, small),
        "headroom={rate_pct: 20}",
        "slo=[{metric: ttft, statistic: mean, limit_ms: 300}, {metric: tpot, statistic: p95,"
        " limit_ms: 900, scope: each_llm}]",
    )
    path = written(source, tmp_path / "two.xlsx")
    book = openpyxl.load_workbook(path, data_only=True)
    stated, more = source.plan.content["context"]["arrival_rate_rps"], 20
    at = f"Achieved: planned at {1.2 * stated:g} req/s ({stated:g} + {more} % headroom)."
    assert at in texts(path, "Latency")
    assert at in texts(path, "Summary")
    figures = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    assert figures["Rate planned for"] == pytest.approx(1.2 * stated)
    sheet = book["Latency"]
    assert len(sheet._charts) == 2
    printed = range_boundaries(sheet.print_area.partition("!")[2].replace("$", ""))[2]
    assert max(chart.anchor.to.col for chart in sheet._charts) < printed
    heads = set(texts(path, "Latency"))
    assert {"all requests together", "each LLM alone"} <= heads
    assert not any(text.startswith("A latency that is blank") for text in heads)
    assert {"Alone keeps SLO 1: mean TTFT", "Keeps SLO 2: p95 TPOT of each LLM"} <= heads


def test_a_blank_latency_has_its_reason(tmp_path: Path, small: PlanAndScenario) -> None:
    scenario = with_many_latencies(tmp_path, small)
    profiles = pd.read_csv(tmp_path / "profiles.csv")
    profiles.loc[profiles["llm"] == profiles["llm"].iloc[-1], "ttft_p95_ms"] = None
    profiles.to_csv(tmp_path / "profiles.csv", index=False)
    source = planned(scenario, "slo=[]", "arrival_rate_rps=25")
    assert len(source.plan.content["options"]) > 1
    said = [
        text
        for text in texts(written(source, tmp_path / "blank.xlsx"), "Latency")
        if text.startswith("A latency that is blank is not stated")
    ]
    assert len(said) == 1


def test_estimates_stand_only_where_nothing_was_planned_again(
    tmp_path: Path, small: PlanAndScenario
) -> None:
    """Both methods beside each other would contradict each other."""
    content: Any = deepcopy(dict(small.plan.content))
    one = {"change": "slo.0.limit_ms", "from": 300, "to": 310, "status": "optimal"}
    content["context"]["marginals"] = [
        {**one, "value": 0.7, "bound": 0.7, "difference": 0.0, "certain": False}
    ]
    again = texts(written(replace(small, plan=Plan(content)), tmp_path / "again.xlsx"), "Routing")
    alone = texts(written(small, tmp_path / "alone.xlsx"), "Routing")
    assert any(text.startswith("•  No measurable effect on the ") for text in again)
    assert "none measurable" in again
    assert not any("+10 ms for the SLO" in text and "No measurable" not in text for text in again)
    assert any(text.startswith("•  +10 ms for the SLO") for text in alone)
    assert not any("planned again" in text for text in alone)


def test_many_latencies_are_in_one_table_per_metric(tmp_path: Path, small: PlanAndScenario) -> None:
    """Eight columns are two tables of a page's width, and the charts and the live figures are as
    before.
    """
    source = planned(
        with_many_latencies(tmp_path, small),
        "slo=[{metric: ttft, statistic: mean, limit_ms: 300}, {metric: tpot, statistic: p95,"
        " limit_ms: 500}]",
    )
    path = written(source, tmp_path / "many.xlsx")
    sheet = openpyxl.load_workbook(path, data_only=True)["Latency"]
    assert {"TTFT at the operating points", "TPOT at the operating points"} <= set(
        texts(path, "Latency")
    )
    heads = [
        [value for value in row if value]
        for row in sheet.iter_rows(max_col=11, values_only=True)
        if row[0] == "LLM"
    ]
    assert [[head for head in row if head.endswith("(ms)")] for row in heads] == [
        [f"{metric} {name} (ms)" for name in names]
        for metric, names in (
            ("TTFT", ("mean", "p50", "p90", "p95")),
            ("TPOT", ("p95", "mean", "p50", "p90")),
        )
    ]
    setup = plan_tables(source.plan.content)["setup"]
    reported = [row for row in sheet.iter_rows(values_only=True) if row[0] in set(setup["LLM"])]
    assert [row[4] for row in reported] == pytest.approx(
        [*setup["TTFT mean (ms)"], *setup["TPOT p95 (ms)"]]
    )
