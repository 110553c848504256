"""The report on the terminal, in the order people ask: verdict, SLO, setup, routing, GPU map, what
binds, what was left out, files.

Plain text where standard output is not a terminal (rich sees to that, and to NO_COLOR); nothing is
wider than the terminal, and 80 columns are enough. Names come from the user: they are printed as
they are, never read as markup; control characters are told, not sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from planner.cli.terminal.output import (
    Column,
    print_heading,
    print_line,
    print_lines,
    print_table,
    printable,
)
from planner.plans.labels import latency_columns, latency_header
from planner.plans.numbers import known
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.plans.tables import plan_tables
from planner.presentation.alternatives import alternatives_lines, alternatives_table
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.marginals import marginals_lines
from planner.presentation.plan.conflict import conflict_lines, repair_text
from planner.presentation.plan.considered_options import dropped_lines, filters_line
from planner.presentation.plan.gpu_map import gpu_map_rows, llm_letters
from planner.presentation.plan.limits import binding_line
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.presentation.plan.verdict import verdict_line

__all__ = ["print_report", "print_short", "print_verdict"]


STYLES = {
    "optimal": "bold green",
    "feasible": "bold yellow",
    "infeasible": "bold red",
    "unknown": "bold red",
}
LATENCIES_IN_SETUP = 1
LATENCIES_ACROSS = 4


def print_report(plan: Plan, console: Console, written: Mapping[str, str] | None = None) -> None:
    """Print the whole report.

    written: what was written -> where. `console` should be `plain_console` or alike.
    """
    content = plan.content
    print_verdict(plan, console)
    if plan.status == "infeasible":
        _print_conflict(plan, console)
    elif plan.status == "unknown":
        print_line(
            console, "Give the search more time with --time-limit, or a wider gap with --rel-gap."
        )
    else:
        _print_plan(plan, console)
    print_lines(
        console,
        "Left out",
        dropped_lines(content) or ["No profiled option was left out."],
    )
    print_line(console, filters_line(content), "dim")
    for what, where in (written or {}).items():
        print_line(console, f"{what} written to {where}")


def print_verdict(plan: Plan, console: Console) -> None:
    """Print the verdict line and, with a plan, one line of what it uses."""
    content = plan.content
    pools = ", ".join(
        f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in content["context"]["pools"]
    )
    rate = format_exact(content["context"]["arrival_rate_rps"])
    print_line(console, f"{content['scenario']}: {rate} req/s on {pools}")
    print_line(console, verdict_line(content), STYLES[plan.status])
    if content["options"]:
        cost = content["cost_usd_per_h"]
        parts = [
            f"{content['gpus_used']:,} of {content['gpus_total']:,} GPUs used",
            "no price known" if cost is None else f"{cost:,.2f} USD/h",
        ]
        if content["objective"]["of"] == "cost":
            parts.append(
                f"quality {content['quality']:.5f} (at least"
                f" {format_exact(known(content['context']['quality_at_least']))} required)"
            )
        parts.append("checked by the verifier" if content["checks"]["verified"] else "NOT verified")
        print_line(console, "; ".join(parts))


def print_short(plan: Plan, console: Console) -> None:
    """Print the verdict and, where nothing fits, what would mend it."""
    print_verdict(plan, console)
    if plan.status == "infeasible":
        _print_repairs(plan, console)


def _print_plan(plan: Plan, console: Console) -> None:
    """Print SLO, setup, routing, GPU map, prices, provenance of one plan."""
    content, frames = plan.content, plan_tables(plan.content)
    if content["slo"]:
        print_table(console, "SLO", frames["slo"], SLO_COLUMNS)
    else:
        print_lines(console, "SLO", ["none: the profiled rates alone limit the plan"])
    _print_setup(console, content, frames["setup"])
    print_table(console, "Routing", frames["routing"], ROUTING_COLUMNS)
    print_line(console, _router_line(content))
    _print_gpu_map(console, content)
    print_lines(
        console,
        "What binds, and what one more buys (--marginals plans again)",
        [binding_line(content), *shadow_price_lines(content)],
    )
    if moved := marginals_lines(content):
        print_lines(console, "What one unit more or less is worth (planned again)", moved)
    _print_alternatives(console, content)
    print_lines(
        console,
        "How sure this is",
        [*provenance_lines(content), *content["context"]["effort_notes"]],
    )


def _print_conflict(plan: Plan, console: Console) -> None:
    """Print why nothing fits, what would mend it, and the plan of the nearest feasible case."""
    limits, _ = conflict_lines(plan.content)
    print_lines(console, "These limits cannot hold together", limits)
    _print_repairs(plan, console)
    nearest = plan.best_effort
    if nearest is not None:
        effort = plan.content["conflict"]["best_effort"]
        change = None if effort is None else effort["change"]
        first = f", after this change: {repair_text(plan.content, change)}" if change else ""
        console.print()
        print_line(console, f"Best effort: the plan of the nearest feasible case{first}", "bold")
        print_line(console, verdict_line(nearest.content))
        _print_plan(nearest, console)


def _print_repairs(plan: Plan, console: Console) -> None:
    """Print every single change that mends it, with its argument; nothing where none was found."""
    _, repairs = conflict_lines(plan.content)
    if not repairs:
        return
    print_heading(console, "Any one of these changes makes it feasible")
    for k, (words, argument) in enumerate(repairs):
        print_line(console, ("or " if k else "") + words, indent=2)
        print_line(console, f"--set {argument}", "dim", indent=6)


def _whole(value: Any) -> str:
    return f"{value:,.0f}"


def _ms(value: float | None) -> str:
    return "-" if pd.isna(value) else f"{value:,.1f}"


def _share(value: float) -> str:
    return f"{value:g}"


def _percent(value: float | None) -> str:
    return "-" if pd.isna(value) else f"{value:.1f}"


def _rate(value: float) -> str:
    return format_number(value)


def _price(value: float | None) -> str:
    return "not routed to" if pd.isna(value) else f"{value:.5f}"


def _yes(value: bool) -> str:
    return "binds" if value else "no"


SLO_COLUMNS: Sequence[Column] = (
    *(
        ("SLO", "SLO", str),
        ("Limit (ms)", "limit\n(ms)", _ms),
        ("Achieved (ms)", "achieved\n(ms)", _ms),
    ),
    *(("Room (%)", "room\n(%)", _percent), ("Binding", "binding", _yes)),
)
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


def _print_setup(console: Console, content: PlanContent, frame: pd.DataFrame) -> None:
    """Print the setup with the latency of the first SLO's metric; the other SLOs' latencies in a
    table of their own.
    """
    wanted = (
        list(dict.fromkeys(f"{s['metric']}_{s['statistic']}" for s in content["slo"]))
        or latency_columns(content)[:1]
    )
    here, rest = wanted[:LATENCIES_IN_SETUP], wanted[LATENCIES_IN_SETUP:]
    provenance: Column = ("Provenance", "curve", str)
    print_table(console, "Setup", frame, [*SETUP_COLUMNS, *map(_latency_column, here), provenance])
    print_line(
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
        print_table(console, "Latency at the rate of one replica", frame, columns)


def _router_line(content: PlanContent) -> str:
    """Tell the router's rule in words, with the weight of prompts that tie."""
    ties = content["router"]["ties"]
    share = 100.0 * sum(tie["share"] for tie in ties)
    tied = (
        "no prompt ties"
        if not ties
        else f"{format_number(share, 2)} % of the prompts tie and are split as plan.json says"
    )
    return f"Router: a prompt goes to the LLM of the highest score - dual price; {tied}."


