"""Charts of a report's tables, in the workbook's palette: one colour, and one sign or shape, for
each LLM.

Every function gives the chart and a text that says what it shows (for `alt=`). Numbers come from
the tables; nothing is computed here.

Channels are written out (`alt.Text("Label:N")`, not `"Label:N"`): Altair spends two milliseconds on
each that is not.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from reports.series import RATE, gpus_of, spans_of
from reports.style import looks_of

__all__ = [
    "MOST_CELLS",
    "budget",
    "gpu_map",
    "ink",
    "latency",
    "limit_colour",
    "llm_colour",
    "routing",
    "show",
]

Report = Mapping[str, Any]
Drawn = tuple[alt.Chart | alt.LayerChart | alt.FacetChart, str]

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
OPERATING: dict[str, Any] = {
    "size": 190,
    "filled": True,
    "shape": "diamond",
    "stroke": "#7F7F7F",
    "strokeWidth": 2,
    "opacity": 1,
}
FREE = " free"
"""No LLM is called so: names have no spaces at their ends."""
MOST_CELLS = 400
"""GPUs of a map; of larger clusters the first are drawn and the table has all."""


def show(drawn: Drawn, key: str) -> None:
    """Put a chart on the page; its text stands for all its marks."""
    chart, told = drawn
    chart = chart.copy(deep=False)
    chart.config = alt.Config(aria=False, mark=alt.MarkConfig(aria=False))
    st.altair_chart(chart, alt=told, key=key, width="stretch")


def ink() -> str:
    """Colour of words on the page's ground."""
    return "#FAFAFA" if st.context.theme.type == "dark" else "#31333F"


def limit_colour() -> str:
    """Colour of a rule that marks a limit, and of its words."""
    return "#FF8A80" if st.context.theme.type == "dark" else "#B3261E"


def llm_colour(meta: Mapping[str, Any], title: str | None = "LLM") -> alt.Color:
    """Colour by the column LLM, as everywhere."""
    looks = looks_of(meta["signs"])
    scale = alt.Scale(domain=list(looks), range=[look.colour for look in looks.values()])
    return alt.Color(
        "LLM:N",
        scale=scale,
        legend=alt.Legend(title=title, orient="bottom", columns=3) if title else None,
    )


def _sign_and_name(meta: Mapping[str, Any], llm: str) -> str:
    return f"{meta['signs'][llm]} {llm}"


# ---------------------------------------------------------------- GPU map

WIDE, NARROW = 150, 62
"""Pixels of a cell from which a band tells its LLM by name, and its share."""


def gpu_map(report: Report, pool: str) -> Drawn:
    """A pool's map: a cell a GPU, nodes below each other; inside, one band a shard, as high as its
    share.
    """
    meta, looks = report["meta"], looks_of(report["meta"]["signs"])
    setup = report["tables"]["setup"]
    here = setup[setup["Pool"] == pool]
    keys = zip(here["LLM"], here["TP degree (GPUs)"], here["MPS share (%)"], strict=True)
    several = dict(zip(keys, here["Replicas"], strict=True))
    on: Counter[str] = Counter()
    rows, cells = [], [one for one in gpus_of(report) if one[1] == pool][:MOST_CELLS]
    for _, _, node, gpu, numbers in cells:
        held, filled = _shards(report, numbers), 0.0
        for llm, tp, share, replica in held:
            sign = meta["signs"][llm]
            number = f" replica {replica + 1}" if several[llm, tp, share] > 1 else ""
            labels = (
                f"{sign} {llm}{number}, tp{tp}, {share:g} %",
                f"{sign}{number.replace(' replica ', '')} tp{tp} {share:g} %",
                sign,
            )
            rows.append(_band(node, gpu, filled, share, llm, labels, looks[llm].ink))
            filled += share
        if filled < 100.0:
            rows.append(
                _band(
                    node,
                    gpu,
                    filled,
                    100.0 - filled,
                    FREE,
                    (f"free {100.0 - filled:g} %", "free", ""),
                    "",
                )
            )
        on.update({llm for llm, *_ in held})
    told = (
        ", ".join(f"{llm} on {count} of them" for llm, count in on.items()) or "nothing runs there"
    )
    return (
        _map(pd.DataFrame(rows), llm_colour(meta, None)),
        f"Map of the {len(cells)} GPUs of pool {pool}: {told}",
    )


