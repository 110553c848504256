"""The tables at the top of the sheet Summary: headline figures on the left, SLOs and what runs on
the right.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from reports.content import Report, ReportMeta
from reports.series import share_series_text
from reports.style import COLOURS, bare_format, number_style
from reports.workbook.book import Book, Formula
from reports.workbook.page import ROW_PX, Page
from reports.workbook.report.assumptions import PLANNED_RATE

__all__ = ["MOST_OPTIONS", "WIDTHS", "write_headline"]

Figure = tuple[str, Any, str]
"""What, value (live where it is computed), unit."""

WIDTHS = (24, 16, 14, 2, 22, 13, 14, 10)
RIGHT = 4
"""First column of the tables on the right."""
MOST_OPTIONS = 8
SETUP_LETTERS = 41
"""That fit into a line of what runs, which takes two columns."""
PER_REQUEST = "cost_usd_per_h/(arrival_rate_rps*3600)"
"""USD of a request."""
HEAD = {"bold": True, "bg_color": COLOURS["head"], "font_color": COLOURS["head_ink"]}
LINE = {"bottom": 1, "bottom_color": COLOURS["rule"]}


def write_headline(book: Book, page: Page, report: Report, *, planned: bool) -> int:
    """Write the three tables; the row below the last of them. planned: whether there is a setup."""
    top = page.row + 1
    figures = _headline_figures(book, report)
    _write_headline_figures(book, page, top, figures)
    height = _write_headline_slos(book, page, top, report)
    if planned:
        height += _write_headline_setup(book, page, top + height + 1, report)
    return top + max(len(figures), height)


# ---------------------------------------------------------------- figures


def _headline_figures(book: Book, report: Report) -> list[Figure]:
    meta, objective = report["meta"], report["meta"]["objective"]
    of, unit = objective["of"].capitalize(), objective["unit"]
    figures: list[Figure] = [
        ("Status", "best effort" if meta["best_effort"] else meta["status"], ""),
        (f"{of} found", objective["value"], unit),
        (f"{of} best possible", objective["bound"], unit),
    ]
    if objective["value"] is None:
        figures = [figure for figure in figures if figure[1] is not None]
    if objective["rel_gap"] is not None:
        text = "=100*ABS(objective_bound-objective_found)/MAX(ABS(objective_found),1E-9)"
        figures.append(("Gap", Formula(text, 100 * objective["rel_gap"]), "%"))
    if objective["of"] == "cost" and meta["quality"] is not None:
        values = report["tables"]["assumptions"].set_index("Name")["Value"]
        floor = Formula("=quality_at_least", values["quality_at_least"])
        figures.append(("Quality", meta["quality"], "mean score"))
        figures.append(("Quality at least", floor, "mean score"))
    rate = Formula("=arrival_rate_rps", meta["arrival_rate_rps"])
    figures.append(("Arrival rate", rate, "req/s"))
    if meta["planned_rate_rps"] > meta["arrival_rate_rps"]:
        planned = Formula(f"={PLANNED_RATE}", meta["planned_rate_rps"])
        figures.append(("Rate planned for", planned, "req/s"))
    figures += _headline_costs(meta) if "cost_usd_per_h" in book.names else []
    figures.append(("Prompts scored", meta["prompts"], "prompts"))
    return [*figures, *_headline_trust(meta, list(report["tables"]["setup"]["Provenance"]))]


def _headline_costs(meta: ReportMeta) -> list[Figure]:
    """GPUs and what they cost, live: at the price of the pools, for the stated requests, whatever
    the headroom.
    """
    cost = meta["cost_usd_per_h"]
    used = Formula("=gpus_used", meta["gpus_used"])
    figures: list[Figure] = [("GPUs used", used, f"of {meta['gpus_total']:,} GPUs")]
    if cost is None:
        return [*figures, ("Cost", Formula("=cost_usd_per_h", "no price"), "USD/h")]
    month, each = meta["hours_per_month"] * cost, cost / (meta["arrival_rate_rps"] * 3600)
    figures += [
        ("Cost per hour", Formula("=cost_usd_per_h", cost), "USD/h"),
        ("Cost per month", Formula("=cost_usd_per_month", month), "USD/month"),
        ("Cost per year", Formula("=12*cost_usd_per_month", 12 * month), "USD/year"),
        ("Cost per 1,000 requests", Formula(f"=1000*{PER_REQUEST}", 1000 * each), "USD"),
    ]
    tokens = meta["tokens_per_request"]
    if tokens is not None:
        text = f"=1000000*{PER_REQUEST}/tokens_per_request"
        figures.append(("Cost per 1M tokens", Formula(text, 1e6 * each / tokens), "USD, in + out"))
    return figures


def _headline_trust(meta: ReportMeta, provenance: Sequence[str]) -> list[Figure]:
    """How many of the setup's curves were measured, and what the verifier says; nothing without a
    setup.
    """
    if not provenance:
        return []
    curves = f"of {len(provenance):,} curve{'s' if len(provenance) > 1 else ''}"
    verdict = "no problem" if meta["verified"] else "PROBLEMS"
    return [
        ("Curves measured", provenance.count("measured"), curves),
        ("Independent verifier", verdict, "at planning"),
    ]


def _write_headline_figures(book: Book, page: Page, top: int, figures: Sequence[Figure]) -> None:
    page.put(top, 0, "Headline", **HEAD, indent=0)
    page.put(top, 1, "Value", **HEAD, align="right")
    page.put(top, 2, "Unit", **HEAD, indent=1)
    names = {"found": "objective_found", "best possible": "objective_bound"}
    for k, (what, value, unit) in enumerate(figures):
        row = top + 1 + k
        page.put(row, 0, what, **LINE)
        page.put(row, 1, value, num_format=_form(unit), bold=True, align="right", **LINE)
        page.put(row, 2, unit, font_color=COLOURS["quiet"], indent=1, **LINE)
        for end, name in names.items():
            if what.endswith(end):
                book.name(name, f"'Summary'!$B${row + 1}")
        if what == "Quality":
            book.name("quality_found", f"'Summary'!$B${row + 1}")


def _form(unit: str) -> str:
    """The number format of a figure; gaps and costs of requests are small."""
    small = {"%": "0.00000", "USD": "0.0000", "USD, in + out": "0.0000"}
    return small.get(unit) or bare_format("GPUs" if unit.startswith("of ") else unit)


# ---------------------------------------------------------------- SLOs and setup


def _write_headline_slos(book: Book, page: Page, top: int, report: Report) -> int:
    """SLOs; the table's rows, the header included."""
    slos = report["meta"]["slos"]
    for c, text in enumerate(("SLO", "Limit (ms)", "Achieved (ms)", "Holds")):
        side = {"align": "right"} if c in (1, 2) else {"indent": int(c > 0)}
        page.put(top, RIGHT + c, text, **HEAD, **side)
    if not slos:
        page.put(top + 1, RIGHT, "none: profiled rates limit alone", **LINE)
        return 2
    placed, form = book.placed.get("slos"), number_style("ms")
    for j, slo in enumerate(slos):
        row = top + 1 + j
        limit = Formula(f"=slo_{j + 1}_limit_ms", slo["limit_ms"])
        achieved = holds = None
        if placed is not None and slo["achieved_ms"] is not None:
            achieved = Formula(f"={placed.cell('Achieved (ms)', j)}", slo["achieved_ms"])
            holds = Formula(f'=IF({placed.cell("Holds", j)},"holds","MISSED")', "holds")
        page.put(row, RIGHT, slo["name"], **LINE)
        page.put(row, RIGHT + 1, limit, num_format=form, **LINE)
        page.put(row, RIGHT + 2, achieved, num_format=form, **LINE)
        page.put(row, RIGHT + 3, holds, bold=True, indent=1, **LINE)
    planned = report["meta"]["achieved_rate"][:1]
    for line in planned:
        page.put(top + 1 + len(slos), RIGHT, line, font_color=COLOURS["quiet"])
    return 1 + len(slos) + len(planned)


