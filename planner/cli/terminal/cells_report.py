"""The report of a plan over cells on the terminal: verdict, cases, classes, setup, lost nodes."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.console import Console

from models.demand.requests import DemandInstance
from planner.cli.terminal.gpu_map_grid import print_gpu_map
from planner.cli.terminal.output import Column, output_line, output_lines, output_table
from planner.plans.schema import PlanContent
from planner.presentation.cells.cell_prices import CELL_PRICES_TITLE, cell_price_lines
from planner.presentation.cells.cell_slo_scope import cell_slo_scope_lines
from planner.presentation.cells.cells_tables import (
    case_table,
    cell_table,
    setup_table,
)
from planner.presentation.cells.class_results import loss_results_table
from planner.presentation.cells.lost_nodes import LOST_NODES_TITLE, lost_nodes_lines
from planner.presentation.cells.schedule import (
    has_schedule,
    schedule_lines,
    setup_name,
    setups_phrase,
)
from planner.presentation.plan.headroom import headroom_lines
from planner.presentation.plan.payment import payment_lines
from planner.presentation.plan.start import start_lines
from planner.presentation.plan.verdict import verdict_line

__all__ = ["print_cells_report", "print_cells_verdict"]

STYLES = {"optimal": "bold green", "feasible": "bold yellow"}


def print_cells_report(
    content: Mapping[str, Any],
    console: Console,
    demand: DemandInstance,
    written: Mapping[str, str] | None = None,
) -> None:
    """Print the whole report. demand: that the plan is of; written: what was written -> where."""
    print_cells_verdict(content, console)
    if content["status"] == "infeasible":
        output_lines(console, "Why there is no plan", content["conflict"]["limits"])
        _print_cell_repairs(content["conflict"]["repairs"], console)
    elif content["status"] == "unknown":
        output_line(
            console, "Give the search more time with --time-limit, or a wider gap with --rel-gap."
        )
    else:
        _print_cells_plan(content, console, demand)
    for note in content["context"]["effort_notes"]:
        output_line(console, f"Note: {note}")
    for what, where in (written or {}).items():
        output_line(console, f"{what} written to {where}")


def print_cells_verdict(content: Mapping[str, Any], console: Console) -> None:
    """Print the verdict, and with a plan one line of what it uses."""
    context = content["context"]
    pools = ", ".join(f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in context["pools"])
    output_line(console, f"{content['scenario']}: {_setups_words(content)} on {pools}")
    style = STYLES.get(content["status"], "bold red")
    output_line(console, verdict_line(cast("PlanContent", content)), style)
    if content["setups"]:
        output_line(console, _totals_line(content))
        for line in (*payment_lines(content), *headroom_lines(cast("PlanContent", content))):
            output_line(console, line)
        _print_schedule(content, console)
    for line in start_lines(cast("PlanContent", content)):
        output_line(console, line)


def _print_schedule(content: Mapping[str, Any], console: Console) -> None:
    """What starts and stops between setups that follow each other."""
    for line in schedule_lines(content):
        output_line(console, line, indent=2)


def _setups_words(content: Mapping[str, Any]) -> str:
    """What is planned; without a plan it may be either."""
    return setups_phrase(content) if content["setups"] else "classes and cases"


def _print_cell_repairs(repairs: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Single changes that give a plan, each with what --set takes."""
    lines = [
        f"{one['what']}{'' if one['proved'] else '; perhaps less is enough'}:"
        f" --set {one['change']}={one['to']}"
        for one in repairs
    ]
    if lines:
        output_lines(console, "What gives a plan, each change alone", lines)


def _totals_line(content: Mapping[str, Any]) -> str:
    cost, total = content["cost"], content["cost_usd_per_h"]
    parts = [f"{content['gpus_used']:,} of {content['gpus_total']:,} GPUs used"]
    if total is None:
        parts.append("no price known")
    else:
        outside = cost["outside_usd_per_h"]
        starts = cost["starts_usd_per_h"]
        named = [(cost["gpus_usd_per_h"], "GPUs"), (outside, "outside"), (starts, "starts")]
        told = [f"{value:,.2f} {what}" for value, what in named if value]
        split = f" ({', '.join(told)})" if outside or starts else ""
        # A budget bounds the mean: single hours may cost more.
        costs = {round(case.get("cost_usd_per_h") or 0.0, 6) for case in content["cases"]}
        varies = len(costs) > 1
        mean = " on average" if varies else ""
        parts.append(f"{total:,.2f} USD/h{mean}{split}")
    if content["objective"]["of"] == "cost":
        parts.append(f"quality {content['quality']:.5f}")
    parts.append("checked by the verifier" if content["checks"]["verified"] else "NOT verified")
    return "; ".join(parts)


