"""Latency charts: operating points lie on their curves, budgets add up to what the SLO achieves."""

import itertools

import numpy as np
import pytest

from app_pages.charts.latency import (
    LEGEND_ROW_HEIGHT,
    PLOT_HEIGHT,
    build_latency_budget_chart,
    build_latency_chart,
)
from app_pages.jobs.messages import PlanView
from planner.presentation.plan.latency_budget import latency_budget_table
from tests.support.page.page_charts import rows_of


def test_operating_points_lie_on_their_curves(view: PlanView) -> None:
    slo = view.report["meta"]["slos"][0]
    rows = rows_of(build_latency_chart(view.report, slo["header"]))
    curves: dict[str, list[tuple[float, float]]] = {}
    marks = [row for row in rows if str(row.get("Provenance", "")).endswith("operating point")]
    for row in rows:
        if "Option" in row and row not in marks:
            curves.setdefault(row["Option"], []).append((row["Rate"], row["Latency"]))
    assert len(marks) == len(view.content["options"])
    for mark in marks:
        rates, values = zip(*sorted(curves[mark["Option"]]), strict=True)
        assert mark["Latency"] == pytest.approx(np.interp(mark["Rate"], rates, values))
    label = f"limit on {slo['name']}: {slo['limit_ms']:g} ms"
    assert any(row.get("Label") == label for row in rows)
    chart, _ = build_latency_chart(view.report, slo["header"])
    assert chart.title.text == [f"dashed: {label}"], "above the chart, not over a curve"
    legend = LEGEND_ROW_HEIGHT * len(curves)
    assert chart.height - legend == PLOT_HEIGHT, "however many options the legend names"


def test_a_limit_says_what_is_planned_with(view: PlanView) -> None:
    first, *slos = view.report["meta"]["slos"]
    kept = {**first, "planned_limit_ms": 0.8 * first["limit_ms"]}
    report = {**view.report, "meta": {**view.report["meta"], "slos": [kept, *slos]}}
    chart, words = build_latency_chart(report, first["header"])
    said = f"{first['limit_ms']:g} ms, planned with {0.8 * first['limit_ms']:g}"
    assert said in chart.title.text[0]
    assert said in words


def test_a_limit_far_below_the_ends_of_curves_stays_in_sight(view: PlanView) -> None:
    header = view.report["meta"]["slos"][0]["header"]
    _, *slos = view.report["meta"]["slos"]
    rows = rows_of(build_latency_chart(view.report, header))
    highest = max(row["Latency"] for row in rows)
    mark = max(
        row["Latency"] for row in rows if str(row.get("Provenance", "")).endswith("operating point")
    )
    for limit, top in ((highest, None), (highest / 10, max(3 * highest / 10, 1.1 * mark))):
        first = {**view.report["meta"]["slos"][0], "limit_ms": limit}
        meta = {**view.report["meta"], "slos": [first, *slos]}
        chart, _ = build_latency_chart({**view.report, "meta": meta}, header)
        scale = chart.to_dict()["layer"][0]["encoding"]["y"].get("scale", {})
        assert scale.get("domain") == (None if top is None else [0.0, pytest.approx(top)])


def test_the_parts_of_a_mean_add_up_to_what_is_achieved(view: PlanView) -> None:
    slo, signs = view.report["meta"]["slos"][0], view.report["meta"]["signs"]
    frame = latency_budget_table(view.content)
    chart = build_latency_budget_chart(frame[frame["SLO"] == slo["name"]], signs)
    bands = [row for row in rows_of(chart) if "Part" in row]
    assert bands[-1]["end"] == pytest.approx(slo["achieved_ms"], rel=1e-6)
    assert all(a["end"] == b["begin"] for a, b in itertools.pairwise(bands))
