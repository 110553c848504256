"""Charts of the pages What-if and Setups: frontiers, changes one at a time, the histogram of
setups.

Numbers come from named tables.
"""

import altair as alt
import pandas as pd
import streamlit as st

from app_pages.charts.report import Drawn, ink, limit_colour
from planner.presentation.frontier import THIS
from planner.presentation.setup_listing import QUALITY

__all__ = ["CHOSEN", "changes", "frontier", "histogram", "places"]

CHOSEN = "chosen"
"""Name of the selection of a frontier's point; its field is Row."""
LINE, OTHER = "#0072B2", "#E69F00"
STATES = {
    "optimal": "circle",
    "feasible": "triangle-up",
    "infeasible": "cross",
    "unknown": "stroke",
    "bad input": "square",
}


def quiet() -> str:
    """Colour of what stands behind."""
    return "#9AA7B4" if st.context.theme.type == "dark" else "#5A6672"


def frontier(frame: pd.DataFrame, measure: str) -> Drawn:
    """One measure over the varied field; points can be clicked, the plan shown is a diamond, points
    without a plan stand at the bottom.
    """
    label = str(frame.columns[0])
    bound = next(
        (str(head) for head in frame.columns if str(head).startswith("Best possible")), None
    )
    first = next((str(head) for head in frame.columns if str(head).startswith("Found")), None)
    shown = pd.DataFrame(
        {
            "At": frame[label],
            "Value": frame[measure] if measure in frame else None,
            "Status": frame["Status"],
        }
    )
    shown = shown.assign(Row=range(len(frame)), Reason=frame["Reason"], Mark=frame[THIS])
    if measure == first and bound is not None:
        shown["Best possible"] = frame[bound]
    numeric = pd.api.types.is_numeric_dtype(frame[label])
    scale = alt.Scale(zero=False) if numeric else alt.Undefined
    x = alt.X(
        "At:Q" if numeric else "At:N",
        title=label,
        sort=None,
        scale=scale,
        axis=alt.Axis(tickCount=8, labelOverlap=True),
    )
    y = alt.Y("Value:Q", title=measure, scale=alt.Scale(zero=False, padding=12))
    tips = [
        alt.Tooltip("At", title=label),
        alt.Tooltip("Value:Q", title=measure, format=",.6g"),
        alt.Tooltip("Status:N"),
        alt.Tooltip("Reason:N"),
    ]
    good, none = shown[shown["Value"].notna()], shown[shown["Value"].isna()]
    click = alt.selection_point(name=CHOSEN, fields=["Row"], on="click", empty=False)
    states = [state for state in STATES if state in set(shown["Status"])]
    shape = alt.Shape(
        "Status:N",
        scale=alt.Scale(domain=states, range=[STATES[state] for state in states]),
        legend=alt.Legend(title="Status", orient="bottom") if len(states) > 1 else None,
    )
    base = alt.Chart(good).encode(x=x, y=y, tooltip=tips)
    layers: list[alt.Chart] = [base.mark_line(color=LINE, strokeWidth=2)]
    if "Best possible" in shown:
        layers.append(
            alt.Chart(good)
            .mark_line(color=quiet(), strokeDash=[5, 4])
            .encode(x=x, y=alt.Y("Best possible:Q", title=measure))
        )
    if len(none):
        layers.append(
            alt.Chart(none)
            .mark_point(size=110, filled=False, strokeWidth=2, color=limit_colour())
            .encode(x=x, y=alt.value(300), shape=shape, tooltip=[tips[0], *tips[2:]])
        )
    here = good[good["Mark"] != ""]
    if len(here):
        layers.append(
            alt.Chart(here)
            .mark_point(size=420, shape="diamond", strokeWidth=3, color=OTHER, opacity=1)
            .encode(x=x, y=y)
        )
        layers.append(
            alt.Chart(here)
            .mark_text(dy=-20, fontSize=12, fontWeight="bold", color=ink())
            .encode(x=x, y=y, text=alt.Text("Mark:N"))
        )
    layers.append(
        base.mark_point(size=130, filled=True, color=LINE, opacity=1, cursor="pointer")
        .encode(shape=shape)
        .add_params(click)
    )
    told = (
        "; ".join(f"{at}: {value:.6g}" for at, value in zip(good["At"], good["Value"], strict=True))
        or "no point has a plan"
    )
    missing = f" No plan at {', '.join(map(str, none['At']))}." if len(none) else ""
    words = f"{measure} over {label}. {told}.{missing}"
    return alt.layer(*layers).properties(height=340), words


