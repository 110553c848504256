"""Charts of the page What-if: a frontier, and a tornado."""

from typing import Any

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink, limit_colour, quiet_colour
from planner.presentation.frontier import THIS
from reports.style import unit_style

__all__ = ["CHOSEN", "build_what_if_frontier_chart", "build_what_if_tornado_chart"]

CHOSEN = "chosen"
"""Name of the selection of a frontier's point; its field is Row."""
LINE, MARK = "#0072B2", "#E69F00"
STATES = {
    "optimal": "circle",
    "feasible": "triangle-up",
    "infeasible": "cross",
    "unknown": "stroke",
    "bad input": "square",
}


def build_what_if_frontier_chart(frame: pd.DataFrame, measure: str) -> DescribedChart:
    """One measure over the varied field; points can be clicked, the plan shown is a diamond, points
    without a plan are at the bottom.

    frame: of planner.presentation.frontier.frontier_table; measure: one of its columns.
    """
    label = str(frame.columns[0])
    shown = _what_if_frontier_rows(frame, measure)
    planned, unplanned = shown[shown["Value"].notna()], shown[shown["Value"].isna()]
    numeric = pd.api.types.is_numeric_dtype(frame[label])
    x = alt.X(
        "At:Q" if numeric else "At:N",
        title=label,
        sort=None,
        scale=alt.Scale(zero=False) if numeric else alt.Undefined,
        axis=alt.Axis(tickCount=8, labelOverlap=True),
    )
    y = alt.Y("Value:Q", title=measure, scale=alt.Scale(zero=False, padding=12))
    tips: list[Any] = [
        alt.Tooltip("At", title=label),
        alt.Tooltip("Value:Q", title=measure, format=",.6g"),
        alt.Tooltip("Status:N"),
        alt.Tooltip("Reason:N"),
    ]
    shape = _what_if_status_shape(shown)
    base = alt.Chart(planned).encode(x=x, y=y, tooltip=tips)
    layers: list[alt.Chart] = [base.mark_line(color=LINE, strokeWidth=2)]
    if "Best possible" in shown:
        bound = alt.Chart(planned).mark_line(color=quiet_colour(), strokeDash=[5, 4])
        layers.append(bound.encode(x=x, y=alt.Y("Best possible:Q", title=measure)))
    if len(unplanned):
        crosses = alt.Chart(unplanned).mark_point(
            size=110, filled=False, strokeWidth=2, color=limit_colour()
        )
        # 300 pixels down is just above the axis of a chart of 340.
        tips_without_value = [tips[0], *tips[2:]]
        layers.append(
            crosses.encode(x=x, y=alt.value(300), shape=shape, tooltip=tips_without_value)
        )
    layers += _marked_what_if_points(planned[planned["Mark"] != ""], x, y)
    click = alt.selection_point(name=CHOSEN, fields=["Row"], on="click", empty=False)
    points = base.mark_point(size=130, filled=True, color=LINE, opacity=1, cursor="pointer")
    layers.append(points.encode(shape=shape).add_params(click))
    return alt.layer(*layers).properties(height=340), _what_if_frontier_text(label, measure, shown)


