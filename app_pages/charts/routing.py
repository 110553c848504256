"""Horizontal bars: the part of all requests that each LLM gets."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink, llm_colour_style, sign_and_name

__all__ = ["build_routing_chart"]

PART = "Part of the requests (%)"


def build_routing_chart(report: Mapping[str, Any]) -> DescribedChart:
    """The routing of a plan, one bar per LLM."""
    frame, signs = report["tables"]["routing"], report["meta"]["signs"]
    shown = pd.DataFrame(
        {
            "LLM": frame["LLM"],
            "Name": [sign_and_name(signs, llm) for llm in frame["LLM"]],
            PART: frame["Fraction (%)"],
            "Label": [f"{fraction:.1f} %" for fraction in frame["Fraction (%)"]],
            "Rate (req/s)": frame["Rate (req/s)"],
        }
    )
    most = max(shown[PART], default=0.0) or 1.0
    x = alt.X(
        f"{PART}:Q",
        scale=alt.Scale(domain=[0, 1.25 * most], nice=False),
        axis=alt.Axis(tickCount=8),
    )
    y = alt.Y("Name:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    tips = [
        alt.Tooltip("LLM:N"),
        alt.Tooltip("Label:N"),
        alt.Tooltip("Rate (req/s):Q", format=",.2f"),
    ]
    base = alt.Chart(shown).encode(x=x, y=y, tooltip=tips)
    bars = base.mark_bar(height={"band": 0.7}).encode(color=llm_colour_style(signs, None))
    labels = base.mark_text(align="left", dx=5, fontSize=12, color=ink()).encode(
        text=alt.Text("Label:N")
    )
    words = "; ".join(
        f"{llm} {label}" for llm, label in zip(shown["LLM"], shown["Label"], strict=True)
    )
    return (
        alt.layer(bars, labels).properties(height=max(90, 44 * len(shown) + 40)),
        f"Bar chart of the requests by LLM: {words}",
    )