def changes(frame: pd.DataFrame) -> Drawn:
    """Lying bars: by how much the objective changes for each changed input; what has no plan is
    told in words.
    """
    measure = next(str(head) for head in frame.columns if str(head).startswith("Change of"))
    shown = pd.DataFrame(
        {
            "Changed": frame["Changed"],
            "Change": frame[measure].astype(float),
            "Status": frame["Status"],
        }
    )
    pairs = zip(shown["Change"], shown["Status"], strict=True)
    shown["Label"] = [f"{change:+.3g}" if pd.notna(change) else status for change, status in pairs]
    shown["At"] = shown["Change"].fillna(0.0)
    shown["Side"] = ["left" if at < 0 else "right" for at in shown["At"]]
    x = alt.X(
        "At:Q",
        title=measure,
        scale=alt.Scale(padding=60),
        axis=alt.Axis(tickCount=6, labelOverlap=True),
    )
    y = alt.Y("Changed:N", sort=None, title=None, axis=alt.Axis(labelLimit=170))
    base = alt.Chart(shown).encode(
        x=x, y=y, tooltip=[alt.Tooltip("Changed:N"), alt.Tooltip("Label:N", title=measure)]
    )
    layers = [base.mark_bar(color=LINE, height={"band": 0.65})]
    left, right = (
        base.transform_filter(f"datum.Side == '{side}'").encode(text=alt.Text("Label:N"))
        for side in ("left", "right")
    )
    layers.append(left.mark_text(align="right", dx=-5, fontSize=12, color=ink()))
    layers.append(right.mark_text(align="left", dx=5, fontSize=12, color=ink()))
    told = "; ".join(
        f"{changed}: {label}"
        for changed, label in zip(shown["Changed"], shown["Label"], strict=True)
    )
    return (
        alt.layer(*layers).properties(height=60 + 30 * len(shown)),
        f"{measure} for one changed input at a time. {told}.",
    )


def histogram(frame: pd.DataFrame, marks: pd.DataFrame) -> Drawn:
    """How many listed setups reach which quality, and where the joint plan lies (the first of its
    kind in marks).
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
    bars = alt.Chart(shown).mark_bar(color=LINE, stroke="white")
    layers: list[alt.Chart] = [
        bars.encode(
            x=x,
            x2=alt.X2("High:Q"),
            y=alt.Y("Setups:Q", title="Listed setups"),
            y2=alt.datum(0),
            tooltip=tips,
        )
    ]
    plan = marks[marks["Kind"] == "plan"].rename(columns={QUALITY: "Low"})
    if len(plan):
        rule = alt.Chart(plan[["Low", "Mark"]]).encode(x=x)
        layers.append(rule.mark_rule(color=OTHER, strokeWidth=3))
        layers.append(
            rule.mark_text(
                color=ink(), align="right", dx=-6, dy=10, fontWeight="bold", fontSize=12
            ).encode(text=alt.Text("Mark:N"), y=alt.value(0))
        )
    told = "; ".join(f"{a:.4f} to {b:.4f}: {n}" for a, b, n in shown.itertuples(index=False))
    at = f" The joint plan lies at {plan['Low'].iloc[0]:.5f}." if len(plan) else ""
    return (
        alt.layer(*layers).properties(height=320),
        f"Histogram of the listed setups by quality. {told}.{at}",
    )


KINDS = {
    "plan": ("diamond", OTHER),
    "bound": ("triangle-down", "#8A97A3"),
    "setup": ("circle", LINE),
    "baseline": ("square", "#CC79A7"),
}


def places(marks: pd.DataFrame) -> Drawn:
    """Dots on one scale of quality: joint plan, best possible, best, median and worst listed setup,
    baselines.
    """
    shown = marks.rename(columns={QUALITY: "Quality"})[["Mark", "Kind", "Quality", "Note"]]
    shown = shown.assign(Label=[f"{quality:.5f}" for quality in shown["Quality"]])
    kinds = [kind for kind in KINDS if kind in set(shown["Kind"])]
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
    base = alt.Chart(shown).encode(
        x=x, y=y, tooltip=[alt.Tooltip("Mark:N"), alt.Tooltip("Label:N"), alt.Tooltip("Note:N")]
    )
    legend = alt.Legend(title="Kind", orient="bottom", columns=2)
    dots = base.mark_point(filled=True, size=150, opacity=1).encode(
        color=alt.Color(
            "Kind:N",
            scale=alt.Scale(domain=kinds, range=[KINDS[k][1] for k in kinds]),
            legend=legend,
        ),
        shape=alt.Shape(
            "Kind:N",
            scale=alt.Scale(domain=kinds, range=[KINDS[k][0] for k in kinds]),
            legend=legend,
        ),
    )
    words = base.mark_text(align="left", dx=10, fontSize=12, color=ink()).encode(
        text=alt.Text("Label:N")
    )
    told = "; ".join(
        f"{mark} {label}" for mark, label in zip(shown["Mark"], shown["Label"], strict=True)
    )
    return (
        alt.layer(dots, words).properties(height=130 + 26 * len(shown)),
        f"Quality on one scale: {told}.",
    )