def _print_alternatives(console: Console, content: PlanContent) -> None:
    """Print other setups nearly as good, and what is proved of them; nothing when they were not
    asked for.
    """
    lines, frame = alternatives_lines(content), alternatives_table(content)
    if not lines:
        return
    if len(frame):
        running = content["context"]["alternatives"]["asked"]["current"] is not None
        objective = content["objective"]["of"]
        found, bound = (
            next(h for h in map(str, frame.columns) if h.startswith(word))
            for word in ("Found", "Best possible")
        )
        frame = frame.assign(Row=range(1, len(frame) + 1))
        columns: list[Column] = [
            ("Row", "", str),
            ("Why it is listed", "why", str),
            (found, objective, lambda value: format_number(value, 6)),
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
        print_table(console, "Alternatives", frame, columns)
        differ = [
            f"{row}: {words}"
            for row, words in zip(
                frame["Row"], frame["Replicas against the plan found"], strict=True
            )
        ]
        print_lines(console, "Replicas of each against the plan found", [*differ, *lines])
    else:
        print_lines(console, "Alternatives", lines)


def _print_gpu_map(console: Console, content: PlanContent) -> None:
    """Print a grid for every pool."""
    signs = llm_letters(content["routing"])
    print_heading(
        console, "GPU map (one character = 10 % of a GPU, a dot = free; 2 x = two replicas)"
    )
    pools = content["context"]["pools"]
    rows = gpu_map_rows(content["placement"], pools, signs)
    for pool in pools:
        used = len(
            {(p["node"], p["gpu"]) for p in content["placement"] if p["pool"] == pool["name"]}
        )
        total = pool["nodes"] * pool["gpus_per_node"]
        print_line(
            console,
            f"pool {pool['name']}: {pool['nodes']} x {pool['gpus_per_node']} {pool['gpu']},"
            f" {used:,} of {total:,} GPUs used",
            indent=2,
        )
        grid = _gpu_grid()
        for where, bar, contents in rows[pool["name"]]:
            if bar:
                grid.add_row(Text(where), Text(bar), Text(printable(contents)))
                continue
            _print_grid(console, grid)
            grid = _gpu_grid()
            print_line(console, f"{where}: {contents}" if contents else where, indent=4)
        _print_grid(console, grid)


def _gpu_grid() -> Table:
    """Make the grid of one node's GPUs: which, bar, contents."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=7, no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _print_grid(console: Console, grid: Table) -> None:
    """Print the rows gathered so far."""
    if grid.row_count:
        console.print(Padding(grid, (0, 0, 0, 6), expand=False))
