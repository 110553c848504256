"""Charts as PNG and SVG files, for those who have no spreadsheet: GPU map, latency curves with SLOs
and operating points, routing.

Drawn with matplotlib, without pyplot and its global state. Colours, markers and signs are the
workbook's. Text of the user is never read as mathematics, and every legend entry begins with the
LLM's sign, because matplotlib leaves out entries that begin with an underscore.
"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from profiles.io.writing import as_write_errors, writing_whole_file
from reports.content import Report
from reports.series import CELLS, RATE, bar_series, gpu_series, routing_series_text, span_series
from reports.style import COLOURS, Look, safe_style_text, style_of_llms

__all__ = ["chart_axes", "gpu_map_chart", "save_charts", "write_charts"]


KINDS = ("png", "svg")
MARKS: Mapping[str, str] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle": "^",
    "x": "X",
    "star": "*",
    "plus": "P",
    "long_dash": "v",
}
LINES = ("-", "--", "-.", ":")
LONGEST = 40
"""Characters of a name in a chart; the tables have it whole."""
MOST_GPUS = 96
"""GPUs of a map drawn one by one; in larger clusters, identical ones are counted."""
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,
    "svg.hashsalt": "joint-llm-planner",
    "axes.axisbelow": True,
}


def write_charts(folder: Path, report: Report) -> list[Path]:
    """Write gpu_map, routing and one latency chart a column that an SLO limits; the files written,
    none without a setup.

    Beside a conflict the best effort is drawn, and says so. folder: made where it is missing.
    WriteError when it cannot be written to.
    """
    report = report["nearest"] or report
    if not len(report["tables"]["setup"]):
        return []
    meta = report["meta"]
    headers = list(dict.fromkeys(slo["header"] for slo in meta["slos"])) or meta["latencies"][:1]

    def draw() -> dict[str, tuple[Figure, str]]:
        figures = {"routing": _routing_chart(report), "gpu-map": gpu_map_chart(report)}
        return figures | {
            "latency-" + header.removesuffix(" (ms)").lower().replace(" ", "-"): _latency_chart(
                report, header
            )
            for header in headers
        }

    return save_charts(folder, meta["scenario"], draw)


def save_charts(
    folder: Path, scenario: str, draw: Callable[[], Mapping[str, tuple[Figure, str]]]
) -> list[Path]:
    """Write figures as files of every kind; the files written. WriteError when that is not
    possible.

    draw: makes the figures in the style of all charts: file name -> figure, and what it shows in
    words. folder: made where it is missing.
    """
    with as_write_errors(folder):
        folder.mkdir(exist_ok=True)
    written: list[Path] = []
    with warnings.catch_warnings(), mpl.rc_context(STYLE):
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing"
        )  # a name in a script that the font lacks is drawn as boxes
        for name, (figure, alt) in draw().items():
            for kind in KINDS:
                path = folder / f"{name}.{kind}"
                words = {"Title": safe_style_text(scenario), "Description": safe_style_text(alt)}
                undated = {"Date": None} if kind == "svg" else {}
                with writing_whole_file(path, f".{kind}") as temporary:
                    figure.savefig(temporary, dpi=150, metadata={**words, **undated})
                written.append(path)
    return written


def _name(look: Look, llm: str) -> str:
    text = safe_style_text(llm).replace("\n", " ")
    return f"{look.sign}  {text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}"


def chart_axes(width: float, height: float, title: str, report: Report) -> tuple[Figure, Axes]:
    """One pair of axes under a title and the verdict."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    scenario = safe_style_text(report["meta"]["scenario"])[:100]
    axes.set_title(
        title, loc="left", fontweight="bold", fontsize=12, color=COLOURS["title"], pad=22
    )
    axes.text(
        0,
        1.02,
        f"{scenario}: {report['meta']['best_effort'] or report['meta']['verdict']}",
        transform=axes.transAxes,
        fontsize=8,
        color=COLOURS["quiet"],
    )
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _routing_chart(report: Report) -> tuple[Figure, str]:
    """Horizontal bars, one per LLM."""
    frame, looks = report["tables"]["routing"], style_of_llms(report["meta"]["signs"])
    figure, axes = chart_axes(8, 1.8 + 0.45 * len(frame), "Requests by LLM", report)
    names = [_name(looks[llm], llm) for llm in frame["LLM"]]
    parts = [float(part) for part in frame["Fraction (%)"]]
    bars = axes.barh(range(len(names)), parts, color=[looks[llm].colour for llm in frame["LLM"]])
    axes.bar_label(
        bars,
        [
            f"{p:.1f} %, {rate:,.2f} req/s"
            for p, rate in zip(parts, frame["Rate (req/s)"], strict=True)
        ],
        padding=4,
    )
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, max(parts) * 1.28 or 1)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= 100])
    axes.set_xlabel("part of all requests (%)")
    return figure, routing_series_text(report)


