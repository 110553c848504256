"""The load points of the deployed options, to the right of the sheet Latency: what they were
measured (or estimated) at; and the latency of an option between two of its points.

The latency at the rate x of one replica, with the load points (r_1, l_1) ... (r_K, l_K) of the
curve, is live:

    l_1 if x <= r_1;   l_K if x >= r_K;   else on the line between the two points around x
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.content import Report
from reports.series import RATE, span_series
from reports.workbook.book import Book, Formula, is_blank
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["curve_points_formula", "curve_points_limit_rows", "write_curve_points"]


def curve_points_formula(
    book: Book, report: Report, option: int, header: str, rate: str
) -> Formula | None:
    """Latency of the option (position in `setup`) at the rate in a cell; None where the option
    lacks the column.
    """
    points, placed = report["tables"]["points"], book.placed["points"]
    start, stop = span_series(report)[option]
    latencies = points[header].iloc[start:stop]
    if any(is_blank(value) for value in latencies):
        return None
    x = float(report["tables"]["setup"]["Rate per replica (req/s)"].iloc[option])
    rates = points[RATE].iloc[start:stop].to_numpy(dtype=float)
    value = float(np.interp(x, rates, latencies.to_numpy(dtype=float)))
    if stop - start == 1:
        return Formula(f"={placed.cell(header, start)}", value)
    r, c = placed.range(RATE, start, stop), placed.range(header, start, stop)
    below = f"MATCH({rate},{r})"
    slope = f"(INDEX({c},{below}+1)-INDEX({c},{below}))/(INDEX({r},{below}+1)-INDEX({r},{below}))"
    line = f"INDEX({c},{below})+({rate}-INDEX({r},{below}))*{slope}"
    first, last = placed.cell(RATE, start), placed.cell(RATE, stop - 1)
    ends = f"IF({rate}<={first},{placed.cell(header, start)},IF({rate}>={last}"
    return Formula(f"={ends},{placed.cell(header, stop - 1)},{line}))", value)


def write_curve_points(report: Report, page: Page) -> None:
    """Every load point of the deployed options, and the ends of the limits that the charts draw."""
    page.heading("Load points; between two of them every latency is linear in the rate")
    points = report["tables"]["points"]
    write_table(page, points.assign(Curve=_curve_point_names(report)), "points")
    if report["meta"]["slos"]:
        page.heading("Limits as drawn in the charts")
        _write_curve_points_limits(page, report)


def _curve_point_names(report: Report) -> list[str]:
    """Of every load point, what a legend calls its curve: LLM, option, and the provenance at the
    rate of the plan.
    """
    points, provenance = report["tables"]["points"], report["tables"]["setup"]["Provenance"]
    names = []
    for k, (start, stop) in enumerate(span_series(report)):
        llm, option = points["LLM"].iloc[start], points["Option"].iloc[start]
        names += [f"{llm} {option}, {provenance.iloc[k]}"] * (stop - start)
    return names


def curve_points_limit_rows(report: Report) -> Sequence[tuple[str, int]]:
    """Headers that an SLO limits, with the SLO's position."""
    first: dict[str, int] = {}
    for j, slo in enumerate(report["meta"]["slos"]):
        first.setdefault(slo["header"], j)
    return list(first.items())


def _write_curve_points_limits(page: Page, report: Report) -> None:
    """Two ends of every limit's line: rate 0 and the highest rate of any curve."""
    most = float(max(report["tables"]["points"][RATE]))
    rows = []
    for _, j in curve_points_limit_rows(report):
        slo = report["meta"]["slos"][j]
        limit = Formula(f"=slo_{j + 1}_limit_ms", slo["limit_ms"])
        rows += [(f"limit on {slo['name']}", rate, limit) for rate in (0.0, most)]
    frame = pd.DataFrame(rows, columns=["Line", RATE, "Limit (ms)"], dtype=object)
    write_table(page, frame, "limits")
