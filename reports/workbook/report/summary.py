"""The sheet Summary: verdict, headline figures, SLOs, setup, charts and what they mean, on one
printed page.

Where nothing is feasible, first why and what makes it feasible, then the best effort. It turns
amber when an assumption differs from its as-solved copy, and red letters say when a check fails.
"""

from collections.abc import Mapping, Sequence

from reports.content import Report
from reports.series import routing_series_text
from reports.style import COLOURS, safe_style_text, sentence_case
from reports.workbook.book import Book, Formula
from reports.workbook.charts import routing_bars
from reports.workbook.gpu_bars import gpu_bars_chart
from reports.workbook.page import Page
from reports.workbook.report.assumptions import EDITS
from reports.workbook.report.headline import MOST_OPTIONS, WIDTHS, write_headline
from reports.workbook.report.latency import latency_chart
from reports.workbook.report.sweeps import frontier_chart

__all__ = ["summary_input_state", "turn_summary_amber", "write_summary", "write_summary_contents"]

MOST_LINES = 8
IN_ROWS = (0, 1, 2, 4, 5, 6)
"""Columns of links to input sheets."""
STATUS = {"optimal": "good", "feasible": "warn", "infeasible": "bad", "unknown": "bad"}
NO_SETUP = "There is no setup. Change the inputs, and plan again."
SAME = "Inputs: as solved"
EDITED = "INPUT EDITED"
OTHER = f"{EDITED}: figures are of this setup; plan again for the optimum"


def write_summary(book: Book, report: Report) -> None:
    """Write the first sheet; every other one is written already."""
    meta = report["meta"]
    page = Page(book, "Summary", "Plan for LLM deployment and routing", portrait=True)
    page.widths |= dict(enumerate(WIDTHS))
    page.row = 1
    page.sentence(f"Goal: {meta['goal']}", font_size=12, font_color="#000000")
    _write_summary_verdict(page, meta["verdict"], STATUS[meta["status"]])
    if meta["placeholders"]:
        _write_summary_verdict(page, f"{meta['placeholders']}.", "warn")
    _write_summary_sections(page, _summary_conflict(report))
    if meta["best_effort"]:
        verdict = sentence_case(meta["best_effort_verdict"])
        _write_summary_verdict(page, f"{meta['best_effort']}. {verdict}", "total")
    planned = "checks_all_ok" in book.names
    checks = "Best effort's checks" if meta["best_effort"] else "Checks"
    state = _write_summary_states(book, page, checks, planned=planned)
    last = write_headline(book, page, report, planned=planned)
    turn_summary_amber(book, page, state, last)
    page.row = last + 2
    if planned:
        _write_summary_charts(book, page, report)
    _write_summary_sections(page, _summary_words(report))
    page.row += 1
    page.sentence(EDITS if planned else NO_SETUP)
    write_summary_contents(book, page)
    page.finish(across=len(WIDTHS))
    page.sheet.fit_to_pages(1, 1)


def _write_summary_verdict(page: Page, text: str, look: str) -> None:
    page.sentence(
        sentence_case(text),
        bold=True,
        font_size=12,
        valign="vcenter",
        bg_color=COLOURS[look],
        font_color=COLOURS.get(f"{look}_ink", "#000000"),
    )


def _write_summary_sections(page: Page, sections: Mapping[str, Sequence[str]]) -> None:
    """Sentences by heading."""
    for title, lines in sections.items():
        page.heading(title)
        for line in lines[:MOST_LINES]:
            page.bullet(sentence_case(line))
        if len(lines) > MOST_LINES:
            page.bullet(f"And {len(lines) - MOST_LINES} more: see the other sheets")


def _write_summary_states(book: Book, page: Page, what: str, *, planned: bool) -> int:
    """Whether all checks hold, and whether inputs are as solved, both live; their row.

    what: the checks, in words.
    """
    row = page.row
    look = {"bold": True, "bg_color": COLOURS["total"]}
    for column in range(len(WIDTHS)):
        page.put(row, column, None, **look)
    if planned:
        well = f"{what}: all OK"
        failing = '&COUNTIF(checks_list,FALSE)&" of "&ROWS(checks_list)&'
        fails = f'"{what}: "{failing}" FAIL, see the sheet Checks and log"'
        page.put(row, 0, Formula(f'=IF(checks_all_ok,"{well}",{fails})', well), **look)
        bad = book.format(font_color=COLOURS["bad_ink"], bg_color=COLOURS["bad"])
        criteria = f'=RIGHT($A${row + 1},6)<>"all OK"'
        rule = {"type": "formula", "criteria": criteria, "format": bad}
        page.sheet.conditional_format(row, 0, row, 3, rule)
    else:
        page.put(row, 0, "Checks: there is no plan to check", **look)
    page.put(row, 4, summary_input_state(), **look)
    page.row += 1
    return row