def _map(frame: pd.DataFrame, colour: alt.Color) -> alt.LayerChart:
    """Bands, and the longest label that fits into a cell at the chart's width."""
    across, down = 1 + int(frame["GPU"].max()), 1 + int(frame["Node"].max())
    tall = 150 if down == 1 else 110 if down <= 4 else 70 if down <= 12 else 36
    x = alt.X(
        "left:Q",
        scale=alt.Scale(domain=[0, across], nice=False),
        title="GPU of the node",
        axis=_between(across, ""),
    )
    y = alt.Y(
        "top:Q",
        scale=alt.Scale(domain=[down, 0], nice=False),
        title=None,
        axis=_between(down, "node "),
    )
    place = {"x": x, "x2": alt.X2("right:Q"), "y": y, "y2": alt.Y2("bottom:Q")}
    base = alt.Chart(frame).encode(
        tooltip=[alt.Tooltip("Node:O"), alt.Tooltip("GPU:O"), alt.Tooltip("Long:N", title="Holds")]
    )
    held, free = (
        base.transform_filter(f"datum.LLM != '{FREE}'"),
        base.transform_filter(f"datum.LLM == '{FREE}'"),
    )
    layers = [
        free.mark_rect(
            fill="#8A97A3", fillOpacity=0.18, stroke="#8A97A3", strokeDash=[3, 3]
        ).encode(**place),
        held.mark_rect(stroke="white", strokeWidth=1.5).encode(**place, color=colour),
    ]
    cell = f"width / {across}"
    fits = {
        "Long": f"{cell} >= {WIDE}",
        "Short": f"{cell} < {WIDE} && {cell} >= {NARROW}",
        "Sign": f"{cell} < {NARROW}",
    }
    for label, shown in fits.items():
        opacity = alt.ExprRef(f"{shown} ? 1 : 0")
        at = {"x": alt.X("middle:Q"), "y": alt.Y("centre:Q"), "text": alt.Text(f"{label}:N")}
        layers.append(
            held.mark_text(fontSize=11, opacity=opacity).encode(
                **at, color=alt.Color("ink:N", scale=None)
            )
        )
        layers.append(free.mark_text(fontSize=11, opacity=opacity, color=ink()).encode(**at))
    return alt.layer(*layers).resolve_scale(color="independent").properties(height=tall * down + 50)


def _shards(report: Report, numbers: list[int]) -> list[tuple[str, int, float, int]]:
    """LLM, degree, share and replica of the rows of a GPU, the largest first."""
    part = report["tables"]["gpu_map"].iloc[numbers]
    found = zip(
        part["LLM"], part["TP degree (GPUs)"], part["MPS share (%)"], part["Replica"], strict=True
    )
    return sorted(found, key=lambda one: (-one[2], one[0], one[3]))


def _band(
    node: int,
    gpu: int,
    filled: float,
    share: float,
    llm: str,
    labels: tuple[str, str, str],
    ink: str,
) -> dict[str, Any]:
    """A rectangle inside a cell, with gaps of a few hundredths between cells."""
    top, bottom = node + 0.04 + 0.92 * filled / 100.0, node + 0.04 + 0.92 * (filled + share) / 100.0
    shape = {
        "left": gpu + 0.02,
        "right": gpu + 0.98,
        "middle": gpu + 0.5,
        "top": top,
        "bottom": bottom,
        "centre": (top + bottom) / 2,
    }
    words = dict(zip(("Long", "Short", "Sign"), labels, strict=True))
    return {**shape, **words, "Node": node, "GPU": gpu, "LLM": llm, "ink": ink}


