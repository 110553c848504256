"""The sheets of what runs where: Setup with the cost by pool, GPU map, Lanes with the load points
of the curves to the right, Assumptions.

A few GPUs stand on the sheet Setup, as in every report.
"""

from typing import Any, cast

import pandas as pd

from reports.cells_content import CellsReport
from reports.content import Report
from reports.series import CELLS, bar_series, gpu_series
from reports.style import sentence_case
from reports.workbook.book import Book
from reports.workbook.gpu_bars import write_gpu_bars
from reports.workbook.page import Page
from reports.workbook.report.assumptions import write_assumption_table
from reports.workbook.report.cost import write_cost_table
from reports.workbook.report.gpus import (
    FEW_GPUS,
    FIRST_CELL,
    GPU_HEADS,
    gpu_contents,
    paint_gpus,
)
from reports.workbook.table import next_table, write_table

__all__ = [
    "EDITS",
    "setup_maps_stand_alone",
    "write_assumption_values",
    "write_lanes",
    "write_setup_maps",
    "write_setups",
]

HEADS = [*GPU_HEADS[: FIRST_CELL + CELLS], "Contents", "Memory filled (GiB)"]
HEADS += ["Memory that may be filled (GiB)", "Allocated compute (%)"]
CONTENTS_WIDTH = 26
"""Characters of the column that has the contents of a GPU."""
EDITS = (
    "Editing a yellow cell on the sheet Assumptions recomputes what this plan costs, not the"
    " optimum. Plan again for the best plan under other assumptions."
)


def setup_maps_stand_alone(report: CellsReport) -> bool:
    """Whether the maps have a sheet of their own."""
    pools = report["tables"]["pools"]
    return bool((pools["Nodes"] * pools["GPUs per node"]).sum() > FEW_GPUS)


def write_setups(book: Book, report: CellsReport) -> None:
    """One row an option of every setup."""
    stories = ["Which options run, with how many replicas, and how far they are loaded at most."]
    page = Page(book, "Setup", "Setup: what is deployed", stories)
    page.bare, page.widest[FIRST_CELL + CELLS] = True, CONTENTS_WIDTH
    write_table(page, report["tables"]["setup"], "setup")
    if report["meta"]["schedule"]:
        page.heading("What starts and stops between the setups")
    for line in report["meta"]["schedule"]:
        page.bullet(line)
    if report["meta"]["schedule"]:
        page.row += 1
    _write_setup_costs(page, report)
    if not setup_maps_stand_alone(report):
        page.heading("GPU map: what runs on which GPU")
        _write_map_tables(book, page, report)
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
    frame, points = report["tables"]["lanes"], report["tables"]["points"]
    page.bare = True
    if len(points):
        page.paper, page.unprinted = len(frame.columns), "load points of the curves, to the right"
        with page.beside(page.row, page.paper + 1):
            write_table(page, points, "points")
    write_table(page, frame, "lanes")
    page.finish()


def write_setup_maps(book: Book, report: CellsReport) -> None:
    """The sheet GPU map, where there are many GPUs."""
    page = Page(book, "GPU map", "GPU map: what runs on which GPU", [_map_story(report)])
    _write_map_tables(book, page, report)
    contents = FIRST_CELL + CELLS
    page.widths |= dict.fromkeys(range(FIRST_CELL, contents), 4.6)
    page.widths |= {1: 8.0, 2: 7.0, contents: min(page.widths.get(contents, 20), 50)}
    page.paper, page.unprinted = len(HEADS), "figures of the chart"
    page.finish()


def _map_story(report: CellsReport) -> str:
    """How the maps are read."""
    signs = report["meta"]["signs"]
    runs = {str(llm) for _, frame in report["maps"] for llm in frame["LLM"]}
    legend = ", ".join(f"{sign} = {llm}" for llm, sign in signs.items() if llm in runs)
    return f"One coloured cell is 10 % of a GPU's compute. {legend}; a pale cell is free."


def _write_map_tables(book: Book, page: Page, report: CellsReport) -> None:
    """One row a GPU, by setup: its bar, its contents, compute and memory."""
    pools = report["tables"]["pools"]
    each = len(pools) // max(len(report["maps"]), 1)
    for k, (cases, frame) in enumerate(report["maps"]):
        if k > 0:
            page.breaks.append(page.row)
        if len(report["maps"]) > 1:
            page.heading(f"Setup of {cases}")
        own = pools.iloc[k * each : (k + 1) * each]
        _write_setup_map(book, page, frame, own, f"gpus_{k + 1}", report)


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
        values.append([pool, node, gpu, *[None] * CELLS, words, memory, room, share])
    with page.beside(page.row, len(HEADS) + 1):
        write_gpu_bars(page, pools, frame, signs, key.replace("gpus", "gpu_bars"))
    if page.name == "Setup":
        page.paper, page.unprinted = len(HEADS) - 1, "compute by GPU, figures of the chart"
    head = next_table(page, HEADS, len(values))
    write_table(page, pd.DataFrame(values, columns=HEADS, dtype=object), key)
    paint_gpus(book, page, head, bars, signs)


def _write_setup_costs(page: Page, report: CellsReport) -> None:
    """GPUs and prices by pool, and what the plan costs."""
    page.heading("Cost: GPUs and prices by pool")
    page.sentence(
        "A rented GPU that holds any shard costs its whole price. The cost is the mean over the"
        " hours of all cases; the sheet Case results has it by case."
        f" {EDITS}"
    )
    pools, hours = report["tables"]["pools"], report["meta"]["hours_per_month"]
    maps = report["maps"]
    each = len(pools) // max(len(maps), 1)
    for k, (cases, _) in enumerate(maps):
        if len(maps) > 1:
            page.sentence(f"Setup of {cases}")
        own = pools.iloc[k * each : (k + 1) * each].reset_index(drop=True)
        write_cost_table(page, own, hours, f"cost {k}")
    for line in report["meta"]["payment"]:
        page.bullet(sentence_case(line))
    page.row += 1


def write_assumption_values(book: Book, report: CellsReport) -> None:
    """One number a row with unit and source; those that costs are made of are named inputs."""
    stories = [
        "Numbers of the scenario, each with its unit and source; edited ones turn amber. Rates are"
        " on the sheet Case results.",
        EDITS,
    ]
    if book.inputs is not None:
        stories.append(
            "The same numbers are on the input sheets at the end; change them there to plan this"
            " workbook again."
        )
    page = Page(book, "Assumptions", "Assumptions: numbers of the scenario", stories)
    write_assumption_table(book, page, report["tables"]["assumptions"])
    page.finish()
