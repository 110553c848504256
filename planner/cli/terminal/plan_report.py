"""The plan's report on the terminal: verdict, SLO, setup, routing, GPU map, what binds, what was
left out, files.

Plain text where standard output is not a terminal (rich sees to that, and to NO_COLOR); nothing is
wider than the terminal, and 80 columns are enough. Names come from the user: they are printed as
they are, never read as markup; control characters are written as codes.
"""

from collections.abc import Mapping

from rich.console import Console

from planner.cli.terminal.gpu_map_grid import print_gpu_map
from planner.cli.terminal.output import (
    output_line,
    output_lines,
    output_table,
    print_heading,
)
from planner.cli.terminal.plan_sections import (
    ROUTING_COLUMNS,
    print_alternatives_section,
    print_setup_section,
    router_section_line,
    slo_section_columns,
)
from planner.garbage import without_garbage_collection
from planner.plans.numbers import known_number
from planner.plans.record import Plan
from planner.plans.tables import plan_tables
from planner.presentation.cells.lost_nodes import LOST_NODES_TITLE, lost_nodes_lines
from planner.presentation.formatting import format_exact
from planner.presentation.marginals import marginals_lines
from planner.presentation.plan.all_prompts import all_prompts_lines
from planner.presentation.plan.conflict import conflict_lines, conflict_repair_text
from planner.presentation.plan.considered_options import dropped_option_lines, filtered_options_line
from planner.presentation.plan.headroom import achieved_rate_lines, demand_with_headroom_text
from planner.presentation.plan.limits import binding_limits_line
from planner.presentation.plan.payment import payment_lines
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.robustness import robustness_lines
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.presentation.plan.slo_scope import slo_scope_lines
from planner.presentation.plan.start import start_lines
from planner.presentation.plan.verdict import verdict_line

__all__ = ["print_plan_report", "print_plan_verdict", "print_short_plan_report"]


FOR_EVERY_LLM = "`scope: each_llm` in the SLO limits every LLM."
STYLES = {
    "optimal": "bold green",
    "feasible": "bold yellow",
    "infeasible": "bold red",
    "unknown": "bold red",
}


@without_garbage_collection()
def print_plan_report(
    plan: Plan, console: Console, written: Mapping[str, str] | None = None
) -> None:
    """Print the whole report.

    written: what was written -> where. `console` should be `plain_output_console` or similar.
    """
    content = plan.content
    print_plan_verdict(plan, console)
    if plan.status == "infeasible":
        _print_conflict_report(plan, console)
    elif plan.status == "unknown":
        output_line(
            console, "Give the search more time with --time-limit, or a wider gap with --rel-gap."
        )
    else:
        _print_solved_plan_report(plan, console)
    output_lines(
        console,
        "Left out",
        dropped_option_lines(content) or ["No profiled option was left out."],
    )
    output_line(console, filtered_options_line(content), "dim")
    for what, where in (written or {}).items():
        output_line(console, f"{what} written to {where}")


def print_plan_verdict(plan: Plan, console: Console) -> None:
    """Print the verdict line and, with a plan, one line of what it uses."""
    content = plan.content
    pools = ", ".join(
        f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in content["context"]["pools"]
    )
    demand = demand_with_headroom_text(content)
    output_line(console, f"{content['scenario']}: {demand} on {pools}")
    output_line(console, verdict_line(content), STYLES[plan.status])
    if content["options"]:
        cost = content["cost_usd_per_h"]
        parts = [
            f"{content['gpus_used']:,} of {content['gpus_total']:,} GPUs used",
            "no price known" if cost is None else f"{cost:,.2f} USD/h",
        ]
        if content["objective"]["of"] == "cost":
            parts.append(
                f"quality {content['quality']:.5f} (at least"
                f" {format_exact(known_number(content['context']['quality_at_least']))} required)"
            )
        parts.append("checked by the verifier" if content["checks"]["verified"] else "NOT verified")
        output_line(console, "; ".join(parts))
        for line in [*payment_lines(content), *all_prompts_lines(content)]:
            output_line(console, line)
    for line in start_lines(content):
        output_line(console, line)


def print_short_plan_report(plan: Plan, console: Console) -> None:
    """Print the verdict, the headroom that was sought, and, where nothing fits, what would repair
    it.
    """
    print_plan_verdict(plan, console)
    for line in robustness_lines(plan.content):
        output_line(console, line)
    if plan.status == "infeasible":
        limits, repairs = conflict_lines(plan.content)
        if not repairs:
            # Far from any plan no single number is near one: then at least why.
            output_lines(console, "These limits cannot hold together", limits)
            output_line(console, "No single change was found that makes it feasible.")
        _print_repairs_report(plan, console)


def _print_solved_plan_report(plan: Plan, console: Console) -> None:
    """Print SLO, setup, routing, GPU map, prices, provenance of one plan."""
    content = plan.content
    frames = plan_tables(content, "slo", "setup", "routing")
    if content["slo"]:
        output_table(console, "SLO", frames["slo"], slo_section_columns(frames["slo"]))
        for line in achieved_rate_lines(content):
            output_line(console, line, "dim", indent=2)
        for line in slo_scope_lines(content):
            output_line(console, f"Warning: {line}. {FOR_EVERY_LLM}")
    else:
        output_lines(console, "SLO", ["none: the profiled rates alone limit the plan"])
    print_setup_section(console, content, frames["setup"])
    output_table(console, "Routing", frames["routing"], ROUTING_COLUMNS)
    output_line(console, router_section_line(content))
    print_gpu_map(console, content)
    # Estimates beside what planning again gave would contradict it.
    moved = marginals_lines(content)
    again = "planned again" if moved else "estimates; --marginals plans again"
    output_lines(
        console,
        f"Binding limits and marginal values ({again})",
        [binding_limits_line(content), *(moved or shadow_price_lines(content))],
    )
    if lost := content["context"].get("lost_nodes"):
        output_lines(console, LOST_NODES_TITLE, lost_nodes_lines(lost))
    print_alternatives_section(console, content)
    output_lines(
        console,
        "Confidence",
        [*provenance_lines(content), *content["context"]["effort_notes"]],
    )


def _print_conflict_report(plan: Plan, console: Console) -> None:
    """Print why nothing fits, what would repair it, and the plan of the nearest feasible case."""
    limits, _ = conflict_lines(plan.content)
    output_lines(console, "These limits cannot hold together", limits)
    _print_repairs_report(plan, console)
    nearest = plan.best_effort
    if nearest is not None:
        effort = plan.content["conflict"]["best_effort"]
        change = None if effort is None else effort["change"]
        first = (
            f", after this change: {conflict_repair_text(plan.content, change)}" if change else ""
        )
        console.print()
        output_line(console, f"Best effort: the plan of the nearest feasible case{first}", "bold")
        output_line(console, verdict_line(nearest.content))
        _print_solved_plan_report(nearest, console)


def _print_repairs_report(plan: Plan, console: Console) -> None:
    """Print every single change that repairs it, with its argument, and whether their search was
    cut short.
    """
    _, repairs = conflict_lines(plan.content)
    if repairs:
        print_heading(console, "Any one of these changes makes it feasible")
    for k, (words, argument) in enumerate(repairs):
        output_line(console, ("or " if k else "") + words, indent=2)
        option = argument if argument.startswith("--") else f"--set {argument}"
        output_line(console, option, "dim", indent=6)
    for note in plan.content["context"]["effort_notes"]:
        output_line(console, f"Note: {note}")
