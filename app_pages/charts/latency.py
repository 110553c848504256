"""Latency curves of the deployed options with operating points and limits, and how the options
share what an SLO allows.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from app_pages.charts.style import (
    DescribedChart,
    dash_style_by,
    limit_colour,
    llm_colour_style,
    shape_style_by,
    sign_and_name,
)
from reports.content import Report, ReportSlo
from reports.series import RATE, share_series_text, span_series
from reports.style import style_of_llms

__all__ = ["build_latency_budget_chart", "build_latency_chart"]

Row = dict[str, Any]

OPERATING: dict[str, Any] = {
    "size": 190,
    "filled": True,
    "shape": "diamond",
    "stroke": "#7F7F7F",
    "strokeWidth": 2,
    "opacity": 1,
}
"""The mark of an operating point."""
DASHED: dict[str, Any] = {"strokeDash": [6, 4], "strokeWidth": 2}
"""The rule of a limit."""


MOST_LIMITS = 3
"""Up to so many times a limit curves are drawn."""
PLOT_HEIGHT, LEGEND_ROW_HEIGHT = 370, 30
"""Pixels: the legend is part of a chart's height, and would leave the curves of many options flat.
"""


def build_latency_chart(report: Report, header: str) -> DescribedChart:
    """Curves of the deployed options by the rate of one replica, their operating points, and the
    limits on this latency. header: of the latency's column.
    """
    lines, marks = _latency_curve_rows(report, header), _operating_latency_rows(report, header)
    options = list(dict.fromkeys(row["Option"] for row in lines))
    legend = alt.Legend(title="Option", orient="bottom", columns=1, labelLimit=340)
    looks = style_of_llms(report["meta"]["signs"])
    llms = {row["Option"]: row["LLM"] for row in lines}
    colours = [looks[llms[option]].colour for option in options]
    colour = alt.Color("Option:N", scale=alt.Scale(domain=options, range=colours), legend=legend)
    tips: list[Any] = [
        alt.Tooltip("Option:N"),
        alt.Tooltip("Rate:Q", format=",.2f"),
        alt.Tooltip("Latency:Q", format=",.1f", title=header),
        alt.Tooltip("Provenance:N"),
    ]
    limits = [
        {"Latency": slo["limit_ms"], "Label": _limit_in_words(slo)}
        for slo in report["meta"]["slos"]
        if slo["header"] == header
    ]
    x = alt.X("Rate:Q", title="Rate of one replica (req/s)")
    y = alt.Y("Latency:Q", title=header, scale=_latency_scale(lines, marks, limits))
    curve = alt.Chart(pd.DataFrame(lines)).encode(x=x, y=y, color=colour, tooltip=tips)
    layers: list[alt.Chart] = [
        curve.mark_line(strokeWidth=2, clip=True).encode(
            strokeDash=dash_style_by("Option", options, legend)
        ),
        curve.mark_point(size=28, filled=True, opacity=0.8, clip=True).encode(
            shape=shape_style_by("Option", options, legend)
        ),
        alt.Chart(pd.DataFrame(marks))
        .mark_point(**OPERATING)
        .encode(x=alt.X("Rate:Q"), y=alt.Y("Latency:Q"), color=colour, tooltip=tips),
    ]
    # Above the chart: within it the words would lie over a curve.
    head: dict[str, Any] = {}
    if limits:
        rule = alt.Chart(pd.DataFrame(limits)).encode(
            y=alt.Y("Latency:Q"), tooltip=[alt.Tooltip("Label:N", title="Dashed")]
        )
        layers.append(rule.mark_rule(color=limit_colour(), **DASHED))
        texts = [f"dashed: {limit['Label']}" for limit in limits]
        title = alt.TitleParams(
            texts, anchor="start", color=limit_colour(), fontSize=12, fontWeight="normal"
        )
        head = {"title": title}
    points = "; ".join(row["Words"] for row in marks)
    words = f"Curves of {header} by the rate of one replica. Operating points: {points}."
    height = PLOT_HEIGHT + LEGEND_ROW_HEIGHT * len(options)
    chart = alt.layer(*layers).properties(height=height, **head)
    return chart, " ".join([words, *(f"{limit['Label']}." for limit in limits)])


def _limit_in_words(slo: ReportSlo) -> str:
    """The limit, and what the plan keeps of it where headroom is left."""
    limit, planned = slo["limit_ms"], slo.get("planned_limit_ms", slo["limit_ms"])
    kept = "" if planned == limit else f", planned with {planned:g}"
    return f"limit on {slo['name']}: {limit:g} ms{kept}"


def _latency_scale(lines: list[Row], marks: list[Row], limits: list[Row]) -> alt.Scale:
    """Curves run on far beyond a limit, which would be a line at the bottom of the chart."""
    if not limits:
        return alt.Scale()
    needed = [MOST_LIMITS * limit["Latency"] for limit in limits]
    top = max([*needed, *(1.1 * mark["Latency"] for mark in marks)])
    if not lines or max(row["Latency"] for row in lines) <= top:
        return alt.Scale()
    return alt.Scale(domain=[0.0, top], nice=False)


def _options_with_latency(report: Report, header: str) -> list[tuple[int, str, str, pd.DataFrame]]:
    """Deployed options that have a latency: position in `setup`, LLM, words, load points."""
    meta, points = report["meta"], report["tables"]["points"]
    options = []
    for k, (start, stop) in enumerate(span_series(report)):
        part, llm = points.iloc[start:stop], str(report["tables"]["setup"]["LLM"].iloc[k])
        if not part[header].isna().any():
            words = f"{sign_and_name(meta['signs'], llm)}, {meta['options'][k]}"
            options.append((k, llm, words, part))
    return options


def _latency_curve_rows(report: Report, header: str) -> list[Row]:
    """One row a load point."""
    return [
        {
            "LLM": llm,
            "Option": words,
            "Rate": float(rate),
            "Latency": float(value),
            "Provenance": provenance,
        }
        for _, llm, words, part in _options_with_latency(report, header)
        for rate, value, provenance in zip(
            part[RATE], part[header], part["Provenance"], strict=True
        )
    ]


def _operating_latency_rows(report: Report, header: str) -> list[Row]:
    """One row per option, where it runs."""
    setup, rows = report["tables"]["setup"], []
    for k, llm, words, _ in _options_with_latency(report, header):
        rate, value = setup["Rate per replica (req/s)"].iloc[k], setup[header].iloc[k]
        provenance = setup["Provenance"].iloc[k]
        option = report["meta"]["options"][k]
        rows.append(
            {
                "LLM": llm,
                "Option": words,
                "Rate": rate,
                "Latency": value,
                "Provenance": f"{provenance}, operating point",
                "Words": f"{llm} {option} at {rate:,.2f} req/s: {value:,.1f} ms, {provenance}",
            }
        )
    return rows


def build_latency_budget_chart(frame: pd.DataFrame, signs: Mapping[str, str]) -> DescribedChart:
    """How the deployed options share what one SLO allows, and the limit.

    frame: rows of planner.presentation.limits.latency_budget for one SLO.
    """
    unit, limit = str(frame["Unit"].iloc[0]), float(frame["Limit"].iloc[0])
    each = bool(frame["Side by side"].iloc[0])
    rows = _latency_budget_rows(frame, signs, each=each)
    top = 1.05 * max(limit, *(row["end"] for row in rows))
    x = alt.X(
        "begin:Q",
        title=f"{'latency' if each else 'part of the SLO'} ({unit})",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(tickCount=8),
    )
    y = alt.Y("Place:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=y, tooltip=[alt.Tooltip("Option:N"), alt.Tooltip("Part:Q", format=",.2f", title=unit)]
    )
    # A band narrower than its label goes without: the expression knows the chart's width.
    fits = alt.ExprRef(f"datum.Part / {limit:.12g} * width > 55 ? 1 : 0")
    layers = [
        base.mark_bar(stroke="white", height={"band": 0.8}).encode(
            x=x, x2=alt.X2("end:Q"), color=llm_colour_style(signs, None)
        ),
        base.mark_text(fontSize=12, opacity=fits).encode(
            x=alt.X("middle:Q"), text=alt.Text("Label:N"), color=alt.Color("ink:N", scale=None)
        ),
        alt.Chart(pd.DataFrame([{"Limit": limit}]))
        .mark_rule(color=limit_colour(), **DASHED)
        .encode(x=alt.X("Limit:Q")),
    ]
    words = "; ".join(f"{row['Option']} {row['Part']:,.2f}" for row in rows)
    height = 70 + 44 * (len(rows) if each else 1)
    chart = alt.layer(*layers).resolve_scale(color="independent").properties(height=height)
    return chart, f"Parts of the SLO in {unit}: {words}. Limit {limit:g}."


def _latency_budget_rows(frame: pd.DataFrame, signs: Mapping[str, str], *, each: bool) -> list[Row]:
    """One band per option. each: side by side, one line each; else one after the other."""
    looks, rows, end = style_of_llms(signs), [], 0.0
    for _, row in frame.iterrows():
        llm, part = row["LLM"], row["Part of the SLO"]
        how = f"tp{row['TP degree (GPUs)']} {share_series_text(row)}"
        option = f"{sign_and_name(signs, llm)}, {how}"
        begin = 0.0 if each else end
        end = begin + part
        rows.append(
            {
                "LLM": llm,
                "Option": option,
                "Part": part,
                "begin": begin,
                "end": end,
                "middle": begin + part / 2,
                "Place": option if each else "all requests",
                "Label": f"{signs[llm]} {part:,.4g}",
                "ink": looks[llm].ink,
            }
        )
    return rows
