"""Charts of the page Setups: how many setups reach which quality, and where the plan and the
baselines lie among them.
"""

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink
from planner.presentation.setup_listing import QUALITY

__all__ = ["build_setup_places_chart", "build_setups_histogram_chart"]

BAR, PLAN = "#0072B2", "#E69F00"
KINDS = {
    "plan": ("diamond", PLAN),
    "bound": ("triangle-down", "#8A97A3"),
    "setup": ("circle", BAR),
    "baseline": ("square", "#CC79A7"),
}


def build_setups_histogram_chart(frame: pd.DataFrame, marks: pd.DataFrame) -> DescribedChart:
    """How many listed setups reach which quality, and where the joint plan lies.

    frame: bins of quality, the lowest first; marks: of planner.presentation.setup_study, the plan
    being the first of its kind.
    """
    low, high = "From (mean score)", "To (mean score)"
    shown = pd.DataFrame({"Low": frame[low], "High": frame[high], "Setups": frame["Setups"]})
    x = alt.X(
        "Low:Q",
        title=f"Quality that a setup reaches at its best ({len(frame)} bins)",
        scale=alt.Scale(zero=False),
    )
    tips = [
        alt.Tooltip("Low:Q", title=low, format=".4f"),
        alt.Tooltip("High:Q", title=high, format=".4f"),
        alt.Tooltip("Setups:Q"),
    ]
    # The plan's name stands above the highest bar, on none.
    above = alt.Scale(domain=[0, 1.15 * max(1, *shown["Setups"])], nice=False)
    y = alt.Y("Setups:Q", title="Listed setups", scale=above)
    bars = alt.Chart(shown).mark_bar(color=BAR, stroke="white")
    layers: list[alt.Chart] = [
        bars.encode(x=x, x2=alt.X2("High:Q"), y=y, y2=alt.datum(0), tooltip=tips)
    ]
    plan = marks[marks["Kind"] == "plan"].rename(columns={QUALITY: "Low"})
    if len(plan):
        rule = alt.Chart(plan[["Low", "Mark"]]).encode(x=x)
        name = rule.mark_text(
            color=ink(), align="right", dx=-6, dy=10, fontWeight="bold", fontSize=12
        )
        layers.append(rule.mark_rule(color=PLAN, strokeWidth=3))
        layers.append(name.encode(text=alt.Text("Mark:N"), y=alt.value(0)))
    bins = "; ".join(f"{a:.4f} to {b:.4f}: {n}" for a, b, n in shown.itertuples(index=False))
    at = f" The joint plan lies at {plan['Low'].iloc[0]:.5f}." if len(plan) else ""
    return (
        alt.layer(*layers).properties(height=320),
        f"Histogram of the listed setups by quality. {bins}.{at}",
    )


def build_setup_places_chart(marks: pd.DataFrame) -> DescribedChart:
    """Dots on one scale of quality: joint plan, best possible, best, median and worst listed setup,
    baselines.
    """
    shown = marks.rename(columns={QUALITY: "Quality"})[["Mark", "Kind", "Quality", "Note"]]
    shown = shown.assign(Label=[f"{quality:.5f}" for quality in shown["Quality"]])
    x = alt.X(
        "Quality:Q",
        title=QUALITY,
        scale=alt.Scale(zero=False, padding=50),
        axis=alt.Axis(tickCount=8, labelOverlap=True),
    )
    y = alt.Y(
        "Mark:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=160, grid=True, labelOverlap=False),
    )
    tips = [alt.Tooltip("Mark:N"), alt.Tooltip("Label:N"), alt.Tooltip("Note:N")]
    base = alt.Chart(shown).encode(x=x, y=y, tooltip=tips)
    kinds = [kind for kind in KINDS if kind in set(shown["Kind"])]
    legend = alt.Legend(title="Kind", orient="bottom", columns=2)
    shapes, colours = ([KINDS[kind][k] for kind in kinds] for k in (0, 1))
    dots = base.mark_point(filled=True, size=150, opacity=1).encode(
        color=alt.Color("Kind:N", scale=alt.Scale(domain=kinds, range=colours), legend=legend),
        shape=alt.Shape("Kind:N", scale=alt.Scale(domain=kinds, range=shapes), legend=legend),
    )
    labels = base.mark_text(align="left", dx=10, fontSize=12, color=ink()).encode(
        text=alt.Text("Label:N")
    )
    words = "; ".join(
        f"{mark} {label}" for mark, label in zip(shown["Mark"], shown["Label"], strict=True)
    )
    return (
        alt.layer(dots, labels).properties(height=130 + 26 * len(shown)),
        f"Quality on one scale: {words}.",
    )
