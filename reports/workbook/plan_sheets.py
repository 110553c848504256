"""The sheets Assumptions, Setup, Cost and Routing.

Live are, with the assumptions' names:

    rate of an option     = its rate as solved * arrival_rate_rps / the arrival rate as solved
    rate per replica      = rate / replicas;   utilisation = 100 * rate per replica / highest
                                               profiled rate
    latency               = on the line between the two load points around the rate per replica
                          (reports.workbook.latency_sheets)
    GPUs of a pool        = nodes * GPUs per node;   cost = GPUs used * price;   a month =
                                                     hours_per_month
    rate of an LLM        = fraction * arrival_rate_rps
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from profiles.workbook_fields import ARRIVAL
from profiles.workbook_layout import DEMAND, LLMS, POOLS, SETTINGS, TABLES
from reports.style import COLOURS, bare_format
from reports.workbook.book import Book, Formula, Placed, missing
from reports.workbook.charts import bars
from reports.workbook.latency_sheets import latency_formula
from reports.workbook.table import Page

__all__ = ["EDITS", "assumptions", "cost", "input_cell", "routing", "setup"]

Report = Mapping[str, Any]

EDITS = (
    "An edit of a yellow cell on the sheet Assumptions recomputes costs, rates and latencies of"
    " this setup, not the optimum: for the best setup and routing under other assumptions, plan"
    " again."
)


def assumptions(book: Book, report: Report) -> None:
    """What was asked: one number a row, named, with its unit, its source and a copy as it was
    solved.
    """
    frame = report["tables"]["assumptions"]
    stories = [
        "Numbers that were asked, each with its unit and its source; what differs from its"
        " as-solved copy turns amber."
    ]
    stories += [EDITS] if len(report["tables"]["setup"]) else []
    if book.inputs is not None:
        stories.append(
            "The same numbers stand on the input sheets at the end; change them there to plan this"
            " workbook again."
        )
    page = Page(book, "Assumptions", "Assumptions: what was asked", stories)
    shown = pd.DataFrame(
        {
            "What": frame["What"],
            "Value": frame["Value"],
            "As solved": frame["Value"],
            "Unit": frame["Unit"],
            "Source": frame["Source"],
            "Name in formulas": frame["Name"],
            "Edited": False,
        },
        dtype=object,
    )
    first = page.row + 1
    edited = [Formula(f"=B{first + k + 1}<>C{first + k + 1}", False) for k in range(len(frame))]
    rows = f"{first + 1}:{{}}{first + len(frame)}"
    count = Formula(f"=SUMPRODUCT(--(B{rows.format('B')}<>C{rows.format('C')}))", 0)
    totals = {"What": "Inputs that were edited", "Value": count}
    placed = page.table(
        shown, "assumptions", formulas={"Edited": edited}, totals=totals, units=list(frame["Unit"])
    )
    _name_inputs(book, page, frame, placed)
    book.name("arrival_rate_rps_as_solved", placed.cell("As solved", 0))
    book.name("inputs_edited", placed.cell("Value", placed.rows))
    warn = book.format(bg_color=COLOURS["warn"], font_color=COLOURS["warn_ink"])
    page.sheet.conditional_format(
        first,
        0,
        placed.last,
        6,
        {"type": "formula", "criteria": f"=$B{first + 1}<>$C{first + 1}", "format": warn},
    )
    page.sheet.data_validation(
        first,
        1,
        placed.last,
        1,
        {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True},
    )
    page.finish()


def _name_inputs(book: Book, page: Page, frame: pd.DataFrame, placed: Placed) -> None:
    """Write the numbers as inputs and give them their names."""
    look = {
        "bg_color": COLOURS["input"],
        "font_color": COLOURS["input_ink"],
        "align": "right",
        "border": 1,
        "border_color": COLOURS["rule"],
    }
    for k, (_, value, unit, _, name, path) in enumerate(frame.itertuples(index=False, name=None)):
        page.put(
            placed.first + k,
            placed.columns["Value"],
            _linked(book, value, path),
            **look,
            num_format=bare_format(unit),
        )
        book.name(name, placed.cell("Value", k))


def _linked(book: Book, value: Any, path: str) -> Any:
    """The number, read off the input sheets where they state it: an edit there is an edit here."""
    cell = input_cell(path) if book.inputs is not None and path else None
    if cell is None or value is None or not _stated(book.inputs, path):
        return value
    return Formula(f"=100*{cell}" if path == "solver.rel_gap" else f"={cell}", value)


def _stated(inputs: Any, path: str) -> bool:
    """Whether the input sheets hold a value there."""
    first, _, rest = path.partition(".")
    if first in ("pools", "llms", "slo"):
        at, _, key = rest.partition(".")
        return getattr(inputs, first)[int(at)].get(key) is not None
    return path == ARRIVAL.key or inputs.settings.get(path) is not None


def input_cell(path: str) -> str | None:
    """Where a dotted path of the scenario stands on the input sheets
    (`reports.workbook.input_sheets` writes them), None where it has no cell.
    """
    first, _, rest = path.partition(".")
    for kind, sheet, top in (("pools", POOLS, 2), ("llms", LLMS, 2), ("slo", DEMAND, 4)):
        if first == kind:
            at, _, key = rest.partition(".")
            keys = [one.key for one in TABLES[sheet]]
            return f"'{sheet}'!{xl_col_to_name(keys.index(key), True)}${top + int(at)}"
    if path == ARRIVAL.key:
        return f"'{DEMAND}'!$B$1"
    settings = [one.key for one in TABLES[SETTINGS]]
    return f"'{SETTINGS}'!$B${settings.index(path) + 2}" if path in settings else None


def setup(book: Book, report: Report) -> None:
    """What is deployed, at which rates and latencies."""
    frame, meta = report["tables"]["setup"], report["meta"]
    stories = ["Which options run, with how many replicas, at which rates and latencies.", EDITS]
    page = Page(book, "Setup", "Setup: what is deployed", stories)
    wanted = list(dict.fromkeys(slo["header"] for slo in meta["slos"])) or meta["latencies"][:1]
    compute = [
        d * s / 100 * r
        for d, s, r in zip(
            frame["TP degree (GPUs)"], frame["MPS share (%)"], frame["Replicas"], strict=True
        )
    ]
    shown = pd.concat(
        [
            frame.loc[:, :"Utilisation (%)"],
            frame[wanted],
            frame[["Memory (GiB per GPU)"]],
            pd.DataFrame({"Compute given out (GPUs' worth)": compute}, dtype=object),
            frame[["Provenance"]],
            frame[["Rate (req/s)"]].set_axis(["Rate as solved (req/s)"], axis=1),
        ],
        axis=1,
    )
    head = _columns_of(page, shown)
    formulas = {
        "Rate (req/s)": [
            Formula(
                f"={head.here('Rate as solved (req/s)', k)}"
                "*arrival_rate_rps/arrival_rate_rps_as_solved",
                v,
            )
            for k, v in enumerate(frame["Rate (req/s)"])
        ],
        "Rate per replica (req/s)": [
            Formula(f"={head.here('Rate (req/s)', k)}/{head.here('Replicas', k)}", v)
            for k, v in enumerate(frame["Rate per replica (req/s)"])
        ],
        "Utilisation (%)": [
            _utilisation(head, k, v) for k, v in enumerate(frame["Utilisation (%)"])
        ],
        "Compute given out (GPUs' worth)": [_compute(head, k, v) for k, v in enumerate(compute)],
    }
    for header in wanted:
        formulas[header] = [
            latency_formula(book, report, k, header, head.here("Rate per replica (req/s)", k))
            for k in range(len(frame))
        ]
    totals = {"LLM": "Total"} | {
        header: Formula(
            f"=SUM({head.range(header)})", float(np.sum(shown[header].to_numpy(dtype=float)))
        )
        for header in (
            "Replicas",
            "Rate (req/s)",
            "Compute given out (GPUs' worth)",
            "Rate as solved (req/s)",
        )
    }
    page.table(shown, "setup", formulas=formulas, totals=totals)
    _setup_words(page, report)
    page.finish()


def _setup_words(page: Page, report: Report) -> None:
    """Where the curves come from, and what filtered the options."""
    meta, frame = report["meta"], report["tables"]["setup"]
    for line in [*meta["provenance"], meta["filters"]]:
        page.sentence(line)
    if any(share < 100 for share in frame["MPS share (%)"]):
        page.sentence(
            "Shares below 100 % are taken as their curves stand: whether they hold beside busy"
            " neighbours is for the source to say."
        )


def _columns_of(page: Page, frame: pd.DataFrame) -> Placed:
    """Where the table that is written next will stand."""
    first = page.row + 1
    return Placed(
        page.name,
        first,
        first + len(frame) - 1,
        {str(header): c for c, header in enumerate(frame.columns)},
    )


def _utilisation(head: Placed, k: int, value: float) -> Formula:
    rate, highest = (
        head.here("Rate per replica (req/s)", k),
        head.here("Highest rate per replica (req/s)", k),
    )
    return Formula(f"=IF({highest}>0,100*{rate}/{highest},100)", value)


def _compute(head: Placed, k: int, value: float) -> Formula:
    parts = [head.here(header, k) for header in ("Replicas", "TP degree (GPUs)", "MPS share (%)")]
    return Formula(f"={'*'.join(parts)}/100", value)


def cost(book: Book, report: Report) -> None:
    """GPUs and what they cost, pool by pool; every used GPU costs its whole price."""
    pools = report["tables"]["pools"]
    page = Page(
        book,
        "Cost",
        "Cost: GPUs and prices by pool",
        ["A GPU that holds any shard costs its whole price.", EDITS],
    )
    rows = [
        _cost_values(report["meta"]["hours_per_month"], *pool)
        for pool in pools[
            ["Nodes", "GPUs per node", "GPUs used", "Price (USD per GPU and h)"]
        ].itertuples(index=False)
    ]
    heads = [
        "Nodes",
        "GPUs per node",
        "GPUs in the pool",
        "GPUs used",
        "GPUs idle",
        "Price (USD per GPU and h)",
        "Cost (USD/h)",
    ]
    numbers = pd.DataFrame(rows, columns=[*heads, "Cost (USD/month)"], dtype=object)
    shown = pd.concat([pools[["Pool", "GPU"]], numbers], axis=1)
    head = _columns_of(page, shown)
    formulas: dict[str, list[Formula]] = {header: [] for header in numbers.columns}
    for k, row in enumerate(rows):
        for header, text, value in zip(
            numbers.columns, _cost_formulas(book, head, k), row, strict=True
        ):
            formulas[header].append(Formula(text, value))
    totals: dict[str, Any] = {"Pool": "Total"}
    for c, header in enumerate(numbers.columns):
        if header not in ("Nodes", "GPUs per node", "Price (USD per GPU and h)"):
            totals[header] = _sum(head, header, [row[c] for row in rows])
    placed = page.table(shown, "cost", formulas=formulas, totals=totals)
    book.name("cost_usd_per_h", placed.cell("Cost (USD/h)", placed.rows))
    book.name("cost_usd_per_month", placed.cell("Cost (USD/month)", placed.rows))
    book.name("gpus_used", placed.cell("GPUs used", placed.rows))
    page.finish()


NO_PRICE = "no price"


def _cost_values(
    hours: float, nodes: int, per_node: int, used: int, price: float | None
) -> list[Any]:
    """One pool's numbers in the order of the columns. hours: of a month."""
    total = nodes * per_node
    hourly: Any = 0.0 if not used else NO_PRICE if price is None else used * price
    return [
        nodes,
        per_node,
        total,
        used,
        total - used,
        price,
        hourly,
        NO_PRICE if hourly == NO_PRICE else hours * hourly,
    ]


