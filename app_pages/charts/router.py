"""Charts of the page Router: prices and fractions over load, and gains with their intervals."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, dash_style_by, ink, limit_colour, shape_style_by
from reports.style import style_of_llms

__all__ = ["MEASURES", "build_router_gains_chart", "build_router_load_chart"]

MEASURES = ["Dual price (score)", "Fraction (%)"]
RATE = "Rate (% of planned)"
GOOD = {"better": "#1B7F4B", "worse": "#C0392B", "within noise": "#7A8793"}
SIGNS = {"better": "triangle-up", "worse": "triangle-down", "within noise": "circle"}


def build_router_load_chart(
    frame: pd.DataFrame, held_pct: float, signs: Mapping[str, str], measure: str
) -> DescribedChart:
    """A line an LLM over the rate; rules at the planned rate and at the highest rate at which the
    SLOs hold.

    held_pct: that rate in % of the planned one; measure: of MEASURES.
    """
    looks = style_of_llms(signs)
    known = frame[frame[measure].notna()]
    names = [llm for llm in looks if (known["LLM"] == llm).any()]
    legend = alt.Legend(title="LLM", orient="bottom", columns=2, labelLimit=260)
    scale = alt.Scale(domain=names, range=[looks[name].colour for name in names])
    colour = alt.Color("LLM:N", scale=scale, legend=legend)
    x = alt.X(f"{RATE}:Q", scale=alt.Scale(zero=False, nice=False, padding=12))
    numbers = alt.Tooltip(f"{measure}:Q", format=",.4f" if "score" in measure else ",.1f")
    tips: list[Any] = [
        alt.Tooltip("LLM:N"),
        alt.Tooltip(f"{RATE}:Q", format=".1f"),
        alt.Tooltip("Rate (req/s):Q", format=",.2f"),
        numbers,
    ]
    line = alt.Chart(known).encode(x=x, y=alt.Y(f"{measure}:Q"), color=colour, tooltip=tips)
    held_words = f"SLOs hold up to {held_pct:.1f} %"
    marks = pd.DataFrame(
        [
            {RATE: 100.0, "Label": "planned", "y": -22},
            {RATE: held_pct, "Label": held_words, "y": -8},
        ]
    )
    rule = alt.Chart(marks).encode(x=f"{RATE}:Q")
    layers = [
        line.mark_line(strokeWidth=2).encode(strokeDash=dash_style_by("LLM", names, legend)),
        line.mark_point(size=36, filled=True).encode(shape=shape_style_by("LLM", names, legend)),
        rule.mark_rule(color=limit_colour(), strokeDash=[6, 4], strokeWidth=2),
        rule.mark_text(color=limit_colour(), align="right", dx=4, fontSize=12).encode(
            y=alt.Y("y:Q", scale=None), text=alt.Text("Label:N")
        ),
    ]
    ends = [part.sort_values(RATE) for _, part in known.groupby("LLM", sort=False)]
    text = "; ".join(
        f"{part['LLM'].iloc[0]} from {part[measure].iloc[0]:,.4g} at {part[RATE].iloc[0]:,.0f} % to"
        f" {part[measure].iloc[-1]:,.4g} at {part[RATE].iloc[-1]:,.1f} %"
        for part in ends
    )
    return (
        alt.layer(*layers).properties(height=380),
        f"{measure} over the rate: {text}. The SLOs hold up to {held_pct:.1f} %.",
    )


def build_router_gains_chart(frame: pd.DataFrame, *, graded: bool) -> DescribedChart:
    """A mark a comparison with its 95 % interval, and a rule at no gain.

    graded: whether the scores are grades, else predictions.
    """
    shown = frame.assign(
        Name=[f"{a} ({b})" if b else a for a, b in zip(frame["Against"], frame["LLM"], strict=True)]
    )
    title = f"Router gains ({'graded' if graded else 'predicted'} score)"
    words = list(GOOD)
    colour = alt.Color(
        "Verdict:N",
        scale=alt.Scale(domain=words, range=list(GOOD.values())),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    shape = alt.Shape(
        "Verdict:N",
        scale=alt.Scale(domain=words, range=list(SIGNS.values())),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    y = alt.Y("Name:N", sort=None, title=None, axis=None)
    figures = ("Router gains (score)", "From (score)", "To (score)")
    tips: list[Any] = [
        alt.Tooltip("Name:N"),
        *(alt.Tooltip(f"{name}:Q", format="+.4f") for name in figures),
        alt.Tooltip("Verdict:N"),
    ]
    base = alt.Chart(shown).encode(y=y, tooltip=tips, color=colour)
    zero = (
        alt.Chart(pd.DataFrame([{"none": 0.0}]))
        .mark_rule(color=ink(), strokeDash=[4, 4])
        .encode(x=alt.X("none:Q"))
    )
    layers = [
        zero,
        base.mark_rule(strokeWidth=3).encode(
            x=alt.X("From (score):Q", title=title, axis=alt.Axis(grid=False)), x2="To (score):Q"
        ),
        base.mark_point(size=120, filled=True, opacity=1).encode(
            x="Router gains (score):Q", shape=shape
        ),
        alt.Chart(shown)
        .mark_text(align="left", x=0, dy=-16, fontSize=12, color=ink())
        .encode(y=y, text=alt.Text("Name:N")),
    ]
    text = "; ".join(
        f"against {name} {gain:+.4f} ({low:+.4f} to {high:+.4f}), {word}"
        for name, gain, low, high, word in zip(
            shown["Name"], *(shown[one] for one in figures), shown["Verdict"], strict=True
        )
    )
    return (
        alt.layer(*layers).properties(height=70 + 52 * len(shown)),
        f"What the router gains: {text}.",
    )
