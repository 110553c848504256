"""The sheet Latency: many columns in a table per metric."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.tables import plan_tables
from tests.support.plans.report_cases import planned, texts, written


def test_many_latencies_are_in_one_table_per_metric(tmp_path: Path, small: PlanAndScenario) -> None:
    """Eight columns are two tables of a page's width, and the charts and the live figures are as
    before.
    """
    folder = small.loaded.scenario.path.parent
    profiles, tails = pd.read_csv(folder / "profiles.csv"), {"p50": 0.8, "p90": 2.0, "p95": 2.5}
    for name, factor in tails.items():
        profiles[f"ttft_{name}_ms"] = factor * profiles["ttft_mean_ms"]
    for name, factor in {"mean": 0.1, **tails}.items():
        profiles[f"tpot_{name}_ms"] = 0.1 * factor * profiles["ttft_mean_ms"]
    profiles.to_csv(tmp_path / "profiles.csv", index=False)
    for name in ("scenario.yaml", "scores.csv"):
        (tmp_path / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    source = planned(
        tmp_path / "scenario.yaml",
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
