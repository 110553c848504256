"""The GPU map: a row per GPU, coloured by LLM, and to its right a row per shard. It has a sheet of
its own, GPU map, or stands on the sheet Setup where there are few GPUs.

Compute and memory of a GPU are sums of its shards.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports.content import Report
from reports.series import CELLS, bar_series, gpu_series, share_series_text
from reports.style import COLOURS
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.gpu_bars import write_gpu_bars
from reports.workbook.page import Page
from reports.workbook.table import next_table, write_table

__all__ = [
    "FEW_GPUS",
    "FIRST_CELL",
    "GPUS_ON_PAPER",
    "GPU_HEADS",
    "SHARDS",
    "gpu_contents",
    "gpus_stand_alone",
    "gpus_story",
    "paint_gpus",
    "write_gpu_map",
    "write_gpus",
]

FEW_GPUS = 16
"""Up to so many the map stands on the sheet Setup: a sheet of its own would be almost empty."""

FIRST_CELL = 3
"""Column of a GPU's first coloured cell, after pool, node and GPU."""
GPU_HEADS = [
    *("Pool", "Node", "GPU"),
    *(f"{100 * (k + 1) // CELLS}" for k in range(CELLS)),
    "Contents",
    "Memory filled (GiB)",
    "Memory left (GiB)",
    "Allocated compute (%)",
    "Memory that may be filled (GiB)",
    "In use",
]
GPUS_ON_PAPER = len(GPU_HEADS) - 3
"""Columns of the map that are printed where it stands on the sheet Setup."""
SHARDS = "the shards of every replica, to the right"
"""What the sheet has beside the map, off paper."""


def gpus_stand_alone(report: Report) -> bool:
    """Whether the map has a sheet of its own."""
    return len(list(gpu_series(report))) > FEW_GPUS


def write_gpu_map(book: Book, report: Report) -> None:
    """The sheet GPU map, where there are many GPUs."""
    page = Page(book, "GPU map", "GPU map: what runs on which GPU", [gpus_story(report)])
    write_gpus(book, report, page)
    contents = FIRST_CELL + CELLS
    page.widths |= dict.fromkeys(range(FIRST_CELL, contents), 4.6)
    page.widths |= {1: 8.0, 2: 7.0, contents: min(page.widths[contents], 50)}
    page.paper, page.unprinted = len(GPU_HEADS), SHARDS
    page.finish()


def gpus_story(report: Report) -> str:
    """How the map is read."""
    legend = ", ".join(f"{sign} = {llm}" for llm, sign in report["meta"]["signs"].items())
    return (
        f"One coloured cell is 10 % of a GPU's compute. {legend}; a pale cell is free. Contents:"
        " tp2 100 % is one LLM over 2 GPUs with 100 % of each."
    )


def write_gpus(book: Book, report: Report, page: Page) -> None:
    """One row per GPU: its bar, its contents, compute and memory; to the right one row per shard,
    sorted by pool, node and GPU.
    """
    frame, signs = report["tables"]["gpu_map"], report["meta"]["signs"]
    right = len(GPU_HEADS) + 1
    with page.beside(page.row, right):
        write_table(page, frame, "shards")
    with page.beside(page.row, right + len(frame.columns) + 1):
        write_gpu_bars(page, report["tables"]["pools"], frame, signs, "gpu_bars")
    gpus = list(gpu_series(report))
    head = next_table(page, GPU_HEADS, len(gpus))
    values: list[list[Any]] = []
    bars = []
    for k, (p, pool, node, gpu, rows) in enumerate(gpus):
        bars.append(
            bar_series([(frame["LLM"].iloc[r], frame["MPS share (%)"].iloc[r]) for r in rows])
        )
        words = gpu_contents(frame, rows, signs)
        sums = _gpu_sums(book, report, {h: head.here(h, k) for h in GPU_HEADS}, p, rows)
        values.append([pool, node, gpu, *[None] * CELLS, words, *sums])
        first, _ = book.spans.get(p, (k, k))
        book.spans[p] = (first, k + 1)
    write_table(page, pd.DataFrame(values, columns=GPU_HEADS, dtype=object), "gpus")
    paint_gpus(book, page, head, bars, signs)


def gpu_contents(frame: pd.DataFrame, rows: Sequence[int], signs: Mapping[str, str]) -> str:
    """What runs on a GPU, in words; equal shards are counted."""
    shards: Counter[str] = Counter()
    for r in rows:
        row = frame.iloc[r]
        how = f"tp{row['TP degree (GPUs)']} {share_series_text(row)}"
        shards[f"{signs[row['LLM']]} {row['LLM']} {how}"] += 1
    words = (f"{count} x {what}" if count > 1 else what for what, count in shards.items())
    return " + ".join(words) or "free"


def _gpu_sums(
    book: Book, report: Report, cell: Mapping[str, str], pool: int, rows: Sequence[int]
) -> list[Any]:
    """Memory filled, memory left, compute, usable memory and whether the GPU is used, all live.

    cell: addresses of the GPU's row by header.
    """
    frame, pools = report["tables"]["gpu_map"], report["tables"]["pools"]
    assumptions = report["tables"]["assumptions"]
    headroom = float(assumptions["Value"][assumptions["Name"] == "memory_headroom_pct"].iloc[0])
    room = float(pools["Memory (GiB per GPU)"].iloc[pool]) * (1 - headroom / 100)
    share = float(sum(frame["MPS share (%)"].iloc[r] for r in rows))
    memory = float(sum(frame["Memory (GiB)"].iloc[r] for r in rows))
    compute: Any = 0.0
    filled: Any = 0.0
    if rows:
        placed, start, stop = book.placed["shards"], rows[0], rows[-1] + 1
        compute = Formula(f"=SUM({placed.range('MPS share (%)', start, stop)})", share)
        filled = Formula(f"=SUM({placed.range('Memory (GiB)', start, stop)})", memory)
    left = f"={cell['Memory that may be filled (GiB)']}-{cell['Memory filled (GiB)']}"
    return [
        filled,
        Formula(left, room - memory),
        compute,
        Formula(f"=pool_{pool + 1}_memory_gib*(1-memory_headroom_pct/100)", room),
        Formula(f"=IF({cell['Allocated compute (%)']}>0,1,0)", int(share > 0)),
    ]


def paint_gpus(
    book: Book,
    page: Page,
    head: PlacedTable,
    bars: Sequence[Sequence[str | None]],
    signs: Mapping[str, str],
) -> None:
    """Colour the cells; each shows the sign of the LLM."""
    edge = {"border": 1, "border_color": "#FFFFFF", "align": "center"}
    for k, bar in enumerate(bars):
        for c, llm in enumerate(bar, start=FIRST_CELL):
            if llm is None:
                page.put(head.first + k, c, None, bg_color=COLOURS["free"], **edge)
            else:
                look = book.looks[llm]
                own = {"bg_color": look.colour, "font_color": look.ink, "bold": True}
                page.put(head.first + k, c, signs[llm], **own, **edge)
