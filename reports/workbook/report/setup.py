"""The sheet Setup: what is deployed, at which rates and latencies, what it costs, and, of few GPUs,
what runs on which.

Live are, with the assumptions' names:

    rate of an option     = its rate as solved * planned rate / the planned rate as solved,
                            planned rate = arrival_rate_rps * (1 + headroom_rate_pct / 100)
    rate per replica      = rate / replicas
    utilisation           = 100 * rate per replica / highest profiled rate
    latency               = on the line between the two load points around the rate per replica
                            (reports.workbook.report.curve_points)
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.content import Report
from reports.series import CELLS
from reports.workbook.book import Book, Formula, PlacedTable
from reports.workbook.page import Page
from reports.workbook.report.assumptions import EDITS, PLANNED_RATE, SOLVED_RATE
from reports.workbook.report.cost import cost_rows, write_cost
from reports.workbook.report.curve_points import curve_points_formula
from reports.workbook.report.gpus import (
    FIRST_CELL,
    GPUS_ON_PAPER,
    SHARDS,
    gpus_stand_alone,
    gpus_story,
    write_gpus,
)
from reports.workbook.table import next_table, write_table

__all__ = ["write_setup"]

COMPUTE, SOLVED = "Allocated compute (GPUs)", "Rate as solved (req/s)"
RATE, PER_REPLICA, HIGHEST = (
    "Rate (req/s)",
    "Rate per replica (req/s)",
    "Highest rate per replica (req/s)",
)
CONTENTS_WIDTH = 26
"""Characters of the column that has the contents of a GPU."""
SUMMED = ("Replicas", RATE, COMPUTE, SOLVED)


def write_setup(book: Book, report: Report) -> None:
    """Table and notes."""
    frame, meta = report["tables"]["setup"], report["meta"]
    stories = ["Which options run, with how many replicas, at which latency and cost.", EDITS]
    page = Page(book, "Setup", "Setup: what is deployed", stories)
    page.bare, page.widest[FIRST_CELL + CELLS] = True, CONTENTS_WIDTH
    latencies = list(dict.fromkeys(slo["header"] for slo in meta["slos"]))
    latencies = latencies or list(meta["latencies"][:1])
    shown = _setup_shown(frame, latencies)
    head = next_table(page, list(shown.columns), len(shown))
    formulas = _setup_formulas(head, shown)
    for header in latencies:
        formulas[header] = [
            curve_points_formula(book, report, k, header, head.here(PER_REPLICA, k))
            for k in range(len(frame))
        ]
    totals: dict[str, str | Formula] = {"LLM": "Total"}
    for header in SUMMED:
        total = float(np.sum(shown[header].to_numpy(dtype=float)))
        totals[header] = Formula(f"=SUM({head.range(header)})", total)
    write_table(page, shown, "setup", formulas=formulas, totals=totals)
    _write_setup_gpus(book, report, page)
    page.row += 1
    _write_setup_notes(page, report)
    page.finish()


def _write_setup_gpus(book: Book, report: Report, page: Page) -> None:
    """The cost, and below it the map where it has no sheet of its own; the map is written first
    because the cost counts its GPUs.
    """
    at = page.row
    page.row += cost_rows(report)
    if not gpus_stand_alone(report):
        page.heading("GPU map: what runs on which GPU")
        page.sentence(gpus_story(report))
        write_gpus(book, report, page)
        page.paper, page.unprinted = GPUS_ON_PAPER, SHARDS
    below = page.row
    page.row = at
    write_cost(book, report, page)
    page.row = max(below, page.row)


def _setup_shown(frame: pd.DataFrame, latencies: Sequence[str]) -> pd.DataFrame:
    """The plan's table with the latencies that matter, compute, and rates as solved."""
    gpus = frame["TP degree (GPUs)"] * frame["MPS share (%)"] / 100 * frame["Replicas"]
    return pd.concat(
        [
            frame.loc[:, :"Utilisation (%)"],
            frame[list(latencies)],
            frame[["Memory (GiB per GPU)"]],
            pd.DataFrame({COMPUTE: list(gpus)}, dtype=object),
            frame[["Provenance"]],
            frame[[RATE]].set_axis([SOLVED], axis=1),
        ],
        axis=1,
    )


def _setup_formulas(head: PlacedTable, shown: pd.DataFrame) -> dict[str, list[Formula | None]]:
    """Live cells by header, but for latencies."""
    formulas: dict[str, list[Formula | None]] = {
        header: [] for header in (RATE, PER_REPLICA, "Utilisation (%)", COMPUTE)
    }
    for k in range(len(shown)):
        cell = {header: head.here(header, k) for header in head.columns}
        scale = f"{PLANNED_RATE}/({SOLVED_RATE})"
        use = f"100*{cell[PER_REPLICA]}/{cell[HIGHEST]}"
        share = f"{cell['TP degree (GPUs)']}*{cell['MPS share (%)']}"
        texts = {
            RATE: f"={cell[SOLVED]}*{scale}",
            PER_REPLICA: f"={cell[RATE]}/{cell['Replicas']}",
            "Utilisation (%)": f"=IF({cell[HIGHEST]}>0,{use},100)",
            COMPUTE: f"={cell['Replicas']}*{share}/100",
        }
        for header, text in texts.items():
            formulas[header].append(Formula(text, shown[header].iloc[k]))
    return formulas


def _write_setup_notes(page: Page, report: Report) -> None:
    """Where the curves come from, and what filtered the options."""
    meta, frame = report["meta"], report["tables"]["setup"]
    for line in [*meta["provenance"], meta["filters"]]:
        page.sentence(line)
    divided = frame["MIG profile"] != "" if "MIG profile" in frame else False
    if ((frame["MPS share (%)"] < 100) & ~pd.Series(divided, index=frame.index)).any():
        page.sentence(
            "Curves of shares below 100 % are used as profiled: check with their source whether"
            " they hold next to busy neighbours."
        )
