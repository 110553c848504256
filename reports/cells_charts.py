"""Charts of a plan over classes and cases as PNG and SVG files: the cases with rates by class and
quality, and a map of the GPUs of every setup. Style and colours are those of `reports.charts`.
"""

from pathlib import Path
from typing import Any, cast

from matplotlib.figure import Figure

from reports.cells_content import CellsReport
from reports.charts import chart_axes, gpu_map_chart, save_charts
from reports.content import Report
from reports.style import COLOURS, safe_style_text, style_of_llms

__all__ = ["write_cells_charts"]

LONGEST = 24
"""Characters of a name below a column; the tables have it whole."""
SLANTED = 8
"""From so many cases on their names are slanted."""


def write_cells_charts(folder: Path, report: CellsReport) -> list[Path]:
    """Write cases and one GPU map a setup; the files written, none without a setup.

    folder: made where it is missing. WriteError when it cannot be written to.
    """
    if not report["maps"]:
        return []

    def draw() -> dict[str, tuple[Figure, str]]:
        figures = {"cases": _cases_chart(report)}
        several = len(report["maps"]) > 1
        for k in range(len(report["maps"])):
            name = f"gpu-map-{k + 1}" if several else "gpu-map"
            figures[name] = gpu_map_chart(_report_of_setup(report, k))
        return figures

    return save_charts(folder, report["meta"]["scenario"], draw)


def _report_of_setup(report: CellsReport, k: int) -> Report:
    """What a map reads of one setup."""
    pools = report["tables"]["pools"]
    each = len(pools) // len(report["maps"])
    cases, frame = report["maps"][k]
    tables = {"gpu_map": frame, "pools": pools.iloc[k * each : (k + 1) * each]}
    meta: dict[str, Any] = {**report["meta"], "best_effort": ""}
    if len(report["maps"]) > 1:
        meta["verdict"] = f"setup of {safe_style_text(cases)[:100]}"
    return cast("Report", {"tables": tables, "meta": meta, "nearest": None})


def _cases_chart(report: CellsReport) -> tuple[Figure, str]:
    """Columns of rates stacked by class, and quality as a line on an axis of its own."""
    frame, meta = report["tables"]["cases"], report["meta"]
    names = [_short(case) for case in frame["Case"]]
    at = list(range(len(names)))
    width = max(8.0, 2.0 + 0.55 * len(names))
    figure, axes = chart_axes(width, 5, "Rates by class, and quality", _report_of_setup(report, 0))
    below = [0.0] * len(names)
    looks = style_of_llms(dict.fromkeys(meta["classes"], "")).values()
    handles: list[Any] = []
    for header, look in zip(meta["rates"], looks, strict=True):
        rates = [float(rate) for rate in frame[header]]
        handles.append(axes.bar(at, rates, width=0.62, bottom=below, color=look.colour))
        below = [low + rate for low, rate in zip(below, rates, strict=True)]
    axes.set_xticks(at, names, rotation=35 if len(names) > SLANTED else 0)
    axes.set_ylabel("rate (req/s)")
    axes.grid(axis="y", color=COLOURS["rule"], linewidth=0.7)
    scored = axes.twinx()
    quality = [float("nan") if q is None else float(q) for q in frame["Quality (mean score)"]]
    line: dict[str, Any] = {
        "color": COLOURS["plan"],
        "marker": "D",
        "markersize": 7,
        "markeredgecolor": "white",
    }
    handles += scored.plot(at, quality, **line)
    scored.set_ylabel("quality (mean score)")
    scored.spines[["top"]].set_visible(False)
    labels = [safe_style_text(name)[:LONGEST] for name in meta["classes"]]
    # A space first: matplotlib leaves out entries that begin with an underscore.
    labels = [f" {label} (req/s)" for label in labels] + ["quality"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    shown = "; ".join(
        f"{name}: {rate:g} req/s" + ("" if q != q else f", quality {q:.4f}")
        for name, rate, q in zip(names, below, quality, strict=True)
    )
    return figure, f"Columns of rates by class and a line of quality by case. {shown}"


def _short(name: str) -> str:
    text = safe_style_text(name).replace("\n", " ")
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
