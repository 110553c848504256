"""The sheet Summary: verdict, headline figures, SLOs, two charts and what they mean, on one printed page.

It turns amber when an assumption differs from its as-solved copy, and red letters tell when a check fails.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.sheets_book import Book, Formula
from reports.sheets_charts import bars
from reports.sheets_latency import latency_chart
from reports.sheets_more import frontier_chart
from reports.sheets_plan import EDITS
from reports.sheets_table import Page
from reports.style import COLOURS, bare_format, number_format, safe_text

__all__ = ["summary"]

Report = Mapping[str, Any]
Figure = tuple[str, Any, str]

MOST_LINES = 8
WIDTHS = (24, 16, 14, 2, 22, 13, 14, 10)
STATUS = {"optimal": "good", "feasible": "warn", "infeasible": "bad", "unknown": "bad"}
SAME, OTHER = "Inputs: as solved", "INPUT EDITED: figures are of this setup, not of a new optimum; plan again"


def summary(book: Book, report: Report) -> None:
    """Write the first sheet; every other one is written already."""
    meta = report["meta"]
    page = Page(book, "Summary", "Plan for LLM deployment and routing", portrait=True)
    for column, width in enumerate(WIDTHS):
        page.widths[column] = width
    page.row = 1
    page.sentence(f"{meta['scenario']}: {meta['arrival_rate_rps']:,.12g} req/s, {_pools(report)}", font_size=12, font_color="#000000")
    look = STATUS[meta["status"]]
    colours = {"bg_color": COLOURS[look], "font_color": COLOURS[f"{look}_ink"]}
    page.sentence(meta["verdict"][:1].upper() + meta["verdict"][1:], bold=True, font_size=12, valign="vcenter", **colours)
    planned = "checks_all_ok" in book.names
    state = _states(book, page, planned)
    top = page.row + 1
    figures = _figures(book, report)
    _figures_table(book, page, top, figures)
    height = max(len(figures), 1 + _slo_table(book, page, top, report))
    _amber(book, page, state, top + height)
    page.row = top + height + 2
    if planned:
        _charts(book, page, report)
    for title, lines in _words(report).items():
        page.heading(title)
        more = [f"and {len(lines) - MOST_LINES} more: see the sheets Shadow prices and Log"] if len(lines) > MOST_LINES else []
        for line in [*lines[:MOST_LINES], *more]:
            page.sentence(f"•  {line}", font_color="#000000")
    page.row += 1
    page.sentence(EDITS)
    _contents(book, page, [sheet.get_name() for sheet in book.file.worksheets()])
    page.finish(across=len(WIDTHS))
    page.sheet.fit_to_pages(1, 1)


def _pools(report: Report) -> str:
    pools = report["tables"]["pools"]
    rows = pools[["Nodes", "GPUs per node", "GPU", "Pool"]].itertuples(index=False)
    return ", ".join(f"{nodes} x {per_node} {gpu} (pool {name})" for nodes, per_node, gpu, name in rows)


def _states(book: Book, page: Page, planned: bool) -> int:
    """Whether all checks hold, and whether inputs are as solved, both live; their row."""
    row = page.row
    look = {"bold": True, "bg_color": COLOURS["total"]}
    if planned:
        fails = '"Checks: "&COUNTIF(checks_list,FALSE)&" of "&ROWS(checks_list)&" FAIL, see the sheet Checks"'
        text = f'IF(checks_all_ok,"Checks: all OK",{fails})'
        page.put(row, 0, Formula(f"={text}", "Checks: all OK"), **look)
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
            row, 0, row, 3, {"type": "formula", "criteria": f'=LEFT($A${row + 1},14)<>"Checks: all OK"', "format": bad}
        )
    page.row += 1
    return row


def _amber(book: Book, page: Page, state: int, last: int) -> None:
    """Paint everything above the charts when an input was edited; the rule looks at this sheet's own cell, which every reader can do."""
    warn = book.format(bg_color=COLOURS["warn"], font_color=COLOURS["warn_ink"])
    criteria = f'=LEFT($E${state + 1},12)="INPUT EDITED"'
    page.sheet.conditional_format(0, 0, last, len(WIDTHS) - 1, {"type": "formula", "criteria": criteria, "format": warn})


def _figures(book: Book, report: Report) -> list[Figure]:
    """The headline: what, value (live where it is computed), unit."""
    meta, objective = report["meta"], report["meta"]["objective"]
    of, gap = str(objective["of"]).capitalize(), objective["rel_gap"]
    figures: list[Figure] = [("Status", meta["status"], ""), (f"{of} found", objective["value"], objective["unit"])]
    figures += [(f"{of} best possible", objective["bound"], objective["unit"])]
    if objective["value"] is None:
        figures = [figure for figure in figures if figure[1] is not None]
    shown = None if gap is None else Formula("=100*ABS(objective_bound-objective_found)/MAX(ABS(objective_found),1E-9)", 100 * gap)
    if shown is not None:
        figures.append(("Gap", shown, "%"))
    if objective["of"] == "cost" and meta["quality"] is not None:
        figures.append(("Quality", meta["quality"], "mean score"))
    figures.append(("Arrival rate", Formula("=arrival_rate_rps", meta["arrival_rate_rps"]), "req/s"))
    if "cost_usd_per_h" in book.names:
        cost, used = meta["cost_usd_per_h"], meta["gpus_used"]
        known = cost is not None
        figures.append(("GPUs used", Formula("=gpus_used", used), f"of {meta['gpus_total']:,} GPUs"))
        figures.append(("Cost", Formula("=cost_usd_per_h", cost if known else "no price"), "USD/h"))
        figures.append(
            ("Cost of a month", Formula("=cost_usd_per_month", meta["hours_per_month"] * cost if known else "no price"), "USD/month")
        )
        if known:
            text = "=cost_usd_per_h/(arrival_rate_rps*3600)*1000"
            figures.append(("Cost of 1,000 requests", Formula(text, cost / (meta["arrival_rate_rps"] * 3600) * 1000), "USD"))
    return [*figures, ("Prompts scored", meta["prompts"], "prompts")]


