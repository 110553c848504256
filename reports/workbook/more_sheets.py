"""Sheets of what was computed beside the plan, and of words: each is left out where there is
nothing to show.

Sensitivity, Frontier, Setups study (with Setups data), Baselines, Alternatives, Shadow prices,
Dropped options, Conflict.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.style import COLOURS, sentence_case
from reports.workbook.book import Book, Formula, Placed, missing
from reports.workbook.charts import columns, scatter
from reports.workbook.plan_sheets import input_cell
from reports.workbook.table import Page

__all__ = [
    "MORE",
    "alternatives",
    "baselines",
    "conflict",
    "dropped",
    "frontier",
    "frontier_chart",
    "sensitivity",
    "setups_data",
    "setups_study",
    "shadow_prices",
]

Report = Mapping[str, Any]

MORE: Mapping[str, str] = {
    "Sensitivity": "sensitivity",
    "Frontier": "frontier",
    "Setups study": "spread",
    "Setups data": "setups",
    "Baselines": "baselines",
    "Alternatives": "alternatives",
    "Shadow prices": "shadow_prices",
    "Dropped options": "dropped",
    "Conflict": "conflict",
}
"""Sheet -> the table without which (or without whose rows) it is left out."""

PRINTED = 60
"""Rows of the study that go on paper."""


def _found(frame: pd.DataFrame) -> str:
    return next(str(header) for header in frame.columns if str(header).startswith("Found ("))


def _without_blanks(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without its reasons where every row has a plan."""
    return frame if frame["Reason"].any() else frame.drop(columns="Reason")


def sensitivity(book: Book, report: Report) -> None:
    """What really happens when one limit changes: each row was planned again."""
    frame = _without_blanks(report["tables"]["sensitivity"])
    page = Page(
        book,
        "Sensitivity",
        "Sensitivity: one change at a time, planned again",
        [
            "Every row is an optimum of its own, found under one changed assumption. Where there is"
            " no plan, the reason is told."
        ],
    )
    change = next(str(header) for header in frame.columns if str(header).startswith("Change of "))
    head = Placed(
        page.name,
        page.row + 1,
        page.row + len(frame),
        {str(header): c for c, header in enumerate(frame.columns)},
    )
    found = _found(frame)
    cells = [
        None if missing(v) else Formula(f"={head.here(found, k)}-objective_found", v)
        for k, v in enumerate(frame[change])
    ]
    placed = page.table(frame, "sensitivity", formulas={change: cells}, signed=[change])
    if frame[change].notna().any():
        told = "; ".join(
            f"{what}: {value:+.4g}"
            for what, value in zip(frame["Changed"], frame[change], strict=True)
            if not missing(value)
        )
        unit = report["meta"]["objective"]["unit"]
        form = "+0.0000;-0.0000;0" if unit == "mean score" else "+0.00;-0.00;0"
        chart = columns(
            book,
            placed,
            "Changed",
            change,
            f"{change.partition(' (')[0]} by one change",
            "",
            change,
            form,
        )
        chart.set_x_axis({"label_position": "low", "num_font": {"name": "Arial", "size": 9}})
        page.chart(chart, f"Columns: {told}", width=900, height=380)
    page.finish()


def frontier(book: Book, report: Report) -> None:
    """The best that can be had along one assumption after the other."""
    frame = report["tables"]["frontier"]
    stories = [
        (
            "The best plan at every value of one assumption, everything else as asked. This"
            " report's plan is marked; where there is no plan, the reason is told."
        )
    ]
    page = Page(book, "Frontier", "Frontier: what more or less of one assumption would do", stories)
    page.table(_without_blanks(frame), "frontier")
    for k, varied in enumerate(dict.fromkeys(frame["Varied"])):
        chart, alt = frontier_chart(book, report, str(varied))
        page.chart(chart, alt, width=590, height=340, left=4 + 600 * k, advance=False)
    page.row += 18
    page.finish()


def frontier_chart(book: Book, report: Report, varied: str) -> tuple[Any, str]:
    """Found and best possible along one assumption, the plan marked; and what the chart shows in
    words.
    """
    frame, objective = report["tables"]["frontier"], report["meta"]["objective"]
    rows = np.flatnonzero((frame["Varied"] == varied).to_numpy())
    start, stop = int(rows[0]), int(rows[-1]) + 1
    part, found = frame.iloc[start:stop], _found(frame)
    unit, of = str(part["Unit"].iloc[0]), str(objective["of"])
    form = "0.000" if objective["unit"] == "mean score" else "#,##0.00"
    title, x, y = (
        f"{of.capitalize()} by {varied}",
        f"{varied} ({unit})",
        f"{of} ({objective['unit']})",
    )
    chart = scatter(book, _frontier_series(book, frame, start, stop), title, x, y, "#,##0.##", form)
    told = ", ".join(
        f"{value:g}: {'no plan' if missing(v) else f'{v:.4f}'}"
        for value, v in zip(part["Value"], part[found], strict=True)
    )
    return chart, f"Best {y} by {x}: {told}"


