"""The sheet Latency: where on their curves the deployed options run, and what that means for the
SLOs. The load points of the curves are to the right.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.content import Report, ReportSlo
from reports.series import RATE, span_series
from reports.style import COLOURS, DASHES, sentence_case
from reports.workbook.book import Book, Formula, PlacedTable, is_blank
from reports.workbook.charts import ChartWords, add_scatter_chart
from reports.workbook.page import Page
from reports.workbook.report.curve_points import (
    curve_points_formula,
    curve_points_limit_rows,
    write_curve_points,
)
from reports.workbook.table import next_table, write_table

__all__ = ["begin_latency", "latency_chart", "write_latency"]

MOST_CHARTS = 4
MOST_COLUMNS = 6
"""Latency columns of one table."""
OWN_COLUMNS, PAPER = 5, 11
"""Columns of a table of operating points besides latencies and SLOs; fewest that are printed."""
BLANK = "A latency that is blank is not stated by the profile table for that option."
SCOPES = {"all": "all requests together", "each_llm": "each LLM alone"}
"""What a limit holds over -> in words."""
PER_REPLICA = "Rate per replica (req/s)"


def begin_latency(book: Book, report: Report) -> None:
    """The head of the sheet and the load points, which formulas of other sheets read."""
    meta, setup = report["meta"], report["tables"]["setup"]
    page = Page(
        book,
        "Latency",
        "Latency: operating points and SLOs",
        [
            "Every deployed option on its curve at the rate of one replica. Means over all requests"
            " and limits on each LLM are live; percentiles over all requests are as solved.",
            *(f"{sentence_case(line)}." for line in meta["slo_scope"]),
            *([BLANK] if setup[list(meta["latencies"])].isna().any(axis=None) else []),
        ],
    )
    page.paper = max(_latency_columns(report), PAPER)
    page.unprinted = "load points of the curves, to the right"
    with page.beside(page.row, page.paper + 1):
        write_curve_points(report, page)
    book.begun["Latency"] = page


def _latency_columns(report: Report) -> int:
    """Columns of the widest table of operating points."""
    slos = [slo["header"] for slo in report["meta"]["slos"]]
    groups = _latency_groups(report["meta"]["latencies"])
    widest = (len(headers) + sum(slo in headers for slo in slos) for headers in groups)
    return OWN_COLUMNS + max(widest, default=0)


def write_latency(book: Book, report: Report) -> None:
    """Operating points, their latencies against the SLOs, and the curves."""
    meta, page = report["meta"], book.begun["Latency"]
    groups = _latency_groups(meta["latencies"])
    for headers in groups:
        if len(groups) > 1:
            page.heading(f"{headers[0].partition(' ')[0]} at the operating points")
        _write_latency_operating_points(book, page, report, headers)
    if meta["slos"]:
        page.heading("Service-level objectives")
        for line in meta["achieved_rate"]:
            page.sentence(line, font_color="#000000")
        _write_latency_slos(book, page, report)
    else:
        page.sentence("No SLO is set: the profiled rates alone limit the plan.")
    _write_latency_charts(book, page, report)
    page.finish()


def _latency_groups(headers: Sequence[str]) -> list[list[str]]:
    """The latency columns in tables that fit on a page: all in one, or one table per metric where
    there are many.
    """
    if len(headers) <= MOST_COLUMNS:
        return [list(headers)]
    metrics = dict.fromkeys(header.partition(" ")[0] for header in headers)
    return [
        [header for header in headers if header.partition(" ")[0] == metric] for metric in metrics
    ]


def _write_latency_operating_points(
    book: Book, page: Page, report: Report, headers: Sequence[str]
) -> None:
    """Latencies of every deployed option at its rate, placed as `operating` and the header, for
    each header.
    """
    frame, setup = report["tables"]["setup"], book.placed["setup"]
    names = pd.DataFrame({"LLM": frame["LLM"], "Option": report["meta"]["options"]}, dtype=object)
    columns = [PER_REPLICA, "Highest rate per replica (req/s)", *headers, "Provenance"]
    shown = pd.concat([names, frame[columns]], axis=1)
    rates = [setup.cell(PER_REPLICA, k) for k in range(len(frame))]
    formulas: dict[str, list[Formula | None]] = {
        PER_REPLICA: [
            Formula(f"={cell}", v) for cell, v in zip(rates, frame[PER_REPLICA], strict=True)
        ]
    }
    for header in headers:
        if header in setup.columns:
            formulas[header] = [
                None if is_blank(v) else Formula(f"={setup.cell(header, k)}", v)
                for k, v in enumerate(frame[header])
            ]
        else:
            formulas[header] = [
                curve_points_formula(book, report, k, header, rates[k]) for k in range(len(frame))
            ]
    limits = [
        (_latency_limit_header(slo, j), slo["header"], j + 1, slo["limit_ms"])
        for j, slo in enumerate(report["meta"]["slos"])
        if slo["header"] in headers
    ]
    shown = shown.assign(**{title: frame[header] for title, header, _, _ in limits})
    head, rounding = next_table(page, list(shown.columns), len(shown)), report["meta"]["rounding"]
    for title, header, j, limit in limits:
        formulas[title] = [
            None
            if is_blank(v)
            else Formula(
                f"={head.here(header, k)}<=slo_{j}_limit_ms*(1+{rounding})",
                bool(v <= limit * (1 + rounding)),
            )
            for k, v in enumerate(frame[header])
        ]
    placed = write_table(page, shown, "operating", formulas=formulas)
    book.placed |= {f"operating {header}": placed for header in headers}


def _latency_limit_header(slo: ReportSlo, j: int) -> str:
    """What a column says of every option: that it keeps a limit on each LLM, or would keep alone
    one that holds over all requests.
    """
    keeps = "Keeps" if slo["scope"] == "each_llm" else "Alone keeps"
    return f"{keeps} SLO {j + 1}: {slo['name']}"


def _write_latency_slos(book: Book, page: Page, report: Report) -> None:
    """Limit (an assumption), achieved, headroom and whether it holds."""
    frame, setup = report["tables"]["slo"], book.placed["setup"]
    price = frame.columns[-1]
    rows = [
        _latency_slo_cells(setup, slo, j, page.row + 2 + j, report["meta"]["rounding"])
        for j, slo in enumerate(report["meta"]["slos"])
    ]
    limits, achieved, room, holds, how = zip(*rows, strict=True)
    shown = pd.DataFrame(
        {
            "SLO": frame["SLO"],
            "Scope": [SCOPES.get(str(scope), str(scope)) for scope in frame["Scope"]],
            "Limit (ms)": limits,
            "Achieved (ms)": achieved,
            "Below the limit (%)": room,
            "Holds": holds,
            **{header: frame[header] for header in frame.columns if header.startswith("Simulated")},
            price: frame[price],
            "After an edit": how,
        },
        dtype=object,
    )
    # Where limits were moved and planned again, an estimate would contradict what that gave.
    estimated = frame[price].notna().any() and not report["meta"]["marginals"]
    write_table(page, shown if estimated else shown.drop(columns=price), "slos")


def _latency_slo_cells(
    setup: PlacedTable, slo: ReportSlo, j: int, row: int, rounding: float
) -> tuple[Any, ...]:
    """Limit, achieved, room, whether it holds, and whether that is live. row: of the sheet;
    rounding: part of a limit by which it may be missed.
    """
    limit, reached = slo["limit_ms"], slo["achieved_ms"]
    limit_cell = Formula(f"=slo_{j + 1}_limit_ms", limit)
    live = slo["scope"] == "each_llm" or slo["statistic"] == "mean"
    how = "recomputed" if live else "as planned"
    if reached is None:
        return limit_cell, None, None, None, how
    return (
        limit_cell,
        Formula(_latency_achieved(setup, slo), reached) if live else reached,
        Formula(f"=100*(1-D{row}/C{row})", 100 * (1 - reached / limit)),
        Formula(f"=D{row}<=C{row}*(1+{rounding})", bool(reached <= limit * (1 + rounding))),
        how,
    )


def _latency_achieved(setup: PlacedTable, slo: ReportSlo) -> str:
    """Largest latency of any option, or the mean over all requests."""
    latencies = setup.range(slo["header"])
    if slo["scope"] == "each_llm":
        return f"=MAX({latencies})"
    rates = setup.range("Rate (req/s)")
    return f"=SUMPRODUCT({rates},{latencies})/SUM({rates})"


# ---------------------------------------------------------------- charts


def _write_latency_charts(book: Book, page: Page, report: Report) -> None:
    """A chart for each column that an SLO limits, two side by side."""
    meta = report["meta"]
    headers = list(dict.fromkeys(slo["header"] for slo in meta["slos"]))[:MOST_CHARTS]
    headers = headers or list(meta["latencies"][:1])
    alone = len(headers) == 1
    for k, header in enumerate(headers):
        chart, alt = latency_chart(book, report, header)
        page.chart(
            chart,
            alt,
            height=400,
            width=860 if alone else 640,
            left=4 + 650 * (k % 2),
            advance=alone or k % 2 == 1,
        )
    if not alone and len(headers) % 2:
        page.row += 21


def latency_chart(book: Book, report: Report, header: str) -> tuple[Any, str]:
    """Curves of the deployed options with their operating points and the SLO's limit, and what the
    chart shows in words.

    The limit is a line between two cells of the table of limits.
    """
    frame, options = report["tables"]["setup"], report["meta"]["options"]
    series: list[dict[str, Any]] = []
    points: list[str] = []
    drawn: dict[str, int] = {}
    for k, (start, stop) in enumerate(span_series(report)):
        llm, value = str(frame["LLM"].iloc[k]), frame[header].iloc[k]
        if is_blank(value):
            continue
        drawn[llm] = nth = drawn.get(llm, -1) + 1
        series.append(_latency_curve(book, llm, nth, header, (start, stop)))
        rate = frame[PER_REPLICA].iloc[k]
        points.append(f"{llm} {options[k]} at {rate:.2f} req/s: {value:.1f} ms")
    series.append(_latency_operating_points(book.placed[f"operating {header}"], header))
    if limit := _latency_limit(book, report, header):
        series.append(limit)
    title = f"{header.removesuffix(' (ms)')} by rate"
    words = ChartWords(title=title, x="rate of one replica (req/s)", y=header)
    alt = f"Curves of {header} by rate of one replica. Operating points: {'; '.join(points)}"
    return add_scatter_chart(book, series, words), alt


def _latency_curve(
    book: Book, llm: str, nth: int, header: str, span: tuple[int, int]
) -> dict[str, Any]:
    """The curve of one option in its LLM's colour. nth: of the LLM, by its dashes; span: rows."""
    points, look = book.placed["points"], book.looks[llm]
    fill = {"color": look.colour}
    return {
        "name": [points.sheet, points.first + span[0], points.columns["Curve"]],
        "categories": points.spot(RATE, *span),
        "values": points.spot(header, *span),
        "line": {"color": look.colour, "width": 2, "dash_type": DASHES[nth % len(DASHES)]},
        "marker": {"type": look.marker, "size": 5, "fill": fill, "border": fill},
    }


def _latency_operating_points(operating: PlacedTable, header: str) -> dict[str, Any]:
    return {
        "name": "operating point",
        "categories": operating.spot(PER_REPLICA),
        "values": operating.spot(header),
        "line": {"none": True},
        "marker": {
            "type": "diamond",
            "size": 10,
            "fill": {"color": "#000000"},
            "border": {"color": "#FFFFFF"},
        },
    }


def _latency_limit(book: Book, report: Report, header: str) -> dict[str, Any] | None:
    """The line of the first SLO on this column."""
    headers = [limited for limited, _ in curve_points_limit_rows(report)]
    if header not in headers:
        return None
    placed, start = book.placed["limits"], 2 * headers.index(header)
    return {
        "name": [placed.sheet, placed.first + start, placed.columns["Line"]],
        "categories": placed.spot(RATE, start, start + 2),
        "values": placed.spot("Limit (ms)", start, start + 2),
        "line": {"color": COLOURS["bad_ink"], "width": 1.5, "dash_type": "dash"},
        "marker": {"type": "none"},
    }
