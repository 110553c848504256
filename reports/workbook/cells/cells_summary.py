"""The sheet Summary of a report on classes and cases: verdict, headline figures, cases, setup, the
day as a chart, and what they mean.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.cells_content import CellsReport
from reports.style import COLOURS, bare_format, sentence_case
from reports.workbook.book import Book, Formula
from reports.workbook.cells.day_charts import day_chart, day_chart_text
from reports.workbook.cells.setup_sheets import EDITS
from reports.workbook.gpu_bars import gpu_bars_chart
from reports.workbook.page import Page
from reports.workbook.report.summary import (
    summary_input_state,
    turn_summary_amber,
    write_summary_contents,
)

__all__ = ["write_cells_summary"]

WIDTHS = (26, 16, 14, 2, 24, 13, 14, 13)
RIGHT = 4
"""First column of the tables on the right."""
MOST_LINES, MOST_SENTENCES = 12, 6
STATUS = {"optimal": "good", "feasible": "warn", "infeasible": "bad", "unknown": "bad"}
HEAD = {"bold": True, "bg_color": COLOURS["head"], "font_color": COLOURS["head_ink"]}
LINE = {"bottom": 1, "bottom_color": COLOURS["rule"]}


def write_cells_summary(book: Book, report: CellsReport) -> None:
    """Write the first sheet; every other one is written already."""
    meta = report["meta"]
    page = Page(book, "Summary", "Plan for LLM deployment and routing", portrait=True)
    page.widths |= dict(enumerate(WIDTHS))
    page.row = 1
    page.sentence(f"Goal: {meta['goal']}", font_size=12, font_color="#000000")
    look = STATUS[meta["status"]]
    page.sentence(
        sentence_case(meta["verdict"]),
        bold=True,
        font_size=12,
        valign="vcenter",
        bg_color=COLOURS[look],
        font_color=COLOURS.get(f"{look}_ink", "#000000"),
    )
    if meta["placeholders"]:
        made_up = {"bg_color": COLOURS["warn"], "font_color": COLOURS["warn_ink"]}
        page.sentence(f"{meta['placeholders']}.", bold=True, **made_up)
    if not meta["verified"]:
        bad = {"bg_color": COLOURS["bad"], "font_color": COLOURS["bad_ink"]}
        page.sentence("This plan FAILS its checks: see the sheet Checks and log.", bold=True, **bad)
    state = page.row
    if report["maps"]:
        bar = {"bold": True, "bg_color": COLOURS["total"]}
        for column in range(len(WIDTHS)):
            page.put(state, column, None, **bar)
        page.put(state, RIGHT, summary_input_state(), **bar)
        page.row += 1
    _write_sections(page, {"Why there is no plan": meta["conflict"]})
    top = page.row + 1
    left = _write_figures(book, page, top, report)
    right = _write_cases(page, top, report)
    right += _write_setup_lines(page, top + right + 1, meta["setup"])
    page.row = top + max(left, right) + 1
    if report["maps"]:
        turn_summary_amber(book, page, state, page.row - 2)
    if "cases" in book.placed:
        page.chart(day_chart(book, report), day_chart_text(report), width=880, height=300)
    _write_map_chart(book, page, report)
    _write_sections(
        page,
        {
            "What to buy, and how it is paid": meta["payment"],
            "What starts and stops between the setups": meta["schedule"],
            "The limit with the least room": meta["nearest"],
            "Limits over all requests that some LLMs exceed": meta["slo_scope"],
            "If a node is lost (the setup stays, requests are routed anew)": meta["lost_nodes"],
            "Confidence": meta["confidence"],
        },
    )
    page.row += 1
    page.sentence(EDITS)
    write_summary_contents(book, page)
    page.finish(across=len(WIDTHS))
    page.sheet.fit_to_pages(1, 1)


def _write_map_chart(book: Book, page: Page, report: CellsReport) -> None:
    """The map of the GPUs, of several setups the first one's."""
    for cases, frame in report["maps"][:1]:
        several = len(report["maps"]) > 1
        if several:
            page.heading(f"GPU map of the setup of {cases}; the others are on their sheet")
        pools = report["tables"]["pools"].iloc[
            : len(report["tables"]["pools"]) // len(report["maps"])
        ]
        where = f" of the setup of {cases}" if several else ""
        chart, alt, height = gpu_bars_chart(
            book, "gpu_bars_1", pools, frame, report["meta"]["signs"], where
        )
        page.chart(chart, alt, width=880, height=height)


