"""The sheets Latency and Curve points: what the deployed options were measured (or estimated) at,
and where on their curves they run.

The latency of an option at the rate x of one replica, with the load points (r_1, l_1) ... (r_K,
l_K) of its curve, is live:

    l_1 if x <= r_1;   l_K if x >= r_K;   else on the line between the two points around x
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.series import RATE, Report, spans_of
from reports.style import COLOURS, DASHES
from reports.workbook.book import Book, Formula, Placed, missing
from reports.workbook.charts import scatter
from reports.workbook.table import Page

__all__ = ["HOLDS", "curve_points", "latency", "latency_chart", "latency_formula"]

MOST_CHARTS = 4
MOST_COLUMNS = 6
"""Latency columns of one table."""
HOLDS = 1e-6
"""Part of a limit by which rounding may miss it."""


def latency_formula(book: Book, report: Report, option: int, header: str, rate: str) -> Any:
    """Latency of the option (position in `setup`) at the rate in a cell; None where the option
    lacks the column.
    """
    points, placed = report["tables"]["points"], book.placed["points"]
    start, stop = spans_of(report)[option]
    latencies = points[header].iloc[start:stop]
    if any(missing(value) for value in latencies):
        return None
    x = float(report["tables"]["setup"]["Rate per replica (req/s)"].iloc[option])
    value = float(
        np.interp(
            x, points[RATE].iloc[start:stop].to_numpy(dtype=float), latencies.to_numpy(dtype=float)
        )
    )
    r, c = placed.range(RATE, start, stop), placed.range(header, start, stop)
    if stop - start == 1:
        return Formula(f"={placed.cell(header, start)}", value)
    below = f"MATCH({rate},{r})"
    slope = f"(INDEX({c},{below}+1)-INDEX({c},{below}))/(INDEX({r},{below}+1)-INDEX({r},{below}))"
    line = f"INDEX({c},{below})+({rate}-INDEX({r},{below}))*{slope}"
    first, last = placed.cell(RATE, start), placed.cell(RATE, stop - 1)
    ends = f"IF({rate}<={first},{placed.cell(header, start)},IF({rate}>={last}"
    return Formula(f"={ends},{placed.cell(header, stop - 1)},{line}))", value)


def curve_points(book: Book, report: Report) -> None:
    """Every load point of the deployed options, and the ends of the limits that the charts draw."""
    stories = [
        "Load points of the deployed options; between two of them every latency is linear in the"
        " rate of one replica."
    ]
    page = Page(book, "Curve points", "Curve points: where the latencies come from", stories)
    page.table(report["tables"]["points"].assign(Curve=_curve_names(report)), "points")
    if report["meta"]["slos"]:
        page.heading("Limits as drawn in the charts")
        _limit_lines(page, report)
    page.finish()


def _curve_names(report: Report) -> list[str]:
    """Of every load point, what a legend calls its curve: LLM, option, and the provenance at the
    rate of the plan.
    """
    points, provenance = report["tables"]["points"], report["tables"]["setup"]["Provenance"]
    told = [
        provenance.iloc[k]
        for k, (start, stop) in enumerate(spans_of(report))
        for _ in range(start, stop)
    ]
    return [
        f"{llm} {option}, {where}"
        for llm, option, where in zip(points["LLM"], points["Option"], told, strict=True)
    ]


def latency(book: Book, report: Report) -> None:
    """Operating points, what they come to against the SLOs, and the curves."""
    meta = report["meta"]
    page = Page(
        book,
        "Latency",
        "Latency: operating points and SLOs",
        [
            "Every deployed option on its curve at the rate of one replica. Means over all requests"
            " and limits on each LLM are live; percentiles over all requests are as solved."
        ],
    )
    groups = _groups(meta["latencies"])
    for headers in groups:
        if len(groups) > 1:
            page.heading(f"{headers[0].partition(' ')[0]} at the operating points")
        _operating_table(book, page, report, headers)
    _against_slos(book, page, report)
    page.finish()


def _groups(headers: Sequence[str]) -> list[list[str]]:
    """The latency columns in tables that fit on a page: all in one, or one table a metric where
    there are many.
    """
    if len(headers) <= MOST_COLUMNS:
        return [list(headers)]
    metrics = dict.fromkeys(header.partition(" ")[0] for header in headers)
    return [
        [header for header in headers if header.partition(" ")[0] == metric] for metric in metrics
    ]


def _operating_table(book: Book, page: Page, report: Report, headers: Sequence[str]) -> None:
    """Latencies of every deployed option at its rate, placed as `operating` and the header, for
    each header.
    """
    frame, setup = report["tables"]["setup"], book.placed["setup"]
    shown = pd.concat(
        [
            pd.DataFrame({"LLM": frame["LLM"], "Option": report["meta"]["options"]}, dtype=object),
            frame[
                [
                    "Rate per replica (req/s)",
                    "Highest rate per replica (req/s)",
                    *headers,
                    "Provenance",
                ]
            ],
        ],
        axis=1,
    )
    rates = [setup.cell("Rate per replica (req/s)", k) for k in range(len(frame))]
    formulas: dict[str, list[Any]] = {
        "Rate per replica (req/s)": [
            Formula(f"={cell}", v)
            for cell, v in zip(rates, frame["Rate per replica (req/s)"], strict=True)
        ]
    }
    for header in headers:
        if header in setup.columns:
            formulas[header] = [
                None if missing(v) else Formula(f"={setup.cell(header, k)}", v)
                for k, v in enumerate(frame[header])
            ]
        else:
            formulas[header] = [
                latency_formula(book, report, k, header, rates[k]) for k in range(len(frame))
            ]
    placed = page.table(shown, "operating", formulas=formulas)
    book.placed |= {f"operating {header}": placed for header in headers}


def _against_slos(book: Book, page: Page, report: Report) -> None:
    """The SLOs, and a chart for each column that one limits."""
    meta = report["meta"]
    if meta["slos"]:
        page.heading("Service-level objectives")
        _slos(book, page, report)
    else:
        page.sentence("No SLO was asked for: the profiled rates alone limit the plan.")
    charts = []
    for header in (
        list(dict.fromkeys(slo["header"] for slo in meta["slos"]))[:MOST_CHARTS]
        or meta["latencies"][:1]
    ):
        charts.append(latency_chart(book, report, header, page))
    for k, (chart, alt) in enumerate(charts):
        alone = len(charts) == 1
        page.chart(
            chart,
            alt,
            height=400,
            width=860 if alone else 640,
            left=4 + 650 * (k % 2),
            advance=alone or k % 2 == 1,
        )
    page.row += 21 * (len(charts) % 2 if len(charts) > 1 else 0)


def _slos(book: Book, page: Page, report: Report) -> None:
    """Limit (an assumption), achieved, room and whether it holds."""
    frame, meta, setup = report["tables"]["slo"], report["meta"], book.placed["setup"]
    head = page.row + 1
    limits, achieved, room, holds, how = [], [], [], [], []
    for j, slo in enumerate(meta["slos"]):
        limit, reached = slo["limit_ms"], slo["achieved_ms"]
        row = head + j + 1
        live = slo["scope"] == "each_llm" or slo["statistic"] == "mean"
        limits.append(Formula(f"=slo_{j + 1}_limit_ms", limit))
        achieved.append(
            Formula(_achieved(setup, slo), reached) if live and reached is not None else reached
        )
        room.append(
            None
            if reached is None
            else Formula(f"=100*(1-D{row}/C{row})", 100 * (1 - reached / limit))
        )
        holds.append(
            None
            if reached is None
            else Formula(f"=D{row}<=C{row}*(1+{HOLDS})", bool(reached <= limit * (1 + HOLDS)))
        )
        how.append("live" if live else "as solved")
    worth = frame.columns[-1]
    shown = pd.DataFrame(
        {
            "SLO": frame["SLO"],
            "Scope": [str(scope).replace("_", " ") for scope in frame["Scope"]],
            "Limit (ms)": limits,
            "Achieved (ms)": achieved,
            "Room (%)": room,
            "Holds": holds,
            worth: frame[worth],
            "Achieved is": how,
        },
        dtype=object,
    )
    page.table(shown if frame[worth].notna().any() else shown.drop(columns=worth), "slos")


def _achieved(setup: Placed, slo: Mapping[str, Any]) -> str:
    latencies = setup.range(slo["header"])
    if slo["scope"] == "each_llm":
        return f"=MAX({latencies})"
    rates = setup.range("Rate (req/s)")
    return f"=SUMPRODUCT({rates},{latencies})/SUM({rates})"


def latency_chart(book: Book, report: Report, header: str, page: Page) -> tuple[Any, str]:
    """Curves of the deployed options with their operating points and the SLO's limit, and what the
    chart shows in words.

    The limit is a line between two cells of the table of limits.
    """
    points, operating = book.placed["points"], book.placed[f"operating {header}"]
    frame = report["tables"]["setup"]
    series: list[dict[str, Any]] = []
    told: list[str] = []
    seen: dict[str, int] = {}
    for k, (start, stop) in enumerate(spans_of(report)):
        llm = str(frame["LLM"].iloc[k])
        if missing(frame[header].iloc[k]):
            continue
        look, nth = book.looks[llm], seen.get(llm, 0)
        seen[llm] = nth + 1
        line = {"color": look.colour, "width": 2, "dash_type": DASHES[nth % len(DASHES)]}
        series.append(
            {
                "name": [points.sheet, points.first + start, points.columns["Curve"]],
                "categories": points.spot(RATE, start, stop),
                "values": points.spot(header, start, stop),
                "line": line,
                "marker": {
                    "type": look.marker,
                    "size": 5,
                    "fill": {"color": look.colour},
                    "border": {"color": look.colour},
                },
            }
        )
        rate, value = frame["Rate per replica (req/s)"].iloc[k], frame[header].iloc[k]
        told.append(f"{llm} {report['meta']['options'][k]} at {rate:.2f} req/s: {value:.1f} ms")
    series.append(_operating(operating, header))
    limit = _limit(book, report, header)
    if limit:
        series.append(limit)
    chart = scatter(
        book,
        series,
        f"{header.removesuffix(' (ms)')} by rate",
        "rate of one replica (req/s)",
        header,
    )
    return chart, f"Curves of {header} by rate of one replica. Operating points: {'; '.join(told)}"


def _operating(operating: Placed, header: str) -> dict[str, Any]:
    return {
        "name": "operating point",
        "categories": operating.spot("Rate per replica (req/s)"),
        "values": operating.spot(header),
        "line": {"none": True},
        "marker": {
            "type": "diamond",
            "size": 10,
            "fill": {"color": "#000000"},
            "border": {"color": "#FFFFFF"},
        },
    }


def _limit(book: Book, report: Report, header: str) -> dict[str, Any] | None:
    """The line of the first SLO on this column."""
    at = [known for known, _ in limit_rows(report)]
    if header not in at:
        return None
    placed, start = book.placed["limits"], 2 * at.index(header)
    return {
        "name": [placed.sheet, placed.first + start, placed.columns["Line"]],
        "categories": placed.spot(RATE, start, start + 2),
        "values": placed.spot("Limit (ms)", start, start + 2),
        "line": {"color": COLOURS["bad_ink"], "width": 1.5, "dash_type": "dash"},
        "marker": {"type": "none"},
    }


def limit_rows(report: Report) -> Sequence[tuple[str, int]]:
    """Headers that an SLO limits, with the SLO's position."""
    first: dict[str, int] = {}
    for j, slo in enumerate(report["meta"]["slos"]):
        first.setdefault(slo["header"], j)
    return list(first.items())


def _limit_lines(page: Page, report: Report) -> None:
    """Two ends of every limit's line: rate 0 and the highest rate of any curve."""
    most = float(max(report["tables"]["points"][RATE]))
    slos = report["meta"]["slos"]
    rows = [
        (
            f"limit on {slos[j]['name']}",
            rate,
            Formula(f"=slo_{j + 1}_limit_ms", slos[j]["limit_ms"]),
        )
        for _, j in limit_rows(report)
        for rate in (0.0, most)
    ]
    page.table(pd.DataFrame(rows, columns=["Line", RATE, "Limit (ms)"], dtype=object), "limits")
