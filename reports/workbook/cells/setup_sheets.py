"""The sheets of what runs where: Setup, Lanes, GPU map, Cost, Curve points, Assumptions."""

from typing import Any, cast

import pandas as pd

from reports.cells_content import CellsReport
from reports.content import Report
from reports.series import CELLS, bar_series, gpu_series
from reports.style import sentence_case
from reports.workbook.book import Book
from reports.workbook.page import Page
from reports.workbook.report.gpus import FIRST_CELL, GPU_HEADS, gpu_contents, paint_gpus
from reports.workbook.table import next_table, write_table

__all__ = [
    "write_assumption_values",
    "write_lanes",
    "write_points",
    "write_pools",
    "write_setup_maps",
    "write_setups",
]

HEADS = [*GPU_HEADS[: FIRST_CELL + CELLS], "Contents", "Allocated compute (%)"]
HEADS += ["Memory filled (GiB)", "Memory that may be filled (GiB)"]


def write_setups(book: Book, report: CellsReport) -> None:
    """One row an option of every setup."""
    stories = ["Which options run, with how many replicas, and how far they are loaded at most."]
    page = Page(book, "Setup", "Setup: what is deployed", stories)
    write_table(page, report["tables"]["setup"], "setup")
    if report["meta"]["schedule"]:
        page.heading("What starts and stops between the setups")
    for line in report["meta"]["schedule"]:
        page.bullet(line)
    if report["meta"]["schedule"]:
        page.row += 1
    for line in [*report["meta"]["confidence"], report["meta"]["filters"]]:
        page.sentence(line)
    page.finish()


def write_lanes(book: Book, report: CellsReport) -> None:
    """One row a lane."""
    stories = [
        "A lane is a number of replicas of one option that in a case get the same rates, class by"
        " class. The lanes of an option are all its replicas; blank rates: idle.",
        "Latencies are those at the load of a replica, read off the profiled curves.",
    ]
    page = Page(book, "Lanes", "Lanes: which replicas serve which class", stories)
    write_table(page, report["tables"]["lanes"], "lanes")
    page.finish()


def write_setup_maps(book: Book, report: CellsReport) -> None:
    """One row a GPU, by setup: its bar, its contents, compute and memory."""
    signs = report["meta"]["signs"]
    runs = {str(llm) for _, frame in report["maps"] for llm in frame["LLM"]}
    legend = ", ".join(f"{sign} = {llm}" for llm, sign in signs.items() if llm in runs)
    stories = [f"One coloured cell is 10 % of a GPU's compute. {legend}; a pale cell is free."]
    page = Page(book, "GPU map", "GPU map: what runs on which GPU", stories)
    pools = report["tables"]["pools"]
    each = len(pools) // max(len(report["maps"]), 1)
    for k, (cases, frame) in enumerate(report["maps"]):
        if len(report["maps"]) > 1:
            page.heading(f"Setup of {cases}")
        own = pools.iloc[k * each : (k + 1) * each]
        _write_setup_map(book, page, frame, own, f"gpus_{k + 1}", report)
    contents = FIRST_CELL + CELLS
    page.widths |= dict.fromkeys(range(FIRST_CELL, contents), 4.6)
    page.widths |= {1: 8.0, 2: 7.0, contents: min(page.widths.get(contents, 20), 50)}
    page.finish()


def _write_setup_map(
    book: Book, page: Page, frame: pd.DataFrame, pools: pd.DataFrame, key: str, report: CellsReport
) -> None:
    signs = report["meta"]["signs"]
    source = cast("Report", {"tables": {"gpu_map": frame, "pools": pools}})
    values: list[list[Any]] = []
    bars = []
    for p, pool, node, gpu, rows in gpu_series(source):
        shards = [(frame["LLM"].iloc[r], frame["MPS share (%)"].iloc[r]) for r in rows]
        bars.append(bar_series(shards))
        share = float(sum(share for _, share in shards))
        memory = float(sum(frame["Memory (GiB)"].iloc[r] for r in rows))
        room = float(pools["Usable memory (GiB per GPU)"].iloc[p])
        words = gpu_contents(frame, rows, signs)
        values.append([pool, node, gpu, *[None] * CELLS, words, share, memory, room])
    head = next_table(page, HEADS, len(values))
    write_table(page, pd.DataFrame(values, columns=HEADS, dtype=object), key)
    paint_gpus(book, page, head, bars, signs)


def write_pools(book: Book, report: CellsReport) -> None:
    """GPUs and prices by pool, and what the plan costs."""
    stories = [
        "GPUs by pool; a rented GPU that holds any shard costs its whole price.",
        "The cost is the mean over the hours of all cases; the sheet Case results has it by case.",
    ]
    page = Page(book, "Cost", "Cost: GPUs and prices by pool", stories)
    write_table(page, report["tables"]["pools"], "pools")
    rows = [
        (what.strip(), value, unit)
        for what, value, unit in report["meta"]["figures"]
        if unit.startswith("USD")
    ]
    if rows:
        page.heading("What the plan costs")
        frame = pd.DataFrame(rows, columns=["What", "Value", "Unit"], dtype=object)
        write_table(page, frame, "cost", units=[unit for _, _, unit in rows])
    for line in report["meta"]["payment"]:
        page.bullet(sentence_case(line))
    page.finish()


def write_points(book: Book, report: CellsReport) -> None:
    """Load points of the deployed options."""
    stories = ["What was profiled of the options that run; between two points curves are lines."]
    page = Page(book, "Curve points", "Curve points: latency by rate of one replica", stories)
    write_table(page, report["tables"]["points"], "points")
    page.finish()


def write_assumption_values(book: Book, report: CellsReport) -> None:
    """One number a row with unit and source."""
    stories = [
        "Numbers of the scenario, each with its unit and source. Rates are on the sheet Case"
        " results.",
    ]
    if book.inputs is not None:
        stories.append(
            "The same numbers are on the input sheets at the end; change them there to plan this"
            " workbook again."
        )
    page = Page(book, "Assumptions", "Assumptions: numbers of the scenario", stories)
    frame = report["tables"]["assumptions"]
    write_table(page, frame, "assumptions", units=list(frame["Unit"]))
    page.finish()
