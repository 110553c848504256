"""The sheets Checks (live, each TRUE or FALSE) and Log (how the plan was found, what the reader
should know).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.style import COLOURS
from reports.workbook.book import Book, Formula
from reports.workbook.latency_sheets import HOLDS
from reports.workbook.table import Page

__all__ = ["checks", "log"]

Report = Mapping[str, Any]
Check = tuple[str, Formula | bool, str]

NOISE = "0.000001"


def checks(book: Book, report: Report) -> None:
    """Every check of the plan that a spreadsheet can make, and their conjunction as the name
    checks_all_ok.
    """
    rows = [
        *_sums(book),
        *_gpus(book, report),
        *_curves(book),
        *_slos(book, report),
        *_replicas(book, report),
        *_proof(report),
    ]
    page = Page(
        book,
        "Checks",
        "Checks: recomputed from the other sheets",
        [
            "Each is a live TRUE or FALSE; an edited assumption may turn one FALSE, and then this"
            " setup is not allowed under it."
        ],
    )
    first = page.row + 1
    frame = pd.DataFrame(rows, columns=["Check", "Holds", "How it is checked"], dtype=object)
    area = f"$B${first + 1}:$B${first + len(rows)}"
    values = [row[1].value if isinstance(row[1], Formula) else row[1] for row in rows]
    totals = {"Check": "All checks hold", "Holds": Formula(f"=AND({area})", all(values))}
    placed = page.table(frame, "checks", totals=totals)
    for value, name in (("TRUE", "good"), ("FALSE", "bad")):
        look = book.format(bg_color=COLOURS[name], font_color=COLOURS[f"{name}_ink"])
        page.sheet.conditional_format(
            first,
            1,
            placed.last + 1,
            1,
            {"type": "cell", "criteria": "==", "value": value, "format": look},
        )
    book.name("checks_all_ok", placed.cell("Holds", placed.rows))
    book.name("checks_list", placed.range("Holds"))
    page.finish()


def _sums(book: Book) -> list[Check]:
    """Fractions and rates add up."""
    routing, setup = book.placed["routing"], book.placed["setup"]
    fractions, rates, running = (
        routing.range("Fraction (%)"),
        routing.range("Rate (req/s)"),
        setup.range("Rate (req/s)"),
    )
    return [
        (
            "The fractions add up to 100 %",
            Formula(f"=ABS(SUM({fractions})-100)<={NOISE}*100", True),
            "Routing, column Fraction",
        ),
        (
            "The LLMs' rates add up to the arrival rate",
            Formula(f"=ABS(SUM({rates})-arrival_rate_rps)<={NOISE}*arrival_rate_rps", True),
            "Routing, column Rate",
        ),
        (
            "The setup carries what is routed",
            Formula(f"=ABS(SUM({running})-SUM({rates}))<={NOISE}*arrival_rate_rps", True),
            "Setup and Routing, columns Rate",
        ),
    ]


def _gpus(book: Book, report: Report) -> list[Check]:
    """Every GPU holds what stands on it; no pool is overdrawn."""
    gpus, cost = book.placed["gpus"], book.placed["cost"]
    compute, left = gpus.range("Compute given out (%)"), gpus.range("Memory left (GiB)")
    found: list[Check] = [
        (
            "No GPU gives out more than 100 % of its compute",
            Formula(f"=MAX({compute})<=100+{NOISE}", True),
            "GPU map",
        ),
        (
            "Every GPU's memory holds its shards beside the headroom",
            Formula(f"=MIN({left})>=-{NOISE}", True),
            "GPU map, column Memory left",
        ),
        (
            "No pool uses more GPUs than it has",
            Formula(f"=MIN({cost.range('GPUs idle')})>=0", True),
            "Cost, column GPUs idle",
        ),
    ]
    setup, shards = book.placed["setup"], book.placed["shards"]
    product = f"SUMPRODUCT({setup.range('Replicas')},{setup.range('TP degree (GPUs)')})"
    found.append(
        (
            "Every replica has all its shards",
            Formula(f"={product}=ROWS({shards.range('Shard')})", True),
            "Setup: replicas x TP degree; Shards: rows",
        )
    )
    return found


def _curves(book: Book) -> list[Check]:
    """No option runs beyond what was profiled."""
    use = book.placed["setup"].range("Utilisation (%)")
    text = "No replica runs above its highest profiled rate"
    return [(text, Formula(f"=MAX({use})<=100+{NOISE}*100", True), "Setup, column Utilisation")]


def _slos(book: Book, report: Report) -> list[Check]:
    """Every SLO holds."""
    found: list[Check] = []
    for j, slo in enumerate(report["meta"]["slos"]):
        if slo["achieved_ms"] is None:
            continue
        cell = book.placed["slos"].cell("Holds", j)
        holds = bool(slo["achieved_ms"] <= slo["limit_ms"] * (1 + HOLDS))
        found.append(
            (
                f"SLO {j + 1} holds: {slo['name']}",
                Formula(f"={cell}", holds),
                "Latency, Service-level objectives",
            )
        )
    return found


def _replicas(book: Book, report: Report) -> list[Check]:
    """Limits on the replicas of an LLM; its replicas are summed on Setup, where its rows stand one
    after the other.
    """
    found: list[Check] = []
    setup, names = book.placed["setup"], list(report["tables"]["setup"]["LLM"])
    for i, (llm, count, least, most) in enumerate(report["tables"]["llms"].itertuples(index=False)):
        rows = [k for k, name in enumerate(names) if name == llm]
        total = f"SUM({setup.range('Replicas', rows[0], rows[-1] + 1)})" if rows else "0"
        if least:
            found.append(
                (
                    f"{llm}: at least {_replicas_told(least)}",
                    Formula(f"={total}>=llm_{i + 1}_min_replicas", bool(count >= least)),
                    "Setup",
                )
            )
        if most is not None:
            holds = Formula(f"={total}<=llm_{i + 1}_max_replicas", bool(count <= most))
            found.append((f"{llm}: at most {_replicas_told(most)}", holds, "Setup"))
    return found


def _replicas_told(count: int) -> str:
    return f"{count} replica{'s' if count != 1 else ''}"


def _proof(report: Report) -> list[Check]:
    """What the search says, and the verifier."""
    objective, meta = report["meta"]["objective"], report["meta"]
    found: list[Check] = []
    if objective["value"] is not None and objective["bound"] is not None:
        better = ">=" if objective["sense"] == "minimize" else "<="
        slack = f"{NOISE}*ABS(objective_bound)" + (f"+{NOISE}" if better == "<=" else "")
        side = (
            f"objective_found<=objective_bound+{slack}"
            if better == "<="
            else f"objective_found>=objective_bound-{slack}"
        )
        found.append(
            (
                "What was found is not better than the best possible",
                Formula(f"={side}", True),
                "Summary",
            )
        )
    if objective["of"] == "cost":
        floor = f"=quality_found>=quality_at_least-{NOISE}"
        found.append(
            ("The quality asked for is reached", Formula(floor, True), "Summary and Assumptions")
        )
    words = (
        "when it was planned: latencies, SLOs, placement, memory, cost, quality and gap, by code"
        " apart from the optimiser's"
    )
    return [*found, ("The independent verifier found no problem", bool(meta["verified"]), words)]


def log(book: Book, report: Report) -> None:
    """Provenance, notices, the search, and what makes the plan again."""
    meta, tables = report["meta"], report["tables"]
    page = Page(
        book,
        "Log",
        "Log: how this was found",
        ["Where the plan comes from, what the reader should know, and the effort of the search."],
    )
    rows: list[tuple[str, Any]] = [
        ("Scenario", meta["scenario"]),
        ("Scenario file", meta["scenario_path"]),
        *((f"Overridden by --set {key}", value) for key, value in meta["overrides"].items()),
        ("Scenario SHA-256", meta["sha256"]),
        ("Planner version", meta["version"]),
        *(("Notice", text) for text in tables["notices"]["Notice"]),
        *(("Curves", text) for text in meta["provenance"]),
        ("Options", meta["filters"]),
        *(("Search", text) for text in meta["effort_notes"]),
        *(("This report", text) for text in meta["notes"]),
    ]
    page.widest[1] = 96
    page.table(pd.DataFrame(rows, columns=["What", "Text"], dtype=object), "log")
    page.heading("Written")
    page.put(page.row, 0, "Workbook written (UTC)")
    page.sheet.write_datetime(
        page.row,
        1,
        meta["created"],
        book.format(num_format="yyyy-mm-dd hh:mm:ss", align="left", indent=1),
    )
    page.row += 2
    page.heading("Effort of the search")
    effort = tables["effort"]
    page.table(effort[["What", "Value"]], "effort", units=list(effort["Unit"]), side="left")
    page.finish()