def _what_if_frontier_rows(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Value, status, reason and mark of every point, with the bound where the measure is the
    objective.
    """
    heads = [str(head) for head in frame.columns]
    bound = next((head for head in heads if head.startswith("Best possible")), None)
    objective = next((head for head in heads if head.startswith("Found")), None)
    shown = pd.DataFrame(
        {
            "At": frame[heads[0]],
            "Value": frame[measure] if measure in frame else None,
            "Status": frame["Status"],
            "Row": range(len(frame)),
            "Reason": frame["Reason"],
            "Mark": frame[THIS],
        }
    )
    if measure == objective and bound is not None:
        shown["Best possible"] = frame[bound]
    return shown


def _what_if_status_shape(shown: pd.DataFrame) -> alt.Shape:
    states = [state for state in STATES if state in set(shown["Status"])]
    return alt.Shape(
        "Status:N",
        scale=alt.Scale(domain=states, range=[STATES[state] for state in states]),
        legend=alt.Legend(title="Status", orient="bottom") if len(states) > 1 else None,
    )


def _marked_what_if_points(here: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """A diamond around the plan shown, with its name."""
    if not len(here):
        return []
    base = alt.Chart(here).encode(x=x, y=y)
    return [
        base.mark_point(size=420, shape="diamond", strokeWidth=3, color=MARK, opacity=1),
        base.mark_text(dy=-20, fontSize=12, fontWeight="bold", color=ink()).encode(
            text=alt.Text("Mark:N")
        ),
    ]


def _what_if_frontier_text(label: str, measure: str, shown: pd.DataFrame) -> str:
    planned, unplanned = shown[shown["Value"].notna()], shown[shown["Value"].isna()]
    points = "; ".join(
        f"{at}: {value:.6g}" for at, value in zip(planned["At"], planned["Value"], strict=True)
    )
    missing = f" No plan at {', '.join(map(str, unplanned['At']))}." if len(unplanned) else ""
    return f"{measure} over {label}. {points or 'no point has a plan'}.{missing}"


def build_what_if_tornado_chart(frame: pd.DataFrame) -> DescribedChart:
    """A bar for each end of each input, by how much the objective changes there, in the order of
    the ranks; what has no plan gets that as a label.

    frame: of planner.presentation.sensitivity.tornado.tornado_table, with a row.
    """
    measure = next(str(head) for head in frame.columns if str(head).startswith("Change ("))
    changes = frame[measure].astype(float)
    labels = [
        _tornado_label(measure, change, certain=certain) if pd.notna(change) else status
        for change, certain, status in zip(changes, frame["Certain"], frame["Status"], strict=True)
    ]
    moved = zip(frame["Moved to"], frame["Today"], strict=True)
    ends = ["less" if value < today else "more" for value, today in moved]
    shown = pd.DataFrame(
        {
            "Input": frame["Input"],
            "End": ends,
            "Moved": [
                f"{value:.4g} {unit}"
                for value, unit in zip(frame["Moved to"], frame["Unit"], strict=True)
            ],
            "Label": labels,
            "At": changes.fillna(0.0),
        }
    )
    x = alt.X(
        "At:Q",
        title=measure,
        # Room for the words at the right edge.
        scale=alt.Scale(padding=70),
        axis=alt.Axis(tickCount=6, labelOverlap=True),
    )
    y = alt.Y("Input:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    look = alt.Color(
        "End:N",
        scale=alt.Scale(domain=["less", "more"], range=[LINE, MARK]),
        legend=alt.Legend(title="Input moved to", orient="bottom"),
    )
    tips = [alt.Tooltip(f"{name}:N") for name in ("Input", "Moved")]
    base = alt.Chart(shown).encode(
        y=y,
        yOffset=alt.YOffset("End:N", sort=["less", "more"]),
        tooltip=[*tips, alt.Tooltip("Label:N", title=measure)],
    )
    # The words stand at the right edge: beside a short bar they would lie over another.
    texts = base.mark_text(align="right", fontSize=11, color=ink(), dx=-2)
    layers = [
        base.mark_bar().encode(x=x, color=look),
        texts.encode(x=alt.value(alt.ExprRef("width")), text=alt.Text("Label:N")),
    ]
    words = "; ".join(
        f"{name} {at}: {label}"
        for name, at, label in zip(shown["Input"], shown["Moved"], labels, strict=True)
    )
    count = shown["Input"].nunique()
    return (
        # Beside the inputs there are the axis, its title and a legend.
        alt.layer(*layers).properties(height=150 + 34 * count),
        f"{measure} for one input at a time, the one that moves the plan most first. {words}.",
    )


def _tornado_label(measure: str, change: float, *, certain: bool) -> str:
    """A change with the decimals that the command prints; what is less than the last one is 0."""
    text = f"{change:+,.{2 if unit_style(measure) == 'USD/h' else 5}f}"
    if not text.strip("+-0."):
        return "0"
    return text if certain else f"{text} ?"