def _cost_formulas(book: Book, head: Placed, k: int) -> list[str]:
    """One pool's formulas in the order of the columns."""
    name, (start, stop) = f"pool_{k + 1}", book.spans[k]
    nodes, per_node, total, used, _, price, hourly, _ = (
        head.here(header, k) for header in list(head.columns)[2:]
    )  # after the names of pool and GPU
    return [
        f"={name}_nodes",
        f"={name}_gpus_per_node",
        f"={nodes}*{per_node}",
        f"=SUM({book.placed['gpus'].range('In use', start, stop)})",
        f"={total}-{used}",
        f"={name}_price_usd_per_gpu_h",
        f'=IF({used}=0,0,IF(ISNUMBER({name}_price_usd_per_gpu_h),{used}*{price},"{NO_PRICE}"))',
        f'=IF(ISNUMBER({hourly}),{hourly}*hours_per_month,"{NO_PRICE}")',
    ]


def _sum(head: Placed, header: str, values: list[Any]) -> Formula:
    area = head.range(header)
    if not header.startswith("Cost"):
        return Formula(f"=SUM({area})", sum(values))
    total = NO_PRICE if NO_PRICE in values else float(sum(values))
    return Formula(f'=IF(COUNT({area})=ROWS({area}),SUM({area}),"{NO_PRICE}")', total)