def _frontier_series(
    book: Book, frame: pd.DataFrame, start: int, stop: int
) -> list[dict[str, Any]]:
    """Best possible, found, and the plan of this report, of rows start to stop."""
    placed = book.placed["frontier"]
    found, bound = (
        _found(frame),
        next(str(h) for h in frame.columns if str(h).startswith("Best possible (")),
    )
    dot = {
        "type": "circle",
        "size": 6,
        "fill": {"color": COLOURS["plan"]},
        "border": {"color": COLOURS["plan"]},
    }
    series: list[dict[str, Any]] = [
        {
            "name": [placed.sheet, placed.first - 1, placed.columns[header]],
            "categories": placed.spot("Value", start, stop),
            "values": placed.spot(header, start, stop),
            "line": {"color": COLOURS[colour], "width": 2, "dash_type": dash},
            "marker": marker,
        }
        for header, colour, dash, marker in (
            (bound, "bound", "dash", {"type": "none"}),
            (found, "plan", "solid", dot),
        )
    ]
    for at in range(start, stop):
        if frame["This plan"].iloc[at]:
            mark = {
                "type": "diamond",
                "size": 12,
                "fill": {"color": COLOURS["warn"]},
                "border": {"color": "#000000"},
            }
            series.append(
                {
                    "name": [placed.sheet, placed.first + at, placed.columns["This plan"]],
                    "categories": placed.spot("Value", at, at + 1),
                    "values": placed.spot(found, at, at + 1),
                    "line": {"none": True},
                    "marker": mark,
                }
            )
    return series


def setups_study(book: Book, report: Report) -> None:
    """How far the retained setups lie apart."""
    spread, histogram = report["tables"]["spread"], report["tables"]["histogram"]
    stories = [
        "Every way to deploy the LLMs that fits on the GPUs, each routed at its best; all of them"
        " stand on the sheet Setups data."
    ]
    page = Page(
        book, "Setups study", "Setups study: how far setups lie apart", stories, portrait=True
    )
    page.table(spread, "spread", units=list(spread["Unit"]))
    if len(histogram):
        page.heading("Feasible setups by their best quality")
        shown = histogram.iloc[::-1].reset_index(drop=True)
        shown.insert(
            0,
            "Quality",
            [
                f"{low:.3f} to {high:.3f}"
                for low, high in zip(shown.iloc[:, 0], shown.iloc[:, 1], strict=True)
            ],
        )
        total = Formula(
            f"=SUM(D{page.row + 2}:D{page.row + 1 + len(shown)})", int(shown["Setups"].sum())
        )
        placed = page.table(shown, "histogram", totals={"Quality": "Total", "Setups": total})
        here = _bin_of(shown, report["meta"]["quality"])
        title = "Feasible setups by their best quality" + (
            " (amber: this plan)" if here is not None else ""
        )
        colours = [COLOURS["warn"] if k == here else COLOURS["plan"] for k in range(len(shown))]
        axes = ("best quality (mean score)", "number of setups", "#,##0")
        chart = columns(book, placed, "Quality", "Setups", title, *axes, colours, low=0)
        told = "; ".join(
            f"{words}: {count:,}"
            for words, count in zip(shown["Quality"], shown["Setups"], strict=True)
        )
        where = (
            ""
            if here is None
            else f". This plan: {report['meta']['quality']:.5f}, in {shown['Quality'].iloc[here]}"
        )
        page.chart(
            chart,
            f"Histogram of feasible setups by best quality: {told}{where}",
            width=700,
            height=380,
        )
    page.finish()


def _bin_of(histogram: pd.DataFrame, quality: float) -> int | None:
    """The bin in which this plan falls, the lowest first; None outside, by more than rounding and a
    closed gap.
    """
    low, high = (histogram.iloc[:, c].to_numpy(dtype=float) for c in (1, 2))
    near = 0.02 * (high[-1] - low[0])
    if not low[0] - near <= quality <= high[-1] + near:
        return None
    return int(np.clip(np.searchsorted(high, quality), 0, len(high) - 1))


def setups_data(book: Book, report: Report) -> None:
    """One row a retained setup."""
    page = Page(
        book,
        "Setups data",
        "Setups data: every retained setup",
        [
            f"Feasible ones by quality, the best first, then the others. The first {PRINTED} rows"
            " are printed."
        ],
    )
    page.widest = dict.fromkeys(range(report["tables"]["setups"].shape[1]), 24.0)
    page.table(report["tables"]["setups"], "setups")
    page.finish()
    page.print_first(PRINTED)


