"""The map of a pool: a cell per GPU, nodes below each other; inside, one band per shard, as high
as its share; MIG instances cover their memory slices.
"""

from collections import Counter
from typing import Any

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, ink, llm_colour_style
from profiles.records import MIG_MEMORY_SLICES
from reports.content import Report
from reports.series import gpu_series, share_series_text
from reports.style import style_of_llms

__all__ = ["MOST_CELLS", "build_gpu_map_chart"]


MOST_CELLS = 400
"""GPUs of a map; of larger clusters the first are drawn and the table has all."""
FREE = " free"
"""No LLM has this name: names have no spaces at their ends."""
WIDE, NARROW = 150, 62
"""Pixels of a cell from which a band names its LLM in full, and its share."""
AXIS_HEIGHT = 30
"""Pixels below a map."""
GREY = "#8A97A3"


def build_gpu_map_chart(report: Report, pool: str) -> DescribedChart:
    """The map of one pool, and the GPUs by LLM in words."""
    signs = report["meta"]["signs"]
    replicas = _replicas_on_gpu_map(report, pool)
    gpus_by_llm: Counter[str] = Counter()
    rows, cells = [], [one for one in gpu_series(report) if one[1] == pool][:MOST_CELLS]
    for _, _, node, gpu, numbers in cells:
        shards, filled = _shards_on_gpu(report, numbers), 0.0
        for llm, tp, part, replica, (begin, end) in shards:
            if begin > filled:
                rows.append(_gpu_map_free_band(node, gpu, filled, begin))
            number = f" replica {replica + 1}" if replicas[llm, tp, part] > 1 else ""
            labels = _gpu_map_labels(signs[llm], llm, number, f"tp{tp}", part)
            rows.append(_gpu_map_band(node, gpu, (begin, end - begin), llm, labels))
            filled = end
        if filled < 100.0:
            rows.append(_gpu_map_free_band(node, gpu, filled, 100.0))
        gpus_by_llm.update({llm for llm, *_ in shards})
    inks = {llm: look.ink for llm, look in style_of_llms(signs).items()}
    frame = pd.DataFrame(rows)
    frame["ink"] = [inks.get(llm, "") for llm in frame["LLM"]]
    text = ", ".join(f"{llm} on {count} of them" for llm, count in gpus_by_llm.items())
    return (
        _gpu_map_layers(frame, llm_colour_style(signs, None)),
        f"Map of the {len(cells)} GPUs of pool {pool}: {text or 'nothing runs there'}",
    )


def _replicas_on_gpu_map(report: Report, pool: str) -> dict[tuple[str, int, str], int]:
    """Replicas of every option of a pool by LLM, degree and what of a GPU it runs on."""
    setup = report["tables"]["setup"]
    own = setup[setup["Pool"] == pool]
    parts = [share_series_text(row) for _, row in own.iterrows()]
    keys = zip(own["LLM"], own["TP degree (GPUs)"], parts, strict=True)
    return dict(zip(keys, own["Replicas"], strict=True))


Span = tuple[float, float]
"""Where a band begins and ends, % of the cell."""


def _shards_on_gpu(report: Report, numbers: list[int]) -> list[tuple[str, int, str, int, Span]]:
    """LLM, degree, what of a GPU, replica and span of the rows of a GPU, from the top: of shares
    the largest first, MIG instances in their memory slices.
    """
    rows = [row for _, row in report["tables"]["gpu_map"].iloc[numbers].iterrows()]
    rows.sort(key=lambda row: (-row["MPS share (%)"], row["LLM"], row["Replica"]))
    shards, filled = [], 0.0
    for row in rows:
        span = filled, filled + row["MPS share (%)"]
        filled = span[1]
        if row.get("Memory slices"):
            first, last = map(int, row["Memory slices"].split("-"))
            span = 100.0 * first / MIG_MEMORY_SLICES, 100.0 * (last + 1) / MIG_MEMORY_SLICES
        what = share_series_text(row)
        shards.append((row["LLM"], row["TP degree (GPUs)"], what, row["Replica"], span))
    return sorted(shards, key=lambda shard: shard[4])