def _write_sections(page: Page, sections: Mapping[str, Sequence[str]]) -> None:
    """Sentences by heading; headings without any are left out."""
    for title, lines in sections.items():
        if lines:
            page.heading(title)
        for line in lines[:MOST_SENTENCES]:
            page.bullet(sentence_case(line))
        if len(lines) > MOST_SENTENCES:
            page.bullet(f"And {len(lines) - MOST_SENTENCES} more: see the other sheets")


def _live_figure(book: Book, report: CellsReport, what: str, value: Any) -> Any:
    """A figure as a formula, where it is a cost and all cases have one."""
    if "cost_usd_per_h" not in book.names:
        return value
    request = f"cost_usd_per_h/(3600*mean_rate_rps/(1+{report['meta']['rate_headroom']!r}))"
    texts = {
        "Cost, mean over the hours": "cost_usd_per_h",
        "Cost per month": "hours_per_month*cost_usd_per_h",
        "Cost per year": "12*hours_per_month*cost_usd_per_h",
        "Cost per 1,000 requests": f"1000*{request}",
        "Cost per 1M tokens": f"1000000*{request}/tokens_per_request",
    }
    if "outside_usd_per_h" in book.names:
        texts |= {"of GPUs": "gpus_usd_per_h", "of requests outside": "outside_usd_per_h"}
    else:
        texts["of GPUs"] = f"cost_usd_per_h-{report['meta']['starts_usd_per_h']!r}"
    text = texts.get(what.strip())
    return value if text is None else Formula(f"={text}", value)


def _write_figures(book: Book, page: Page, top: int, report: CellsReport) -> int:
    """The headline; rows, the header included."""
    figures = report["meta"]["figures"]
    page.put(top, 0, "Headline", **HEAD, indent=0)
    page.put(top, 1, "Value", **HEAD, align="right")
    page.put(top, 2, "Unit", **HEAD, indent=1)
    for row, (what, value, unit) in enumerate(figures, start=top + 1):
        small = {"%": "0.00000", "USD": "0.0000", "USD, in + out": "0.0000"}
        form = small.get(unit) or bare_format("GPUs" if unit.startswith("of ") else unit)
        page.put(row, 0, what, **LINE)
        page.put(
            row,
            1,
            _live_figure(book, report, what, value),
            num_format=form,
            bold=True,
            align="right",
            **LINE,
        )
        page.put(row, 2, unit, font_color=COLOURS["quiet"], indent=1, **LINE)
    return 1 + len(figures)


def _write_cases(page: Page, top: int, report: CellsReport) -> int:
    """Rate, quality and cost by case; rows, the header included."""
    frame = report["tables"]["cases"]
    heads = ("Case", "Rate in all (req/s)", "Quality (mean score)", "Cost in all (USD/h)")
    words = ("Case", "Rate (req/s)", "Quality", "USD/h")
    forms = ("General", "#,##0.00", "0.0000", "#,##0.00")
    for c, text in enumerate(words):
        page.put(top, RIGHT + c, text, **HEAD, align="right" if c else "left")
    shown = min(len(frame), MOST_LINES)
    for k in range(shown):
        for c, (head, form) in enumerate(zip(heads, forms, strict=True)):
            page.put(top + 1 + k, RIGHT + c, frame[head].iloc[k], num_format=form, **LINE)
    if len(frame) > shown:
        words_more = f"and {len(frame) - shown} more: see Case results"
        page.put(top + 1 + shown, RIGHT, words_more, font_color=COLOURS["quiet"])
    return 1 + min(len(frame), MOST_LINES + 1)


def _write_setup_lines(page: Page, top: int, lines: Sequence[str]) -> int:
    """What runs, a line an option; rows, the header and the blank row above included."""
    if not lines:
        return 0
    for c in range(4):
        page.put(top, RIGHT + c, "Setup: replicas x GPUs of each" if c == 0 else None, **HEAD)
    look = page.book.format(shrink=True, **LINE)
    for k, line in enumerate(lines[:MOST_LINES]):
        page.sheet.merge_range(top + 1 + k, RIGHT, top + 1 + k, RIGHT + 3, "", look)
        page.put(top + 1 + k, RIGHT, line, shrink=True, **LINE)
    if len(lines) > MOST_LINES:
        words = f"and {len(lines) - MOST_LINES} more: see the sheet Setup"
        page.put(top + 1 + MOST_LINES, RIGHT, words, font_color=COLOURS["quiet"])
    return 2 + min(len(lines), MOST_LINES + 1)