def _figures_table(book: Book, page: Page, top: int, figures: Sequence[Figure]) -> None:
    for c, text in enumerate(("Headline", "Value", "Unit")):
        side = {"align": "right"} if c == 1 else {"indent": int(c > 1)}
        page.put(top, c, text, bold=True, bg_color=COLOURS["head"], font_color=COLOURS["head_ink"], **side)
    names = {"found": "objective_found", "best possible": "objective_bound"}
    for k, (what, value, unit) in enumerate(figures):
        row, rule = top + 1 + k, {"bottom": 1, "bottom_color": COLOURS["rule"]}
        form = "0.00000" if unit == "%" else "0.0000" if unit == "USD" else bare_format(unit if not unit.startswith("of ") else "GPUs")
        page.put(row, 0, what, **rule)
        page.put(row, 1, value, num_format=form, bold=True, align="right", **rule)
        page.put(row, 2, unit, font_color=COLOURS["quiet"], indent=1, **rule)
        for end, name in names.items():
            if what.endswith(end):
                book.name(name, f"'Summary'!$B${row + 1}")
        if what == "Quality":
            book.name("quality_found", f"'Summary'!$B${row + 1}")


def _slo_table(book: Book, page: Page, top: int, report: Report) -> int:
    """SLOs on the right; returns its rows."""
    slos = report["meta"]["slos"]
    heads = ("SLO", "Limit (ms)", "Achieved (ms)", "Holds")
    for c, text in enumerate(heads):
        side = {"align": "right"} if c in (1, 2) else {"indent": int(c > 0)}
        page.put(top, 4 + c, text, bold=True, bg_color=COLOURS["head"], font_color=COLOURS["head_ink"], **side)
    rule = {"bottom": 1, "bottom_color": COLOURS["rule"]}
    if not slos:
        page.put(top + 1, 4, "none asked: profiled rates limit alone", **rule)
        return 1
    placed = book.placed.get("slos")
    for j, slo in enumerate(slos):
        row, reached = top + 1 + j, slo["achieved_ms"]
        page.put(row, 4, slo["name"], **rule)
        page.put(row, 5, Formula(f"=slo_{j + 1}_limit_ms", slo["limit_ms"]), num_format=number_format("ms"), **rule)
        known = placed is not None and reached is not None
        page.put(
            row,
            6,
            Formula(f"={placed.cell('Achieved (ms)', j)}", reached) if placed and known else None,
            num_format=number_format("ms"),
            **rule,
        )
        holds = Formula(f'=IF({placed.cell("Holds", j)},"holds","MISSED")', "holds") if placed and known else None
        page.put(row, 7, holds, bold=True, indent=1, **rule)
    return len(slos)


def _charts(book: Book, page: Page, report: Report) -> None:
    """Two charts side by side: the routing, and the frontier where there is one, else the first SLO's curves."""
    frame, meta = report["tables"]["routing"], report["meta"]
    told = ", ".join(f"{llm} {part:.1f} %" for llm, part in zip(frame["LLM"], frame["Fraction (%)"], strict=True))
    left = bars(book, book.placed["routing"], "Fraction (%)", "Requests by LLM (% of all requests)", list(frame["LLM"]), '0.0" %"')
    if "frontier" in book.placed:
        right, alt = frontier_chart(book, report, str(report["tables"]["frontier"]["Varied"].iloc[0]))
    else:
        header = meta["slos"][0]["header"] if meta["slos"] else meta["latencies"][0]
        right, alt = latency_chart(book, report, header, page)
    page.chart(left, f"Bar chart of the requests by LLM: {told}", width=408, height=330, advance=False)
    page.chart(right, alt, column=4, width=424, height=330)


def _words(report: Report) -> Mapping[str, Sequence[str]]:
    """What binds, what more buys, how sure it is; or why there is no plan. Sentences by heading."""
    meta, tables = report["meta"], report["tables"]
    if "conflict" in tables:
        mends = list(tables["repairs"].iloc[:, 0]) or ["no single change was found"]
        return {"These limits cannot hold together": list(tables["conflict"].iloc[:, 0]), "Any one of these makes it feasible": mends}
    if not meta["binding"]:
        return {}
    return {"What binds, and what one more buys": [meta["binding"], *meta["worth"]], "How sure this is": meta["provenance"]}


def _contents(book: Book, page: Page, sheets: Sequence[str]) -> None:
    """Links to the other sheets, with what each tells."""
    page.row += 1
    page.heading("Sheets")
    quiet = book.format(font_color=COLOURS["quiet"])
    link = book.format(font_color="#0563C1", underline=1)
    for name in sheets:
        if name != "Summary":
            story = book.stories.get(name, "Input of this plan; change it and plan this workbook again")
            page.sheet.write_url(page.row, 0, f"internal:'{name}'!A1", link, name)
            page.sheet.merge_range(page.row, 1, page.row, len(WIDTHS) - 1, "", quiet)
            page.sheet.write_string(page.row, 1, safe_text(story.partition(". ")[0].removesuffix(".")), quiet)
            page.row += 1