def summary_input_state() -> Formula:
    """Whether inputs are as solved, live."""
    return Formula(f'=IF(inputs_edited=0,"{SAME}","{OTHER}")', SAME)


def turn_summary_amber(book: Book, page: Page, state: int, last: int) -> None:
    """Paint everything above the charts when an input was edited; the rule looks at this sheet's
    own cell, which every reader can do.
    """
    warn = book.format(bg_color=COLOURS["warn"], font_color=COLOURS["warn_ink"])
    criteria = f'=LEFT($E${state + 1},{len(EDITED)})="{EDITED}"'
    rule = {"type": "formula", "criteria": criteria, "format": warn}
    page.sheet.conditional_format(0, 0, last, len(WIDTHS) - 1, rule)


def _write_summary_charts(book: Book, page: Page, report: Report) -> None:
    """Two charts side by side: the routing, and the frontier where there is one, else the first
    SLO's curves; below them the map of the GPUs.
    """
    tables, meta = report["tables"], report["meta"]
    left = routing_bars(book, list(tables["routing"]["LLM"]))
    if "frontier" in book.placed:
        right, alt = frontier_chart(book, report, str(tables["frontier"]["Varied"].iloc[0]))
    else:
        header = meta["slos"][0]["header"] if meta["slos"] else meta["latencies"][0]
        right, alt = latency_chart(book, report, header)
    # A legend may take a line per curve.
    height = 290 + 20 * min(len(tables["setup"]), MOST_OPTIONS)
    page.chart(left, routing_series_text(report), width=408, height=height, advance=False)
    page.chart(right, alt, column=4, width=424, height=height)
    chart, alt, height = gpu_bars_chart(
        book, "gpu_bars", tables["pools"], tables["gpu_map"], meta["signs"]
    )
    page.chart(chart, alt, width=838, height=height)


def _summary_conflict(report: Report) -> Mapping[str, Sequence[str]]:
    """Why there is no plan, and what makes one possible. Sentences by heading."""
    tables = report["tables"]
    if "conflict" not in tables:
        return {}
    repairs = list(tables["repairs"].iloc[:, 0])
    return {
        "These limits cannot hold together": list(tables["conflict"].iloc[:, 0]),
        "What must change: any one of these is enough": repairs or ["no single change helps"],
    }


def _summary_words(report: Report) -> Mapping[str, Sequence[str]]:
    """Binding limits, marginal values (planned again, where computed), confidence.

    Sentences by heading.
    """
    meta = report["meta"]
    if not meta["binding"]:
        return {}
    more = meta["marginals"] or meta["estimates"]
    sections: dict[str, Sequence[str]] = {}
    if meta["missed_limits"]:
        sections["Limits that the curves keep and a simulation of this plan misses"] = meta[
            "missed_limits"
        ]
    if meta["slo_scope"]:
        sections["Limits over all requests that some LLMs exceed"] = meta["slo_scope"]
    sections["Binding limits and marginal values"] = [meta["binding"], *more]
    if meta["alternatives"]:
        sections["Other setups nearly as good"] = meta["alternatives"]
    return {**sections, "Confidence": meta["provenance"]}


def write_summary_contents(book: Book, page: Page) -> None:
    """Links to the other sheets, with the first sentence of each; those of the inputs in rows."""
    page.row += 1
    page.heading("Sheets")
    quiet = book.format(font_color=COLOURS["quiet"])
    link = book.format(font_color="#0563C1", underline=1, shrink=True)
    names = [sheet.get_name() for sheet in book.file.worksheets()]
    inputs = [name for name in names if name != "Summary" and name not in book.stories]
    for name in names:
        if name != "Summary" and name not in inputs:
            first = safe_style_text(book.stories[name].partition(". ")[0].removesuffix("."))
            page.sheet.write_url(page.row, 0, f"internal:'{name}'!A1", link, name)
            page.sheet.merge_range(page.row, 1, page.row, len(WIDTHS) - 1, "", quiet)
            page.sheet.write_string(page.row, 1, first, quiet)
            page.row += 1
    for k, name in enumerate(inputs):
        row, column = page.row + k // len(IN_ROWS), IN_ROWS[k % len(IN_ROWS)]
        page.sheet.write_url(row, column, f"internal:'{name}'!A1", link, name)
    page.row += -(-len(inputs) // len(IN_ROWS))
    if inputs:
        page.sentence("The sheets of the last rows are the inputs: change them and plan again.")