def baselines(book: Book, report: Report) -> None:
    """The joint plan beside simpler ways of deciding."""
    frame, objective = report["tables"]["baselines"], report["meta"]["objective"]
    page = Page(
        book,
        "Baselines",
        "Baselines: what deciding jointly is worth",
        [
            "Each baseline in its best variant on the same curves, scores and GPUs, checked by the"
            " same verifier."
        ],
    )
    gains = [str(header) for header in frame.columns if " of the joint plan (" in str(header)]
    words = ["Variant", "Setup", "Note"]
    placed = page.table(frame.drop(columns=words), "baselines", signed=gains)
    cost = objective["of"] == "cost"
    header = "Cost (USD/h)" if cost else "Quality (mean score)"
    values = frame[header]
    if values.notna().any():
        colours = [
            (
                COLOURS["plan"]
                if name == "joint plan"
                else COLOURS["bound"]
                if met
                else COLOURS["bad_ink"]
            )
            for name, met in zip(frame["Baseline"], frame["SLO met"], strict=True)
        ]
        chart = columns(
            book,
            placed,
            "Baseline",
            header,
            f"{header.partition(' (')[0]} of the joint plan and of the baselines (red: misses the"
            " SLO)",
            "",
            header,
            "0.00" if cost else "0.000",
            colours,
            low=0 if values.dropna().min() >= 0 else None,
        )
        told = "; ".join(
            f"{name}: {'none' if missing(v) else f'{v:.5g}'}"
            for name, v in zip(frame["Baseline"], values, strict=True)
        )
        page.chart(chart, f"Columns of {header}: {told}", width=900, height=340)
    page.heading("What each one decided")
    for name, *told_words in frame[["Baseline", *words]].itertuples(index=False, name=None):
        page.sentence(
            f"{sentence_case(name)}:"
            f" {'; '.join(str(text) for text in told_words if not missing(text) and text)}.",
            font_color="#000000",
        )
    page.finish()


def alternatives(book: Book, report: Report) -> None:
    """Other setups that lose little, each against the plan of this report."""
    frame = report["tables"]["alternatives"]
    page = Page(
        book,
        "Alternatives",
        "Alternatives: other setups nearly as good",
        ["Setups of other replicas, each the best of its kind."],
    )
    for line in report["meta"]["alternatives"]:
        page.sentence(f"•  {line}", font_color="#000000")
    page.row += 1
    page.table(frame.dropna(axis="columns", how="all"), "alternatives")
    page.finish()


def shadow_prices(book: Book, report: Report) -> None:
    """What one more of each limit would buy, in words and figures."""
    meta, frame = report["meta"], report["tables"]["shadow_prices"]
    page = Page(book, "Shadow prices", "Shadow prices: what one more would buy", [meta["binding"]])
    for line in meta["worth"]:
        page.sentence(f"•  {sentence_case(line)}", font_color="#000000")
    page.row += 1
    signed = [str(header) for header in frame.columns if str(header).startswith("Change of ")]
    page.table(frame, "shadow_prices", signed=signed)
    if meta["marginals"]:
        page.heading("What one unit more or less is worth, planned again")
        for line in meta["marginals"]:
            page.sentence(f"•  {line}", font_color="#000000")
        moved = report["tables"]["marginals"]
        page.row += 1
        page.table(
            moved,
            "marginals",
            signed=[
                str(header) for header in moved.columns if str(header).startswith("Difference (")
            ],
        )
    page.finish()


def dropped(book: Book, report: Report) -> None:
    """Options that were considered and left out, with the reason."""
    stories = [
        "Options of the profile table that no plan may use, with the first rule they fail.",
        *report["meta"]["dropped"][:6],
    ]
    page = Page(book, "Dropped options", "Dropped options: what was left out, and why", stories)
    page.table(report["tables"]["dropped"], "dropped")
    page.finish()


def _cells(book: Book, repairs: pd.DataFrame) -> list[str | None]:
    """Where each change is made on the input sheets, None where there are none."""
    cells = [input_cell(argument.partition("=")[0]) for argument in repairs.iloc[:, 1]]
    return [
        (
            cell.replace("'", "").replace("$", "").replace("!", ", cell ")
            if cell and book.inputs
            else None
        )
        for cell in cells
    ]


def conflict(book: Book, report: Report) -> None:
    """Why nothing fits, and what would mend it."""
    tables, effort = report["tables"], report["meta"]["best_effort"]
    stories = [
        "No plan keeps all of these limits. Every change under What must change was tried: with it"
        " alone there is a plan."
    ]
    page = Page(book, "Conflict", "Conflict: why no plan keeps all limits", stories)
    page.widest = {0: 80.0, 1: 60.0}
    page.table(tables["conflict"], "conflict")
    if len(tables["repairs"]):
        page.heading("What must change")
        page.table(
            tables["repairs"].assign(**{"In this workbook": _cells(book, tables["repairs"])}),
            "repairs",
        )
    page.sentence(
        (
            f"{effort}. The other sheets tell it."
            if effort
            else "No single change was found that mends it."
        ),
        font_color="#000000",
    )
    page.finish()