def routing(book: Book, report: Report) -> None:
    """Which part of the requests goes where, and the prices by which the router decides."""
    frame, meta, ties = report["tables"]["routing"], report["meta"], report["tables"]["ties"]
    page = Page(
        book, "Routing", "Routing: which LLM answers which part of the requests", [meta["router"]]
    )
    head = _columns_of(page, frame)
    rates = [
        Formula(f"={head.here('Fraction (%)', k)}/100*arrival_rate_rps", rate)
        for k, rate in enumerate(frame["Rate (req/s)"])
    ]
    totals = {"LLM": "Total"} | {
        header: Formula(f"=SUM({head.range(header)})", float(sum(frame[header])))
        for header in ("Fraction (%)", "Rate (req/s)")
    }
    placed = page.table(frame, "routing", formulas={"Rate (req/s)": rates}, totals=totals)
    if any(missing(price) for price in frame["Dual price (score)"]):
        page.sentence("No dual price: the LLM gets no requests.")
    if len(ties):
        page.heading("Prompts whose best LLMs tie")
        page.table(ties, "ties")
    told = ", ".join(
        f"{llm} {part:.1f} %" for llm, part in zip(frame["LLM"], frame["Fraction (%)"], strict=True)
    )
    chart = bars(
        book,
        placed,
        "Fraction (%)",
        "Requests by LLM (% of all requests)",
        list(frame["LLM"]),
        '0.0" %"',
    )
    page.chart(
        chart, f"Bar chart of the requests by LLM: {told}", height=max(220, 110 + 34 * len(frame))
    )
    page.finish()