def _between(count: int, word: str) -> alt.Axis:
    """Labels in the middle of cells, every one or every few."""
    step = max(1, count // 16)
    values = [k + 0.5 for k in range(0, count, step)]
    return alt.Axis(
        values=values,
        labelExpr=f"'{word}' + floor(datum.value)",
        grid=False,
        ticks=False,
        domain=False,
    )


# ---------------------------------------------------------------- routing and latency


def routing(report: Report) -> Drawn:
    """Lying bars, one an LLM: the part of all requests it gets."""
    frame, meta = report["tables"]["routing"], report["meta"]
    shown = pd.DataFrame(
        {
            "LLM": frame["LLM"],
            "Name": [_sign_and_name(meta, llm) for llm in frame["LLM"]],
            "Part of the requests (%)": frame["Fraction (%)"],
            "Label": [f"{f:.1f} %" for f in frame["Fraction (%)"]],
            "Rate (req/s)": frame["Rate (req/s)"],
        }
    )
    most = max(shown["Part of the requests (%)"], default=0.0) or 1.0
    x = alt.X(
        "Part of the requests (%):Q",
        scale=alt.Scale(domain=[0, 1.25 * most], nice=False),
        axis=alt.Axis(tickCount=8),
    )
    y = alt.Y("Name:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    base = alt.Chart(shown).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("LLM:N"),
            alt.Tooltip("Label:N"),
            alt.Tooltip("Rate (req/s):Q", format=",.2f"),
        ],
    )
    bars = base.mark_bar(height={"band": 0.7}).encode(color=llm_colour(meta, None))
    words = base.mark_text(align="left", dx=5, fontSize=12, color=ink()).encode(
        text=alt.Text("Label:N")
    )
    told = "; ".join(
        f"{llm} {label}" for llm, label in zip(shown["LLM"], shown["Label"], strict=True)
    )
    return (
        alt.layer(bars, words).properties(height=max(90, 44 * len(shown) + 40)),
        f"Bar chart of the requests by LLM: {told}",
    )


def latency(report: Report, header: str) -> Drawn:
    """Curves of the deployed options by the rate of one replica, their operating points, and the
    limits on this latency.
    """
    meta, frame, points = report["meta"], report["tables"]["setup"], report["tables"]["points"]
    lines, marks, told = [], [], []
    for k, (start, stop) in enumerate(spans_of(report)):
        part, llm = points.iloc[start:stop], str(frame["LLM"].iloc[k])
        if part[header].isna().any():
            continue
        option = f"{_sign_and_name(meta, llm)}, {meta['options'][k]}"
        lines += [
            {
                "LLM": llm,
                "Option": option,
                "Rate": float(rate),
                "Latency": float(value),
                "Provenance": provenance,
            }
            for rate, value, provenance in zip(
                part[RATE], part[header], part["Provenance"], strict=True
            )
        ]
        rate, value, provenance = (
            frame[name].iloc[k] for name in ("Rate per replica (req/s)", header, "Provenance")
        )
        marks.append(
            {
                "LLM": llm,
                "Option": option,
                "Rate": rate,
                "Latency": value,
                "Provenance": f"{provenance}, operating point",
            }
        )
        told.append(
            f"{llm} {meta['options'][k]} at {rate:,.2f} req/s: {value:,.1f} ms, {provenance}"
        )
    limits = [
        {"Latency": slo["limit_ms"], "Label": f"limit on {slo['name']}: {slo['limit_ms']:g} ms"}
        for slo in _on(meta, header)
    ]
    options = list(dict.fromkeys(row["Option"] for row in lines))
    style = alt.Legend(title="Option", orient="bottom", columns=1, labelLimit=340)
    dash = alt.StrokeDash(
        "Option:N",
        scale=alt.Scale(domain=options, range=[DASHES[k % 4] for k in range(len(options))]),
        legend=style,
    )
    shape = alt.Shape(
        "Option:N",
        scale=alt.Scale(domain=options, range=[SHAPES[k % 8] for k in range(len(options))]),
        legend=style,
    )
    looks = looks_of(meta["signs"])
    colours = [
        next(looks[row["LLM"]].colour for row in lines if row["Option"] == option)
        for option in options
    ]
    colour = alt.Color("Option:N", scale=alt.Scale(domain=options, range=colours), legend=style)
    x = alt.X("Rate:Q", title="Rate of one replica (req/s)")
    y = alt.Y("Latency:Q", title=header)
    numbers = (
        alt.Tooltip("Rate:Q", format=",.2f"),
        alt.Tooltip("Latency:Q", format=",.1f", title=header),
    )
    tips: list[Any] = [alt.Tooltip("Option:N"), *numbers, alt.Tooltip("Provenance:N")]
    curve = alt.Chart(pd.DataFrame(lines)).encode(x=x, y=y, color=colour, tooltip=tips)
    layers: list[alt.Chart] = [
        curve.mark_line(strokeWidth=2).encode(strokeDash=dash),
        curve.mark_point(size=28, filled=True, opacity=0.8).encode(shape=shape),
        alt.Chart(pd.DataFrame(marks))
        .mark_point(**OPERATING)
        .encode(x=alt.X("Rate:Q"), y=alt.Y("Latency:Q"), color=colour, tooltip=tips),
    ]
    if limits:
        rule = alt.Chart(pd.DataFrame(limits)).encode(y=alt.Y("Latency:Q"))
        layers += [
            rule.mark_rule(color=limit_colour(), strokeDash=[6, 4], strokeWidth=2),
            rule.mark_text(color=limit_colour(), align="left", x=6, dy=-8, fontSize=12).encode(
                text=alt.Text("Label:N")
            ),
        ]
    words = f"Curves of {header} by the rate of one replica. Operating points: {'; '.join(told)}."
    return alt.layer(*layers).properties(height=460), " ".join(
        [words, *(limit["Label"] + "." for limit in limits)]
    )