def _latency_chart(report: Report, header: str) -> tuple[Figure, str]:
    """Curves of the deployed options, where they run, and the limits."""
    points, frame, meta = report["tables"]["points"], report["tables"]["setup"], report["meta"]
    looks = style_of_llms(meta["signs"])
    figure, axes = chart_axes(8, 5, f"{header.removesuffix(' (ms)')} by rate", report)
    seen: dict[str, int] = {}
    handles, labels, operating = [], [], []
    for k, (start, stop) in enumerate(span_series(report)):
        part, llm = points.iloc[start:stop], str(frame["LLM"].iloc[k])
        if part[header].isna().any():
            continue
        look, nth = looks[llm], seen.get(llm, 0)
        seen[llm] = nth + 1
        rates, values = part[RATE].to_numpy(dtype=float), part[header].to_numpy(dtype=float)
        style: dict[str, Any] = {
            "color": look.colour,
            "marker": MARKS[look.marker],
            "linestyle": LINES[nth % len(LINES)],
            "markersize": 4.5,
        }
        handles += axes.plot(rates, values, **style)
        labels.append(
            f"{_name(look, llm)}, {safe_style_text(meta['options'][k])[:LONGEST]},"
            f" {frame['Provenance'].iloc[k]}"
        )
        rate, value = float(frame["Rate per replica (req/s)"].iloc[k]), float(frame[header].iloc[k])
        axes.plot(
            [rate],
            [value],
            marker="D",
            markersize=9,
            color=look.colour,
            markeredgecolor="black",
            markeredgewidth=1.6,
            zorder=5,
        )
        operating.append(f"{llm} {meta['options'][k]} at {rate:.2f} req/s: {value:.1f} ms")
    handles.append(
        Line2D(
            [],
            [],
            marker="D",
            linestyle="none",
            markersize=9,
            color="white",
            markeredgecolor="black",
            markeredgewidth=1.6,
        )
    )
    labels.append("operating point")
    for slo in meta["slos"]:
        if slo["header"] == header:
            handles.append(
                axes.axhline(
                    slo["limit_ms"], color=COLOURS["bad_ink"], linestyle="--", linewidth=1.4
                )
            )
            labels.append(f"limit on {slo['name']}, {slo['limit_ms']:,.12g} ms")
    axes.set(xlabel="rate of one replica (req/s)", ylabel=header, xlim=(0, None), ylim=(0, None))
    axes.grid(axis="y", color=COLOURS["rule"], linewidth=0.7)
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return (
        figure,
        f"Curves of {header} by rate of one replica. Operating points: {'; '.join(operating)}",
    )


def gpu_map_chart(report: Report) -> tuple[Figure, str]:
    """One bar per GPU, its cells in the colours and signs of the LLMs; identical GPUs are counted
    where there are too many.
    """
    frame, signs = report["tables"]["gpu_map"], report["meta"]["signs"]
    looks = style_of_llms(signs)
    kinds: dict[tuple[str, ...], tuple[list[str | None], int]] = {}
    gpus = list(gpu_series(report))
    for _, pool, node, gpu, rows in gpus:
        bar = bar_series([(frame["LLM"].iloc[r], frame["MPS share (%)"].iloc[r]) for r in rows])
        place = (
            f"{pool[:LONGEST]}, node {node}, GPU {gpu}"
            if len(gpus) <= MOST_GPUS
            else f"{pool[:LONGEST]}"
        )
        key = (place, *(llm or "" for llm in bar))
        kinds[key] = (bar, kinds.get(key, (bar, 0))[1] + 1)
    shown = list(kinds.items())[:MOST_GPUS]
    figure, axes = chart_axes(
        9, 1.9 + 0.27 * len(shown), "GPU map: one cell is 10 % of a GPU's compute", report
    )
    for y, (_, (bar, _)) in enumerate(shown):
        for x, llm in enumerate(bar):
            look = looks[llm] if llm is not None else None
            axes.barh(
                y,
                1,
                left=x,
                height=0.86,
                color=look.colour if look else COLOURS["free"],
                edgecolor="white",
                linewidth=1,
            )
            if look:
                axes.text(
                    x + 0.5,
                    y,
                    look.sign,
                    ha="center",
                    va="center",
                    color=look.ink,
                    fontsize=8,
                    fontweight="bold",
                )
    counted = [
        f"{count} x {safe_style_text(key[0])}" if count > 1 else safe_style_text(key[0])
        for key, (_, count) in shown
    ]
    axes.set_yticks(range(len(shown)), counted)
    axes.set_xticks(range(0, CELLS + 1, 2), [f"{10 * x} %" for x in range(0, CELLS + 1, 2)])
    axes.set(xlim=(0, CELLS), ylim=(len(shown) - 0.4, -0.6), xlabel="compute of a GPU")
    used = list(dict.fromkeys(frame["LLM"]))
    handles = [*(Patch(color=looks[llm].colour) for llm in used), Patch(color=COLOURS["free"])]
    figure.legend(
        handles,
        [*(_name(looks[llm], llm) for llm in used), "free"],
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )
    return figure, _chart_texts(frame)


def _chart_texts(frame: pd.DataFrame) -> str:
    """The map in words: GPUs by LLM."""
    gpus = frame.groupby("LLM", sort=False)[["Pool", "Node", "GPU"]].apply(
        lambda part: len(part.drop_duplicates())
    )
    return "Map of the GPUs: " + ", ".join(f"{llm} on {count} GPUs" for llm, count in gpus.items())
