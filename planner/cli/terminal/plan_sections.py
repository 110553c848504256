"""Sections of the plan's report on the terminal: SLOs, setup, routing, alternatives."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.output import Column, output_line, output_lines, output_table
from planner.plans.labels import latency_column_labels, latency_header
from planner.plans.schema import PlanContent
from planner.plans.tables import SIMULATED
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.formatting import format_number

LATENCIES_IN_SETUP = 1


LATENCIES_ACROSS = 4


def _whole(value: Any) -> str:
    return f"{value:,.0f}"


def _ms(value: float | None) -> str:
    return "-" if pd.isna(value) else f"{value:,.1f}"


def _share(value: float) -> str:
    return f"{value:.4g}"


def _percent(value: float | None) -> str:
    return "-" if pd.isna(value) else f"{value:.1f}"


def _rate(value: float) -> str:
    return format_number(value)


def _price(value: float | None) -> str:
    return "not routed to" if pd.isna(value) else f"{value:.5f}"


def _binds(value: object) -> str:
    return "binds" if value else "no"


SLO_COLUMNS: Sequence[Column] = (
    *(
        ("SLO", "SLO", str),
        ("Limit (ms)", "limit\n(ms)", _ms),
        ("Achieved (ms)", "achieved\n(ms)", _ms),
    ),
    *(("Below the limit (%)", "below\nlimit (%)", _percent), ("Binding", "binding", _binds)),
)


SIMULATED_COLUMNS: Sequence[Column] = (
    (SIMULATED[0], "simulated\nfrom (ms)", _ms),
    (SIMULATED[1], "\nto (ms)", _ms),
)


def slo_section_columns(frame: pd.DataFrame) -> Sequence[Column]:
    """The columns of SLOs, with the simulated interval where the table has one."""
    simulated = SIMULATED_COLUMNS if SIMULATED[0] in frame else ()
    return (*SLO_COLUMNS[:3], *simulated, *SLO_COLUMNS[3:])


SETUP_COLUMNS: Sequence[Column] = (
    *(
        ("LLM", "LLM", str),
        ("Pool", "pool", str),
        ("TP degree (GPUs)", "tp\n(GPUs)", _whole),
        ("MPS share (%)", "share\n(%)", _share),
    ),
    *(
        ("Replicas", "repl.", _whole),
        ("Rate (req/s)", "rate\n(req/s)", _rate),
        ("Utilisation (%)", "util.\n(%)", _percent),
    ),
)


def setup_section_columns(frame: pd.DataFrame) -> Sequence[Column]:
    """The columns of the setup, with the profiles of MIG instances where the table has some."""
    profile: Sequence[Column] = (("MIG profile", "MIG", str),) if "MIG profile" in frame else ()
    return (*SETUP_COLUMNS[:4], *profile, *SETUP_COLUMNS[4:])


ROUTING_COLUMNS: Sequence[Column] = (
    *(("LLM", "LLM", str), ("Fraction (%)", "fraction\n(%)", lambda value: f"{value:.2f}")),
    *(
        ("Rate (req/s)", "rate\n(req/s)", _rate),
        ("Dual price (score)", "dual price\n(score)", _price),
    ),
)


def _latency_column(column: str) -> Column:
    header = latency_header(column)
    return header, header.replace(" ", "\n", 1), _ms


def print_setup_section(console: Console, content: PlanContent, frame: pd.DataFrame) -> None:
    """Print the setup with the latency of the first SLO's metric; the other SLOs' latencies in a
    table of their own.
    """
    wanted = (
        list(dict.fromkeys(f"{s['metric']}_{s['statistic']}" for s in content["slo"]))
        or latency_column_labels(content)[:1]
    )
    here, rest = wanted[:LATENCIES_IN_SETUP], wanted[LATENCIES_IN_SETUP:]
    provenance: Column = ("Provenance", "curve", str)
    columns = [*setup_section_columns(frame), *map(_latency_column, here), provenance]
    output_table(console, "Setup", frame, columns)
    output_line(
        console,
        "util.: 100 % is the end of the profiled curve, the highest rate known.",
        "dim",
        indent=2,
    )
    for start in range(0, len(rest), LATENCIES_ACROSS):
        columns = [
            *SETUP_COLUMNS[:4],
            *map(_latency_column, rest[start : start + LATENCIES_ACROSS]),
        ]
        output_table(console, "Latency at the rate of one replica", frame, columns)


def router_section_line(content: PlanContent) -> str:
    """Say the router's rule, with the weight of prompts that tie."""
    ties = content["router"]["ties"]
    share = 100.0 * sum(tie["share"] for tie in ties)
    tied = (
        "no prompt ties"
        if not ties
        else f"{format_number(share, 2)} % of the prompts tie and are split as plan.json says"
    )
    return f"Router: a prompt goes to the LLM of the highest score - dual price; {tied}."


def print_alternatives_section(console: Console, content: PlanContent) -> None:
    """Print other setups nearly as good, and what is proved of them; nothing when none were
    searched for.
    """
    lines, frame = alternatives_lines(content), alternatives_table(content)
    if not lines:
        return
    if len(frame):
        running = content["context"]["alternatives"]["asked"]["current"] is not None
        objective = content["objective"]["of"]
        value, bound = (
            next(h for h in map(str, frame.columns) if h.startswith(word))
            for word in ("Found", "Best possible")
        )
        frame = frame.assign(Row=range(1, len(frame) + 1))
        columns: list[Column] = [
            ("Row", "", str),
            ("Why it is listed", "why", str),
            (value, objective, lambda value: format_number(value, 6)),
        ]
        columns.append((bound, "best\npossible", lambda value: format_number(value, 6)))
        columns += [
            ("Loss (%)", "loss\n(%)", lambda value: f"{value:.3f}"),
            ("GPUs", "GPUs", _whole),
        ]
        columns += [
            (header, f"{word}\n(repl.)", _whole)
            for header, word in (("Start (replicas)", "start"), ("Stop (replicas)", "stop"))
            if running
        ]
        output_table(console, "Alternatives", frame, columns)
        differ = [
            f"{row}: {words}"
            for row, words in zip(frame["Row"], frame["Replicas against the plan"], strict=True)
        ]
        output_lines(console, "Replicas of each against the plan", [*differ, *lines])
    else:
        output_lines(console, "Alternatives", lines)