def _on(meta: Mapping[str, Any], header: str) -> list[Mapping[str, Any]]:
    return [slo for slo in meta["slos"] if slo["header"] == header]


def budget(frame: pd.DataFrame, meta: Mapping[str, Any]) -> Drawn:
    """How the deployed options share what one SLO allows (rows of planner.latency_budget), and the
    limit.
    """
    unit, limit = str(frame["Unit"].iloc[0]), float(frame["Limit"].iloc[0])
    each, looks, rows, at = bool(frame["Side by side"].iloc[0]), looks_of(meta["signs"]), [], 0.0
    for _, row in frame.iterrows():
        llm, part = row["LLM"], row["Part of the SLO"]
        option = (
            f"{_sign_and_name(meta, llm)}, tp{row['TP degree (GPUs)']} {row['MPS share (%)']:g} %"
        )
        begin = 0.0 if each else at
        band = {
            "LLM": llm,
            "Option": option,
            "Part": part,
            "begin": begin,
            "end": begin + part,
            "middle": begin + part / 2,
        }
        words = {
            "Place": option if each else "all requests",
            "Label": f"{meta['signs'][llm]} {part:,.4g}",
            "ink": looks[llm].ink,
        }
        rows.append({**band, **words, "Room": part / limit})
        at += part
    top = 1.05 * max(limit, *(row["end"] for row in rows))
    title = f"{'latency' if each else 'part of the SLO'} ({unit})"
    x = alt.X(
        "begin:Q",
        title=title,
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(tickCount=8),
    )
    y = alt.Y("Place:N", sort=None, title=None, axis=alt.Axis(labelLimit=160))
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=y, tooltip=[alt.Tooltip("Option:N"), alt.Tooltip("Part:Q", format=",.2f", title=unit)]
    )
    layers = [
        base.mark_bar(stroke="white", height={"band": 0.8}).encode(
            x=x, x2=alt.X2("end:Q"), color=llm_colour(meta, None)
        ),
        base.mark_text(fontSize=12, opacity=alt.ExprRef("datum.Room * width > 55 ? 1 : 0")).encode(
            x=alt.X("middle:Q"), text=alt.Text("Label:N"), color=alt.Color("ink:N", scale=None)
        ),
        alt.Chart(pd.DataFrame([{"Limit": limit}]))
        .mark_rule(color=limit_colour(), strokeDash=[6, 4], strokeWidth=2)
        .encode(x=alt.X("Limit:Q")),
    ]
    told = "; ".join(f"{row['Option']} {row['Part']:,.2f}" for row in rows)
    height = 70 + 44 * (len(rows) if each else 1)
    chart = alt.layer(*layers).resolve_scale(color="independent").properties(height=height)
    return chart, f"Parts of the SLO in {unit}: {told}. Limit {limit:g}."