def _gpu_map_free_band(node: int, gpu: int, begin: float, end: float) -> dict[str, Any]:
    labels = (f"free {end - begin:g} %", "free", "")
    return _gpu_map_band(node, gpu, (begin, end - begin), FREE, labels)


def _gpu_map_labels(
    sign: str, llm: str, number: str, degree: str, part: str
) -> tuple[str, str, str]:
    """Long, short, and the sign alone."""
    return (
        f"{sign} {llm}{number}, {degree}, {part}",
        f"{sign}{number.replace(' replica ', '')} {degree} {part}",
        sign,
    )


def _gpu_map_band(
    node: int, gpu: int, span: tuple[float, float], llm: str, labels: tuple[str, str, str]
) -> dict[str, Any]:
    """A rectangle inside a cell, with gaps of a few hundredths between cells.

    span: where it begins and how high it is, % of the cell.
    """
    begin, share = span
    top, bottom = node + 0.04 + 0.92 * begin / 100.0, node + 0.04 + 0.92 * (begin + share) / 100.0
    shape = {
        "left": gpu + 0.02,
        "right": gpu + 0.98,
        "middle": gpu + 0.5,
        "top": top,
        "bottom": bottom,
        "centre": (top + bottom) / 2,
    }
    words = dict(zip(("Long", "Short", "Sign"), labels, strict=True))
    return {**shape, **words, "Node": node, "GPU": gpu, "LLM": llm}


def _gpu_map_layers(frame: pd.DataFrame, colour: alt.Color) -> alt.LayerChart:
    """Bands, and the longest label that fits into a cell at the chart's width."""
    across, down = 1 + int(frame["GPU"].max()), 1 + int(frame["Node"].max())
    tall = 100 if down == 1 else 70 if down <= 4 else 60 if down <= 12 else 36
    place = {
        "x": alt.X(
            "left:Q",
            scale=alt.Scale(domain=[0, across], nice=False),
            title=None,
            axis=_gpu_map_axis(across, ""),
        ),
        "x2": alt.X2("right:Q"),
        "y": alt.Y(
            "top:Q",
            scale=alt.Scale(domain=[down, 0], nice=False),
            title=None,
            axis=_gpu_map_axis(down, "node "),
        ),
        "y2": alt.Y2("bottom:Q"),
    }
    tips = [alt.Tooltip("Node:O"), alt.Tooltip("GPU:O"), alt.Tooltip("Long:N", title="Holds")]
    base = alt.Chart(frame).encode(tooltip=tips)
    used = base.transform_filter(f"datum.LLM != '{FREE}'")
    free = base.transform_filter(f"datum.LLM == '{FREE}'")
    pale: dict[str, Any] = {"fill": GREY, "fillOpacity": 0.18, "stroke": GREY, "strokeDash": [3, 3]}
    layers = [
        free.mark_rect(**pale).encode(**place),
        used.mark_rect(stroke="white", strokeWidth=1.5).encode(**place, color=colour),
    ]
    cell = f"width / {across}"
    fits = {
        "Long": f"{cell} >= {WIDE}",
        "Short": f"{cell} < {WIDE} && {cell} >= {NARROW}",
        "Sign": f"{cell} < {NARROW}",
    }
    own_ink = alt.Color("ink:N", scale=None)
    for label, shown in fits.items():
        opacity = alt.ExprRef(f"{shown} ? 1 : 0")
        at = {"x": alt.X("middle:Q"), "y": alt.Y("centre:Q"), "text": alt.Text(f"{label}:N")}
        layers.append(used.mark_text(fontSize=11, opacity=opacity).encode(**at, color=own_ink))
        layers.append(free.mark_text(fontSize=11, opacity=opacity, color=ink()).encode(**at))
    return (
        alt.layer(*layers)
        .resolve_scale(color="independent")
        .properties(height=tall * down + AXIS_HEIGHT)
    )


def _gpu_map_axis(count: int, word: str) -> alt.Axis:
    """Labels in the middle of cells, every one or every few."""
    step = max(1, count // 16)
    return alt.Axis(
        values=[k + 0.5 for k in range(0, count, step)],
        labelExpr=f"'{word}' + floor(datum.value)",
        grid=False,
        ticks=False,
        domain=False,
    )
