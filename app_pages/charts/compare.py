"""Charts of the page Compare: parts of the requests, and quality over what differs, of a few plans.

Numbers come from named tables.
"""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink, llm_colour_style

__all__ = ["build_quality_comparison_chart", "build_routing_comparison_chart"]

PALER = (1.0, 0.7, 0.5, 0.3)
SHAPES = ("circle", "square", "diamond", "triangle-up")
SAME_QUALITY = 1e-4
"""Scores: an axis over less would draw what the gaps leave open as a difference."""


def build_routing_comparison_chart(frame: pd.DataFrame, signs: Mapping[str, str]) -> DescribedChart:
    """Horizontal bars: for every LLM one bar per plan, paler from plan to plan, labelled with the
    plan's name and its part of the requests.
    """
    plans = [str(head) for head in frame.columns[1:]]
    rows = [
        {
            "LLM": llm,
            "Name": f"{signs.get(llm, '?')} {llm}",
            "Plan": head.removesuffix(" (%)"),
            "Part": part,
            "Order": k,
        }
        for k, head in enumerate(plans)
        for llm, part in zip(frame["LLM"], frame[head], strict=True)
    ]
    shown = pd.DataFrame(rows)
    shown["Label"] = [
        f"{part:.1f} %  {plan}" for part, plan in zip(shown["Part"], shown["Plan"], strict=True)
    ]
    x = alt.X(
        "Part:Q",
        title="Part of the requests (%)",
        scale=alt.Scale(domain=[0, 180], nice=False),
        axis=alt.Axis(values=[0, 25, 50, 75, 100]),
    )
    y = alt.Y("Name:N", sort=None, title=None, axis=alt.Axis(labelLimit=140))
    base = alt.Chart(shown).encode(
        x=x,
        y=y,
        yOffset=alt.YOffset("Order:O", sort=None),
        tooltip=[alt.Tooltip("LLM:N"), alt.Tooltip("Plan:N"), alt.Tooltip("Part:Q", format=".2f")],
    )
    paler = alt.Opacity(
        "Order:O",
        scale=alt.Scale(domain=list(range(len(plans))), range=list(PALER[: len(plans)])),
        legend=None,
    )
    bars = base.mark_bar(stroke="white").encode(color=llm_colour_style(signs, None), opacity=paler)
    labels = base.mark_text(align="left", dx=5, fontSize=12, color=ink(), limit=230).encode(
        text=alt.Text("Label:N")
    )
    text = "; ".join(f"{row['LLM']} in {row['Plan']}: {row['Part']:.1f} %" for row in rows)
    return (
        alt.layer(bars, labels).properties(height=60 + 26 * len(rows)),
        f"Part of the requests by LLM and plan: {text}.",
    )


def build_quality_comparison_chart(frame: pd.DataFrame) -> DescribedChart:
    """One point per plan. frame: plan, quality, and a number that differs."""
    across = str(frame.columns[2])
    shown = frame.set_axis(["Plan", "Quality", "Across"], axis=1).assign(Order=range(len(frame)))
    shown["Left"] = shown["Across"] <= shown["Across"].mean()
    x = alt.X(
        "Across:Q",
        title=across,
        scale=alt.Scale(zero=False, padding=60),
        axis=alt.Axis(tickCount=6, format=",.4~g"),
    )
    low, high = float(shown["Quality"].min()), float(shown["Quality"].max())
    scale = alt.Scale(zero=False, padding=30)
    if high - low < SAME_QUALITY:
        middle = (low + high) / 2
        scale = alt.Scale(domain=[middle - SAME_QUALITY, middle + SAME_QUALITY], nice=False)
    y = alt.Y("Quality:Q", title=str(frame.columns[1]), scale=scale)
    base = alt.Chart(shown).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("Plan:N"),
            alt.Tooltip("Quality:Q", format=".5f"),
            alt.Tooltip("Across:Q", title=across),
        ],
    )
    shapes = alt.Scale(domain=list(range(len(frame))), range=list(SHAPES[: len(frame)]))
    points = base.mark_point(filled=True, size=180, opacity=1, color="#0072B2").encode(
        shape=alt.Shape("Order:N", scale=shapes, legend=None)
    )
    labels = [
        base.transform_filter(f"datum.Left == {str(left).lower()}")
        .mark_text(dy=-16, align="left" if left else "right", fontSize=12, color=ink())
        .encode(text=alt.Text("Plan:N"))
        for left in (True, False)
    ]
    text = "; ".join(
        f"{row.Plan}: {row.Quality:.5f} at {row.Across:,.2f}" for row in shown.itertuples()
    )
    return (
        alt.layer(points, *labels).properties(height=300),
        f"{frame.columns[1]} over {across}: {text}.",
    )
