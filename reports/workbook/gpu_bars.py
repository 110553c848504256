"""The map of the GPUs as a chart: a bar a GPU, its parts in the colours and signs of the LLMs. GPUs
with the same contents are counted where there are too many to draw.

The figures of the chart are a table to the right of the map.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd

from reports.content import Report
from reports.series import gpu_series
from reports.style import COLOURS
from reports.workbook.book import Book, PlacedTable
from reports.workbook.charts import SMALL, ChartWords, style_workbook_chart
from reports.workbook.page import Page
from reports.workbook.table import write_table

__all__ = ["gpu_bars_chart", "write_gpu_bars"]

MOST_BARS = 8
BAR = "GPU of the chart"
BAR_PX, FRAME_PX = 22, 100
"""Height of a bar, and of what stands around all of them."""
Kind = tuple[str, tuple[tuple[str, float], ...]]
"""Words for a GPU, and per cent of its compute by LLM."""


def gpu_bars_table(
    pools: pd.DataFrame, shards: pd.DataFrame, signs: Mapping[str, str]
) -> pd.DataFrame:
    """Per cent of a GPU's compute by LLM (a column `sign LLM`, blank: none), a row a GPU, or
    a row a kind of GPUs of one pool, the most frequent first; at most MOST_BARS.

    pools, shards: the tables `pools` and `gpu_map` of a report.
    """
    source = cast("Report", {"tables": {"gpu_map": shards, "pools": pools}})
    gpus = list(gpu_series(source))
    counts: dict[Kind, int] = {}
    for _, pool, node, gpu, rows in gpus:
        parts: dict[str, float] = {}
        for row in rows:
            llm = str(shards["LLM"].iloc[row])
            parts[llm] = parts.get(llm, 0.0) + float(shards["MPS share (%)"].iloc[row])
        place = f"{pool} node {node} GPU {gpu}" if len(gpus) <= MOST_BARS else pool
        kind = (place, tuple(parts.items()))
        counts[kind] = counts.get(kind, 0) + 1
    kinds = sorted(counts, key=lambda kind: -counts[kind])[:MOST_BARS]
    runs = [llm for llm in signs if any(llm in dict(parts) for _, parts in kinds)]
    table: dict[str, list[Any]] = {
        BAR: [_gpu_bars_words(kind, counts[kind], gpus) for kind in kinds]
    }
    for llm in runs:
        table[f"{signs[llm]} {llm}"] = [dict(parts).get(llm) for _, parts in kinds]
    return pd.DataFrame(table, dtype=object)


def _gpu_bars_words(kind: Kind, count: int, gpus: Sequence[Any]) -> str:
    """What stands next to a bar. gpus: all that there are."""
    words, parts = kind
    counted = f"{count} x {words}" if len(gpus) > MOST_BARS else words
    return counted if parts else f"{counted}, free"


def write_gpu_bars(
    page: Page, pools: pd.DataFrame, shards: pd.DataFrame, signs: Mapping[str, str], key: str
) -> None:
    """Write the table of the chart, and remember its place as `key`."""
    write_table(page, gpu_bars_table(pools, shards, signs), key)


def gpu_bars_chart(
    book: Book,
    key: str,
    pools: pd.DataFrame,
    shards: pd.DataFrame,
    signs: Mapping[str, str],
    where: str = "",
) -> tuple[Any, str, int]:
    """The chart of the table `key`, what it shows in words, and its height in pixels.

    where: cases that the setup serves, where there are several; not of the title, which may hold no
    text of the user.
    """
    frame, placed = gpu_bars_table(pools, shards, signs), book.placed[key]
    chart = book.file.add_chart({"type": "bar", "subtype": "stacked"})
    llms = {f"{sign} {llm}": llm for llm, sign in signs.items()}
    for header in list(frame.columns)[1:]:
        chart.add_series(_gpu_bars_series(book, placed, header, llms[header], list(frame[header])))
    words = ChartWords(title="GPU map: what runs on which GPU (% of its compute)", x_form="0")
    style_workbook_chart(chart, words, legend=True)
    bare = {"major_gridlines": {"visible": False}}
    chart.set_x_axis({"min": 0, "max": 100, "num_font": SMALL, "num_format": "0", **bare})
    chart.set_y_axis({"reverse": True, "num_font": SMALL, **bare})
    bars = "; ".join(
        f"{row.iloc[0]}: "
        + (", ".join(f"{h} {v:g} %" for h, v in row.iloc[1:].items() if v is not None) or "free")
        for _, row in frame.iterrows()
    )
    return chart, f"Bars of the GPUs{where}. {bars}", FRAME_PX + BAR_PX * len(frame)


def _gpu_bars_series(
    book: Book, placed: PlacedTable, header: str, llm: str, values: Sequence[float | None]
) -> dict[str, Any]:
    """The parts of one LLM, each with its sign; a GPU without the LLM has no label."""
    look = book.looks[llm]
    labels = [{"delete": True} if value is None else {"value": look.sign} for value in values]
    return {
        "name": [placed.sheet, placed.first - 1, placed.columns[header]],
        "categories": placed.spot(BAR),
        "values": placed.spot(header),
        "fill": {"color": look.colour},
        "border": {"color": COLOURS["head_ink"]},
        "gap": 30,
        "overlap": 100,
        "data_labels": {
            "value": True,
            "custom": labels,
            "font": {**SMALL, "bold": True, "color": look.ink},
        },
    }
