"""The sheets GPU map (a row a GPU, coloured by LLM) and Shards (a row a shard).

Compute and memory of a GPU are sums of its shards.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from reports.series import CELLS, Report, bar_of, gpus_of
from reports.style import COLOURS
from reports.workbook.book import Book, Formula, Placed
from reports.workbook.table import Page

__all__ = ["gpu_map", "shards"]


ROUNDING = 1e-9


def shards(book: Book, report: Report) -> None:
    """One row a shard, sorted by pool, node and GPU."""
    page = Page(
        book,
        "Shards",
        "Shards: what stands on which GPU",
        ["One row a shard; a replica has as many shards as its TP degree."],
    )
    page.table(report["tables"]["gpu_map"], "shards")
    page.finish()


def gpu_map(book: Book, report: Report) -> None:
    """One row a GPU: its bar, its contents, compute and memory."""
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
    gpus = list(gpus_of(report))
    heads = ["Pool", "Node", "GPU", *(f"{10 * (k + 1)}" for k in range(CELLS))]
    heads += [
        "Contents",
        "Compute given out (%)",
        "Memory filled (GiB)",
        "Memory that may be filled (GiB)",
        "Memory left (GiB)",
        "In use",
    ]
    head = Placed(
        "GPU map", page.row + 1, page.row + len(gpus), {header: c for c, header in enumerate(heads)}
    )
    values: list[list[Any]] = []
    bars = []
    for k, (p, pool, node, gpu, rows) in enumerate(gpus):
        bar = bar_of([(frame["LLM"].iloc[r], frame["MPS share (%)"].iloc[r]) for r in rows])
        bars.append(bar)
        values.append(
            [
                pool,
                node,
                gpu,
                *[None] * CELLS,
                _contents(frame, rows, signs),
                *_sums(book, report, head, k, p, rows),
            ]
        )
        first, _ = book.spans.get(p, (k, k))
        book.spans[p] = (first, k + 1)
    page.table(pd.DataFrame(values, columns=heads, dtype=object), "gpus")
    _paint(book, page, head, bars, signs)
    for c in range(3, 3 + CELLS):
        page.widths[c] = 4.6
    page.widths |= {1: 8.0, 2: 7.0, 3 + CELLS: min(page.widths[3 + CELLS], 50)}
    page.finish()


def _contents(frame: pd.DataFrame, rows: Sequence[int], signs: Mapping[str, str]) -> str:
    """What stands on a GPU, in words; equal shards are counted."""
    counts: dict[str, int] = defaultdict(int)
    for r in rows:
        llm = frame["LLM"].iloc[r]
        counts[
            f"{signs[llm]} {llm} tp{frame['TP degree (GPUs)'].iloc[r]}"
            f" {frame['MPS share (%)'].iloc[r]:g} %"
        ] += 1
    return (
        " + ".join((f"{count} x " if count > 1 else "") + what for what, count in counts.items())
        or "free"
    )


def _sums(
    book: Book, report: Report, head: Placed, k: int, pool: int, rows: Sequence[int]
) -> list[Any]:
    """Compute, memory, room, memory left and whether the GPU is used, all live."""
    frame, pools, placed = (
        report["tables"]["gpu_map"],
        report["tables"]["pools"],
        book.placed["shards"],
    )
    assumptions = report["tables"]["assumptions"]
    headroom = float(assumptions["Value"][assumptions["Name"] == "memory_headroom_pct"].iloc[0])
    room = float(pools["Memory (GiB per GPU)"].iloc[pool]) * (1 - headroom / 100)
    share = float(sum(frame["MPS share (%)"].iloc[r] for r in rows))
    memory = float(sum(frame["Memory (GiB)"].iloc[r] for r in rows))
    if rows:
        start, stop = rows[0], rows[-1] + 1
        compute: Any = Formula(f"=SUM({placed.range('MPS share (%)', start, stop)})", share)
        filled: Any = Formula(f"=SUM({placed.range('Memory (GiB)', start, stop)})", memory)
    else:
        compute, filled = 0.0, 0.0
    cells = [
        head.here(header, k)
        for header in (
            "Compute given out (%)",
            "Memory filled (GiB)",
            "Memory that may be filled (GiB)",
        )
    ]
    return [
        compute,
        filled,
        Formula(f"=pool_{pool + 1}_memory_gib*(1-memory_headroom_pct/100)", room),
        Formula(f"={cells[2]}-{cells[1]}", room - memory),
        Formula(f"=IF({cells[0]}>0,1,0)", int(share > 0)),
    ]


def _paint(
    book: Book,
    page: Page,
    head: Placed,
    bars: Sequence[Sequence[str | None]],
    signs: Mapping[str, str],
) -> None:
    """Colour the cells; the sign of the LLM stands in each."""
    edge = {"border": 1, "border_color": "#FFFFFF", "align": "center"}
    for k, bar in enumerate(bars):
        for c, llm in enumerate(bar):
            if llm is None:
                page.put(head.first + k, 3 + c, None, bg_color=COLOURS["free"], **edge)
            else:
                look = book.looks[llm]
                page.put(
                    head.first + k,
                    3 + c,
                    signs[llm],
                    bg_color=look.colour,
                    font_color=look.ink,
                    bold=True,
                    **edge,
                )
