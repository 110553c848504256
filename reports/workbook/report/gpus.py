"""The sheets GPU map (a row per GPU, coloured by LLM) and Shards (a row per shard).

Compute and memory of a GPU are sums of its shards.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports.content import Report
from reports.series import CELLS, bar_series, gpu_series
from reports.style import COLOURS
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.page import Page
from reports.workbook.table import next_table, write_table

__all__ = [
    "FIRST_CELL",
    "GPU_HEADS",
    "gpu_contents",
    "paint_gpus",
    "write_gpu_map",
    "write_gpu_shards",
]

FIRST_CELL = 3
"""Column of a GPU's first coloured cell, after pool, node and GPU."""
GPU_HEADS = [
    *("Pool", "Node", "GPU"),
    *(f"{100 * (k + 1) // CELLS}" for k in range(CELLS)),
    "Contents",
    "Allocated compute (%)",
    "Memory filled (GiB)",
    "Memory that may be filled (GiB)",
    "Memory left (GiB)",
    "In use",
]


def write_gpu_shards(book: Book, report: Report) -> None:
    """One row per shard, sorted by pool, node and GPU."""
    stories = ["One row per shard; a replica has as many shards as its TP degree."]
    page = Page(book, "Shards", "Shards: what runs on which GPU", stories)
    write_table(page, report["tables"]["gpu_map"], "shards")
    page.finish()


def write_gpu_map(book: Book, report: Report) -> None:
    """One row per GPU: its bar, its contents, compute and memory."""
    frame, signs = report["tables"]["gpu_map"], report["meta"]["signs"]
    legend = ", ".join(f"{sign} = {llm}" for llm, sign in signs.items())
    page = Page(
        book,
        "GPU map",
        "GPU map: what runs on which GPU",
        [
            f"One coloured cell is 10 % of a GPU's compute. {legend}; a pale cell is free.",
            "Compute and memory are sums over the sheet Shards.",
        ],
    )
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
    contents = FIRST_CELL + CELLS
    page.widths |= dict.fromkeys(range(FIRST_CELL, contents), 4.6)
    page.widths |= {1: 8.0, 2: 7.0, contents: min(page.widths[contents], 50)}
    page.finish()


def gpu_contents(frame: pd.DataFrame, rows: Sequence[int], signs: Mapping[str, str]) -> str:
    """What runs on a GPU, in words; equal shards are counted."""
    shards: Counter[str] = Counter()
    for r in rows:
        row = frame.iloc[r]
        how = f"tp{row['TP degree (GPUs)']} {row['MPS share (%)']:g} %"
        shards[f"{signs[row['LLM']]} {row['LLM']} {how}"] += 1
    words = (f"{count} x {what}" if count > 1 else what for what, count in shards.items())
    return " + ".join(words) or "free"


def _gpu_sums(
    book: Book, report: Report, cell: Mapping[str, str], pool: int, rows: Sequence[int]
) -> list[Any]:
    """Compute, memory filled, usable memory, memory left and whether the GPU is used, all live.

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
        compute,
        filled,
        Formula(f"=pool_{pool + 1}_memory_gib*(1-memory_headroom_pct/100)", room),
        Formula(left, room - memory),
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
