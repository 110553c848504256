"""The sheet Checks and log: what is recomputed from the other sheets, each TRUE or FALSE, live; and
below it how the plan was made.
"""

import pandas as pd

from reports.content import Report
from reports.style import COLOURS
from reports.workbook.book import Book, Formula
from reports.workbook.page import Page
from reports.workbook.report.assumptions import PLANNED_RATE
from reports.workbook.report.log import LOG, write_log_tables
from reports.workbook.table import write_table

__all__ = ["write_checks"]

Check = tuple[str, Formula | bool, str]
"""What is checked, whether it holds, and how it is checked."""
NOISE = "0.000001"


def write_checks(book: Book, report: Report) -> None:
    """Every check of the plan that a spreadsheet can make, and their conjunction as the name
    checks_all_ok.
    """
    rows = [
        *_sum_checks(book),
        *_gpu_checks(book),
        *_curve_checks(book),
        *_slo_checks(book, report),
        *_replica_checks(book, report),
        *_proof_checks(report),
    ]
    stories = [
        "Live checks, TRUE or FALSE. FALSE after an edit: this setup is not allowed under the"
        " edited assumption."
    ]
    page = Page(book, LOG, "Checks: recomputed from the other sheets", stories, portrait=True)
    page.widest = {0: 44.0, 1: 70.0}
    frame = pd.DataFrame(
        [(check, how, holds) for check, holds, how in rows],
        columns=["Check", "How it is checked", "Holds"],
        dtype=object,
    )
    area = f"$C${page.row + 2}:$C${page.row + 1 + len(rows)}"
    values = [row[1].value if isinstance(row[1], Formula) else row[1] for row in rows]
    totals = {"Check": "All checks hold", "Holds": Formula(f"=AND({area})", all(values))}
    placed = write_table(page, frame, "checks", totals=totals)
    for value, name in (("TRUE", "good"), ("FALSE", "bad")):
        look = book.format(bg_color=COLOURS[name], font_color=COLOURS[f"{name}_ink"])
        rule = {"type": "cell", "criteria": "==", "value": value, "format": look}
        page.sheet.conditional_format(placed.first, 2, placed.last + 1, 2, rule)
    book.name("checks_all_ok", placed.cell("Holds", placed.rows))
    book.name("checks_list", placed.range("Holds"))
    page.heading("Log: how the plan was made")
    write_log_tables(book, report, page)
    page.finish()


def _true(text: str) -> Formula:
    """A check that holds for every plan that is written."""
    return Formula(text, value=True)


def _sum_checks(book: Book) -> list[Check]:
    """Fractions and rates add up."""
    routing, setup = book.placed["routing"], book.placed["setup"]
    fractions = routing.range("Fraction (%)")
    rates, running = routing.range("Rate (req/s)"), setup.range("Rate (req/s)")
    slack = f"{NOISE}*{PLANNED_RATE}"
    return [
        (
            "The fractions add up to 100 %",
            _true(f"=ABS(SUM({fractions})-100)<={NOISE}*100"),
            "Routing, column Fraction",
        ),
        (
            "The LLMs' rates add up to the arrival rate and its headroom",
            _true(f"=ABS(SUM({rates})-{PLANNED_RATE})<={slack}"),
            "Routing, column Rate",
        ),
        (
            "The setup carries what is routed",
            _true(f"=ABS(SUM({running})-SUM({rates}))<={slack}"),
            "Setup and Routing, columns Rate",
        ),
    ]


def _gpu_checks(book: Book) -> list[Check]:
    """No GPU and no pool is overfilled."""
    gpus, cost = book.placed["gpus"], book.placed["cost"]
    setup, shards = book.placed["setup"], book.placed["shards"]
    product = f"SUMPRODUCT({setup.range('Replicas')},{setup.range('TP degree (GPUs)')})"
    return [
        (
            "No GPU allocates more than 100 % of its compute",
            _true(f"=MAX({gpus.range('Allocated compute (%)')})<=100+{NOISE}"),
            "GPU map",
        ),
        (
            "Every GPU's memory holds its shards and the headroom",
            _true(f"=MIN({gpus.range('Memory left (GiB)')})>=-{NOISE}"),
            "GPU map, column Memory left",
        ),
        (
            "No pool uses more GPUs than it has",
            _true(f"=MIN({cost.range('GPUs idle')})>=0"),
            "Setup, column GPUs idle",
        ),
        (
            "Every replica has all its shards",
            _true(f"={product}=ROWS({shards.range('Shard')})"),
            "Setup: replicas x TP degree; the shards beside the GPU map",
        ),
    ]


def _curve_checks(book: Book) -> list[Check]:
    """No option runs beyond what was profiled."""
    use = book.placed["setup"].range("Utilisation (%)")
    text = "No replica runs above its highest profiled rate"
    return [(text, _true(f"=MAX({use})<=100+{NOISE}*100"), "Setup, column Utilisation")]


def _slo_checks(book: Book, report: Report) -> list[Check]:
    """Every SLO holds."""
    checks: list[Check] = []
    for j, slo in enumerate(report["meta"]["slos"]):
        if slo["achieved_ms"] is not None:
            cell = book.placed["slos"].cell("Holds", j)
            holds = bool(slo["achieved_ms"] <= slo["limit_ms"] * (1 + report["meta"]["rounding"]))
            how = "Latency, Service-level objectives"
            checks.append((f"SLO {j + 1} holds: {slo['name']}", Formula(f"={cell}", holds), how))
    return checks


def _replica_checks(book: Book, report: Report) -> list[Check]:
    """Limits on the replicas of an LLM; its replicas are summed on Setup, where its rows are
    consecutive.
    """
    checks: list[Check] = []
    setup, names = book.placed["setup"], list(report["tables"]["setup"]["LLM"])
    for i, (llm, count, least, most) in enumerate(report["tables"]["llms"].itertuples(index=False)):
        rows = [k for k, name in enumerate(names) if name == llm]
        total = f"SUM({setup.range('Replicas', rows[0], rows[-1] + 1)})" if rows else "0"
        if least:
            holds = Formula(f"={total}>=llm_{i + 1}_min_replicas", bool(count >= least))
            checks.append((f"{llm}: at least {_count(least)}", holds, "Setup"))
        if most is not None:
            holds = Formula(f"={total}<=llm_{i + 1}_max_replicas", bool(count <= most))
            checks.append((f"{llm}: at most {_count(most)}", holds, "Setup"))
    return checks


def _count(replicas: int) -> str:
    return f"{replicas} replica{'s' if replicas != 1 else ''}"


def _proof_checks(report: Report) -> list[Check]:
    """What the search says, and the verifier."""
    objective = report["meta"]["objective"]
    checks: list[Check] = []
    if objective["value"] is not None and objective["bound"] is not None:
        slack = f"{NOISE}*ABS(objective_bound)"
        side = f"objective_found<=objective_bound+{slack}+{NOISE}"
        if objective["sense"] == "minimize":
            side = f"objective_found>=objective_bound-{slack}"
        text = "The plan is not better than the best possible"
        checks.append((text, _true(f"={side}"), "Summary"))
    if objective["of"] == "cost":
        floor = _true(f"=quality_found>=quality_at_least-{NOISE}")
        checks.append(("The required quality is reached", floor, "Summary and Assumptions"))
    how = (
        "at planning: latencies, SLOs, placement, memory, cost, quality and gap, by code separate"
        " from the optimiser's"
    )
    verified = bool(report["meta"]["verified"])
    return [*checks, ("The independent verifier found no problem", verified, how)]