def _number(value: float | None, digits: str) -> str:
    return "-" if value is None or value != value else format(value, digits)


CASE_COLUMNS: tuple[Column, ...] = (
    ("Case", "case", str),
    ("Hours", "h", lambda v: _number(v, "g")),
    ("Rate (req/s)", "req/s", lambda v: _number(v, ".4g")),
    ("Quality", "quality", lambda v: _number(v, ".4f")),
    ("USD/h", "USD/h", lambda v: _number(v, ",.2f")),
    ("Tightest limit", "tightest limit", str),
)
CELL_COLUMNS: tuple[Column, ...] = (
    ("Case", "case", str),
    ("Class", "class", str),
    ("Rate (req/s)", "req/s", lambda v: _number(v, ".4g")),
    ("Quality", "quality", lambda v: _number(v, ".4f")),
    ("Goes to", "goes to", str),
)
SETUP_COLUMN: Column = ("Setup", "setup", str)
SETUP_COLUMNS: tuple[Column, ...] = (
    ("LLM", "LLM", str),
    ("Pool", "pool", str),
    ("TP", "tp", lambda v: _number(v, "d")),
    ("Share (%)", "% GPU", lambda v: _number(v, "g")),
    ("Replicas", "replicas", lambda v: _number(v, "d")),
    ("Provenance", "provenance", str),
)
LOSS_COLUMNS: tuple[Column, ...] = (
    ("Case", "case", str),
    ("Lost nodes", "lost", str),
    ("Choices of this kind", "alike", lambda v: _number(v, "d")),
    ("Quality (mean score)", "quality", lambda v: _number(v, ".4f")),
    ("SLO with least room", "tightest limit", str),
)


def _print_cells_plan(content: Mapping[str, Any], console: Console, demand: DemandInstance) -> None:
    output_table(console, "Cases", case_table(content), CASE_COLUMNS)
    cells = cell_table(content)
    cells["Case"] = [
        f"{case}, lost {loss}" if loss else case
        for case, loss in zip(cells["Case"], cells["Loss"], strict=True)
    ]
    output_table(console, "Classes in every case", cells, CELL_COLUMNS)
    for line in cell_slo_scope_lines(content):
        output_line(console, f"Warning: {line}.")
    several = has_schedule(content)
    columns = (SETUP_COLUMN, *SETUP_COLUMNS) if several else SETUP_COLUMNS
    output_table(console, "Setups" if several else "Setup", setup_table(content), columns)
    if content["losses"]:
        title = "Lost nodes: every loss below holds all limits, routed anew"
        output_table(console, title, loss_results_table(content, demand), LOSS_COLUMNS)
    if lines := cell_price_lines(content):
        output_lines(console, CELL_PRICES_TITLE, lines)
    if lost := content["context"].get("lost_nodes"):
        output_lines(console, LOST_NODES_TITLE, lost_nodes_lines(lost))
    for setup in content["setups"]:
        if several:
            output_line(console, f"\nSetup of {setup_name(setup)}: {setup['gpus_used']} GPUs")
        print_gpu_map(console, cast("PlanContent", _map_content(content, setup)))


def _map_content(content: Mapping[str, Any], setup: Mapping[str, Any]) -> dict[str, Any]:
    """What the GPU map reads of a plan of one setup."""
    options = setup["options"]
    keys = ("llm", "tp_degree", "mps_share_pct", "mig_profile")
    return {
        "routing": dict.fromkeys((llm["name"] for llm in content["context"]["llms"]), 1.0),
        "context": content["context"],
        "placement": [
            {**shard, **{key: of[key] for key in keys if key in of}}
            for shard, of in ((shard, options[shard["option"]]) for shard in setup["placement"])
        ],
    }
