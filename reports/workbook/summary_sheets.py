"""The sheet Summary: verdict, headline figures, SLOs, setup, two charts and what they mean, on one
printed page.

Where nothing is feasible, first why and what would mend it, then the best effort.

It turns amber when an assumption differs from its as-solved copy, and red letters tell when a check
fails.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.style import COLOURS, bare_format, number_format, safe_text, sentence_case
from reports.workbook.book import Book, Formula
from reports.workbook.charts import bars
from reports.workbook.input_sheets import STORIES
from reports.workbook.latency_sheets import latency_chart
from reports.workbook.more_sheets import frontier_chart
from reports.workbook.plan_sheets import EDITS
from reports.workbook.table import Page

__all__ = ["summary"]

Report = Mapping[str, Any]
Figure = tuple[str, Any, str]

MOST_LINES, MOST_OPTIONS = 8, 8
WIDTHS = (24, 16, 14, 2, 22, 13, 14, 10)
STATUS = {"optimal": "good", "feasible": "warn", "infeasible": "bad", "unknown": "bad"}
NO_SETUP = "There is no setup. Change the inputs, and plan again."
SAME, OTHER = (
    "Inputs: as solved",
    "INPUT EDITED: figures are of this setup, not of a new optimum; plan again",
)


def summary(book: Book, report: Report) -> None:
    """Write the first sheet; every other one is written already."""
    meta = report["meta"]
    page = Page(book, "Summary", "Plan for LLM deployment and routing", portrait=True)
    for column, width in enumerate(WIDTHS):
        page.widths[column] = width
    page.row = 1
    page.sentence(f"Asked: {meta['asked']}", font_size=12, font_color="#000000")
    _verdict(page, meta["verdict"], STATUS[meta["status"]])
    _sections(page, _conflict(report))
    if meta["best_effort"]:
        _verdict(page, f"{meta['best_effort']}. {sentence_case(meta['found'])}", "total")
    planned = "checks_all_ok" in book.names
    state = _states(
        book, page, planned, "Best effort's checks" if meta["best_effort"] else "Checks"
    )
    top = page.row + 1
    figures = _figures(book, report)
    _figures_table(book, page, top, figures)
    right = _slo_table(book, page, top, report)
    height = max(
        len(figures),
        right if not planned else right + _setup_table(book, page, top + right + 1, report),
    )
    _amber(book, page, state, top + height)
    page.row = top + height + 2
    if planned:
        _charts(book, page, report)
    _sections(page, _words(report))
    page.row += 1
    page.sentence(EDITS if planned else NO_SETUP)
    _contents(book, page, [sheet.get_name() for sheet in book.file.worksheets()])
    page.finish(across=len(WIDTHS))
    page.sheet.fit_to_pages(1, 1)


def _verdict(page: Page, text: str, look: str) -> None:
    ink = COLOURS.get(f"{look}_ink", "#000000")
    page.sentence(
        sentence_case(text),
        bold=True,
        font_size=12,
        valign="vcenter",
        bg_color=COLOURS[look],
        font_color=ink,
    )


def _sections(page: Page, sections: Mapping[str, Sequence[str]]) -> None:
    """Sentences by heading."""
    for title, lines in sections.items():
        page.heading(title)
        more = (
            [f"and {len(lines) - MOST_LINES} more: see the other sheets"]
            if len(lines) > MOST_LINES
            else []
        )
        for line in [*lines[:MOST_LINES], *more]:
            page.sentence(f"•  {sentence_case(line)}", font_color="#000000")


def _states(book: Book, page: Page, planned: bool, what: str) -> int:
    """Whether all checks hold, and whether inputs are as solved, both live; their row.

    what: the checks, in words.
    """
    row = page.row
    look = {"bold": True, "bg_color": COLOURS["total"]}
    if planned:
        fails = (
            f'"{what}: "&COUNTIF(checks_list,FALSE)&" of "&ROWS(checks_list)&" FAIL, see the sheet'
            ' Checks"'
        )
        page.put(
            row,
            0,
            Formula(f'=IF(checks_all_ok,"{what}: all OK",{fails})', f"{what}: all OK"),
            **look,
        )
    else:
        page.put(row, 0, "Checks: there is no plan to check", **look)
    for column in (1, 2, 3):
        page.put(row, column, None, **look)
    page.put(row, 4, Formula(f'=IF(inputs_edited=0,"{SAME}","{OTHER}")', SAME), **look)
    for column in range(5, len(WIDTHS)):
        page.put(row, column, None, **look)
    bad = book.format(font_color=COLOURS["bad_ink"], bg_color=COLOURS["bad"])
    if planned:
        page.sheet.conditional_format(
            row,
            0,
            row,
            3,
            {"type": "formula", "criteria": f'=RIGHT($A${row + 1},6)<>"all OK"', "format": bad},
        )
    page.row += 1
    return row


def _amber(book: Book, page: Page, state: int, last: int) -> None:
    """Paint everything above the charts when an input was edited; the rule looks at this sheet's
    own cell, which every reader can do.
    """
    warn = book.format(bg_color=COLOURS["warn"], font_color=COLOURS["warn_ink"])
    criteria = f'=LEFT($E${state + 1},12)="INPUT EDITED"'
    page.sheet.conditional_format(
        0, 0, last, len(WIDTHS) - 1, {"type": "formula", "criteria": criteria, "format": warn}
    )


def _figures(book: Book, report: Report) -> list[Figure]:
    """The headline: what, value (live where it is computed), unit."""
    meta, objective = report["meta"], report["meta"]["objective"]
    of, gap = str(objective["of"]).capitalize(), objective["rel_gap"]
    status = "best effort" if meta["best_effort"] else meta["status"]
    figures: list[Figure] = [
        ("Status", status, ""),
        (f"{of} found", objective["value"], objective["unit"]),
    ]
    figures += [(f"{of} best possible", objective["bound"], objective["unit"])]
    if objective["value"] is None:
        figures = [figure for figure in figures if figure[1] is not None]
    shown = (
        None
        if gap is None
        else Formula(
            "=100*ABS(objective_bound-objective_found)/MAX(ABS(objective_found),1E-9)", 100 * gap
        )
    )
    if shown is not None:
        figures.append(("Gap", shown, "%"))
    if objective["of"] == "cost" and meta["quality"] is not None:
        assumed = report["tables"]["assumptions"].set_index("Name")["Value"]
        figures.append(("Quality", meta["quality"], "mean score"))
        figures.append(
            (
                "Quality at least",
                Formula("=quality_at_least", assumed["quality_at_least"]),
                "mean score",
            )
        )
    figures.append(
        ("Arrival rate", Formula("=arrival_rate_rps", meta["arrival_rate_rps"]), "req/s")
    )
    figures += _costs(meta) if "cost_usd_per_h" in book.names else []
    figures.append(("Prompts scored", meta["prompts"], "prompts"))
    return [*figures, *_trust(meta, list(report["tables"]["setup"]["Provenance"]))]


def _costs(meta: Mapping[str, Any]) -> list[Figure]:
    """GPUs and what they cost, live."""
    cost, known = meta["cost_usd_per_h"], meta["cost_usd_per_h"] is not None
    month = meta["hours_per_month"] * cost if known else "no price"
    figures: list[Figure] = [
        ("GPUs used", Formula("=gpus_used", meta["gpus_used"]), f"of {meta['gpus_total']:,} GPUs")
    ]
    figures.append(("Cost", Formula("=cost_usd_per_h", cost if known else "no price"), "USD/h"))
    figures.append(("Cost of a month", Formula("=cost_usd_per_month", month), "USD/month"))
    if known:
        text = "=cost_usd_per_h/(arrival_rate_rps*3600)*1000"
        figures.append(
            (
                "Cost of 1,000 requests",
                Formula(text, cost / (meta["arrival_rate_rps"] * 3600) * 1000),
                "USD",
            )
        )
    return figures


def _trust(meta: Mapping[str, Any], provenance: Sequence[str]) -> list[Figure]:
    """How many of the setup's curves were measured, and what the verifier found; nothing without a
    setup.
    """
    if not provenance:
        return []
    curves = f"of {len(provenance):,} curve{'s' if len(provenance) > 1 else ''}"
    verdict = "no problem" if meta["verified"] else "PROBLEMS"
    return [
        ("Curves measured", provenance.count("measured"), curves),
        ("Independent verifier", verdict, "see Checks"),
    ]


def _figures_table(book: Book, page: Page, top: int, figures: Sequence[Figure]) -> None:
    for c, text in enumerate(("Headline", "Value", "Unit")):
        side = {"align": "right"} if c == 1 else {"indent": int(c > 1)}
        page.put(
            top,
            c,
            text,
            bold=True,
            bg_color=COLOURS["head"],
            font_color=COLOURS["head_ink"],
            **side,
        )
    names = {"found": "objective_found", "best possible": "objective_bound"}
    for k, (what, value, unit) in enumerate(figures):
        row, rule = top + 1 + k, {"bottom": 1, "bottom_color": COLOURS["rule"]}
        form = (
            "0.00000"
            if unit == "%"
            else (
                "0.0000"
                if unit == "USD"
                else bare_format(unit if not unit.startswith("of ") else "GPUs")
            )
        )
        page.put(row, 0, what, **rule)
        page.put(row, 1, value, num_format=form, bold=True, align="right", **rule)
        page.put(row, 2, unit, font_color=COLOURS["quiet"], indent=1, **rule)
        for end, name in names.items():
            if what.endswith(end):
                book.name(name, f"'Summary'!$B${row + 1}")
        if what == "Quality":
            book.name("quality_found", f"'Summary'!$B${row + 1}")


def _slo_table(book: Book, page: Page, top: int, report: Report) -> int:
    """SLOs on the right; returns its rows, the header included."""
    slos = report["meta"]["slos"]
    heads = ("SLO", "Limit (ms)", "Achieved (ms)", "Holds")
    for c, text in enumerate(heads):
        side = {"align": "right"} if c in (1, 2) else {"indent": int(c > 0)}
        page.put(
            top,
            4 + c,
            text,
            bold=True,
            bg_color=COLOURS["head"],
            font_color=COLOURS["head_ink"],
            **side,
        )
    rule = {"bottom": 1, "bottom_color": COLOURS["rule"]}
    if not slos:
        page.put(top + 1, 4, "none asked: profiled rates limit alone", **rule)
        return 2
    placed = book.placed.get("slos")
    for j, slo in enumerate(slos):
        row, reached = top + 1 + j, slo["achieved_ms"]
        page.put(row, 4, slo["name"], **rule)
        page.put(
            row,
            5,
            Formula(f"=slo_{j + 1}_limit_ms", slo["limit_ms"]),
            num_format=number_format("ms"),
            **rule,
        )
        known = placed is not None and reached is not None
        page.put(
            row,
            6,
            Formula(f"={placed.cell('Achieved (ms)', j)}", reached) if placed and known else None,
            num_format=number_format("ms"),
            **rule,
        )
        holds = (
            Formula(f'=IF({placed.cell("Holds", j)},"holds","MISSED")', "holds")
            if placed and known
            else None
        )
        page.put(row, 7, holds, bold=True, indent=1, **rule)
    return 1 + len(slos)


def _setup_table(book: Book, page: Page, top: int, report: Report) -> int:
    """What runs, below the SLOs, live; returns its rows, with the header and the blank row
    above.
    """
    head = {"bold": True, "bg_color": COLOURS["head"], "font_color": COLOURS["head_ink"]}
    for c, text in enumerate(("Setup: replicas x GPUs of each", "", "Rate (req/s)", "Util. (%)")):
        page.put(top, 4 + c, text or None, align="right" if c > 1 else "left", **head)
    frame, placed, rule = (
        report["tables"]["setup"],
        book.placed["setup"],
        {"bottom": 1, "bottom_color": COLOURS["rule"]},
    )
    for k in range(min(len(frame), MOST_OPTIONS)):
        words = _option(frame.iloc[k], len(report["tables"]["pools"]) > 1)
        look = {
            "left": 5,
            "left_color": book.looks[frame["LLM"].iloc[k]].colour,
            "indent": 1,
            "shrink": True,
            **rule,
        }
        page.sheet.merge_range(top + 1 + k, 4, top + 1 + k, 5, "", book.format(**look))
        page.put(top + 1 + k, 4, words, **look)
        for c, header, form in ((6, "Rate (req/s)", "#,##0.00"), (7, "Utilisation (%)", "0.0")):
            page.put(
                top + 1 + k,
                c,
                Formula(f"={placed.cell(header, k)}", frame[header].iloc[k]),
                num_format=form,
                **rule,
            )
    if len(frame) > MOST_OPTIONS:
        page.put(
            top + 1 + MOST_OPTIONS,
            4,
            f"and {len(frame) - MOST_OPTIONS} more: see the sheet Setup",
            font_color=COLOURS["quiet"],
        )
    return 2 + min(len(frame), MOST_OPTIONS + 1)


def _option(row: Any, several: bool) -> str:
    """An option of the setup in words. several: whether there are several pools."""
    degree, share = row["TP degree (GPUs)"], row["MPS share (%)"]
    part = "" if share == 100 else f", {share:g} % of {'each' if degree > 1 else 'it'}"
    pool = f", pool {row['Pool']}" if several else ""
    return f"{row['LLM']}: {row['Replicas']} x {degree} GPU{'s' if degree > 1 else ''}{part}{pool}"


def _charts(book: Book, page: Page, report: Report) -> None:
    """Two charts side by side: the routing, and the frontier where there is one, else the first
    SLO's curves.
    """
    frame, meta = report["tables"]["routing"], report["meta"]
    told = ", ".join(
        f"{llm} {part:.1f} %" for llm, part in zip(frame["LLM"], frame["Fraction (%)"], strict=True)
    )
    left = bars(
        book,
        book.placed["routing"],
        "Fraction (%)",
        "Requests by LLM (% of all requests)",
        list(frame["LLM"]),
        '0.0" %"',
    )
    if "frontier" in book.placed:
        right, alt = frontier_chart(
            book, report, str(report["tables"]["frontier"]["Varied"].iloc[0])
        )
    else:
        header = meta["slos"][0]["header"] if meta["slos"] else meta["latencies"][0]
        right, alt = latency_chart(book, report, header, page)
    height = 310 + 20 * min(
        len(report["tables"]["setup"]), MOST_OPTIONS
    )  # a legend may take a line a curve
    page.chart(
        left, f"Bar chart of the requests by LLM: {told}", width=408, height=height, advance=False
    )
    page.chart(right, alt, column=4, width=424, height=height)


def _conflict(report: Report) -> Mapping[str, Sequence[str]]:
    """Why there is no plan, and what would mend it. Sentences by heading."""
    tables = report["tables"]
    if "conflict" not in tables:
        return {}
    mends = list(tables["repairs"].iloc[:, 0]) or ["no single change was found"]
    return {
        "These limits cannot hold together": list(tables["conflict"].iloc[:, 0]),
        "What must change: any one of these is enough": mends,
    }


def _words(report: Report) -> Mapping[str, Sequence[str]]:
    """What binds, what more buys (as planned again, where it was), how sure it is.

    Sentences by heading.
    """
    meta = report["meta"]
    if not meta["binding"]:
        return {}
    told = {
        "What binds, and what one more buys": [
            meta["binding"],
            *(meta["marginals"] or meta["worth"]),
        ]
    }
    told |= {"Other setups nearly as good": meta["alternatives"]} if meta["alternatives"] else {}
    return {**told, "How sure this is": meta["provenance"]}


def _contents(book: Book, page: Page, sheets: Sequence[str]) -> None:
    """Links to the other sheets, with what each tells."""
    page.row += 1
    page.heading("Sheets")
    quiet = book.format(font_color=COLOURS["quiet"])
    link = book.format(font_color="#0563C1", underline=1)
    for name in sheets:
        if name != "Summary":
            story = book.stories.get(name) or f"Input: {STORIES[name]}"
            page.sheet.write_url(page.row, 0, f"internal:'{name}'!A1", link, name)
            page.sheet.merge_range(page.row, 1, page.row, len(WIDTHS) - 1, "", quiet)
            page.sheet.write_string(
                page.row, 1, safe_text(story.partition(". ")[0].removesuffix(".")), quiet
            )
            page.row += 1
