"""How charts look: the workbook's palette, one colour and one sign or shape for each LLM; and how a
chart is put on the page.

A chart is built as a pair of itself and a text that says what it shows (for `alt=`); numbers come
from named tables, nothing is computed in this package. Channels are written out
(`alt.Text("Label:N")`, not `"Label:N"`): Altair spends two milliseconds on each that is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import streamlit as st

from reports.style import style_of_llms

__all__ = [
    "DASHES",
    "SHAPES",
    "DescribedChart",
    "dash_style_by",
    "ink",
    "limit_colour",
    "llm_colour_style",
    "quiet_colour",
    "shape_style_by",
    "show_styled_chart",
    "sign_and_name",
]

DescribedChart = tuple[alt.Chart | alt.LayerChart | alt.FacetChart, str]
"""A chart and its text alternative."""

SHAPES = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def show_styled_chart(described: DescribedChart, key: str) -> None:
    """Put a chart on the page; its text describes all its marks."""
    chart, text = described
    chart = chart.copy(deep=False)
    chart.config = alt.Config(aria=False, mark=alt.MarkConfig(aria=False))
    st.altair_chart(chart, alt=text, key=key, width="stretch")


def ink() -> alt.ExprRef:
    """Colour of words on the page's background."""
    return _colour_by_theme("#31333F", "#FAFAFA")


def limit_colour() -> alt.ExprRef:
    """Colour of a rule that marks a limit, and of its words."""
    return _colour_by_theme("#B3261E", "#FF8A80")


def quiet_colour() -> alt.ExprRef:
    """Colour of the background marks."""
    return _colour_by_theme("#5A6672", "#9AA7B4")


def _colour_by_theme(light: str, dark: str) -> alt.ExprRef:
    """A colour that the browser chooses by the background, which Streamlit's theme sets: when the
    theme changes, no script need run.
    """
    return alt.ExprRef(f"luminance(background) < 0.5 ? '{dark}' : '{light}'")


def llm_colour_style(signs: Mapping[str, str], title: str | None = "LLM") -> alt.Color:
    """Colour by the column LLM, as everywhere. signs: of the LLMs, in the scenario's order."""
    looks = style_of_llms(signs)
    scale = alt.Scale(domain=list(looks), range=[look.colour for look in looks.values()])
    legend = alt.Legend(title=title, orient="bottom", columns=3) if title else None
    return alt.Color("LLM:N", scale=scale, legend=legend)


def dash_style_by(column: str, names: Sequence[str], legend: alt.Legend | None) -> alt.StrokeDash:
    """Dashes by a column, in the order of its names. legend: None for no legend."""
    dashes: list[Any] = [DASHES[k % len(DASHES)] for k in range(len(names))]
    scale = alt.Scale(domain=list(names), range=dashes)
    return alt.StrokeDash(f"{column}:N", scale=scale, legend=legend)


def shape_style_by(column: str, names: Sequence[str], legend: alt.Legend) -> alt.Shape:
    """Shapes by a column, in the order of its names."""
    shapes = [SHAPES[k % len(SHAPES)] for k in range(len(names))]
    scale = alt.Scale(domain=list(names), range=shapes)
    return alt.Shape(f"{column}:N", scale=scale, legend=legend)


def sign_and_name(signs: Mapping[str, str], llm: str) -> str:
    """An LLM as axes and legends name it."""
    return f"{signs[llm]} {llm}"