def _write_headline_setup(book: Book, page: Page, top: int, report: Report) -> int:
    """What runs, live; the table's rows, with the header and the blank row above."""
    for c, text in enumerate(("Setup: replicas x GPUs of each", "", "Rate (req/s)", "Util. (%)")):
        page.put(top, RIGHT + c, text or None, align="right" if c > 1 else "left", **HEAD)
    frame, placed = report["tables"]["setup"], book.placed["setup"]
    several = len(report["tables"]["pools"]) > 1
    for k in range(min(len(frame), MOST_OPTIONS)):
        row = top + 1 + k
        colour = book.looks[frame["LLM"].iloc[k]].colour
        look = {"left": 5, "left_color": colour, "indent": 1, "text_wrap": True, **LINE}
        page.sheet.merge_range(row, RIGHT, row, RIGHT + 1, "", book.format(**look))
        text = _headline_option_text(frame.iloc[k], several=several)
        page.put(row, RIGHT, text, **look)
        page.heighten(row, ROW_PX * len(textwrap.wrap(text, SETUP_LETTERS)))
        for c, header, form in ((2, "Rate (req/s)", "#,##0.00"), (3, "Utilisation (%)", "0.0")):
            cell = Formula(f"={placed.cell(header, k)}", frame[header].iloc[k])
            page.put(row, RIGHT + c, cell, num_format=form, **LINE)
    more = len(frame) - MOST_OPTIONS
    if more > 0:
        words = f"and {more} more: see the sheet Setup"
        page.put(top + 1 + MOST_OPTIONS, RIGHT, words, font_color=COLOURS["quiet"])
    return 2 + min(len(frame), MOST_OPTIONS + 1)


def _headline_option_text(row: Any, *, several: bool) -> str:
    """An option of the setup in words. several: whether there are several pools."""
    pool = f", pool {row['Pool']}" if several else ""
    degree, share = row["TP degree (GPUs)"], share_series_text(row)
    part = f", {share} of {'each' if degree > 1 else 'it'}"
    if row.get("MIG profile"):
        return f"{row['LLM']}: {row['Replicas']} x MIG {share}{pool}"
    if share == "100 %":
        part = ""
    return f"{row['LLM']}: {row['Replicas']} x {degree} GPU{'s' if degree > 1 else ''}{part}{pool}"
