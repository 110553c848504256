"""The value of one unit more or less of a limit: a named table and sentences.

Reads the content of plan.json (`context.marginals`).

marginals   limit, from, to, value and bound there, difference, whether that is an effect or within
            what the gaps leave open
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planner.plans.labels import objective_unit, slo_name
from planner.plans.numbers import finite_number, tidy
from planner.plans.schema import MarginalContent, PlanContent
from planner.presentation.formatting import format_exact, format_node_price, format_number

if TYPE_CHECKING:
    from planner.studies.marginals import Marginal

__all__ = ["marginals_content", "marginals_lines", "marginals_table"]


def marginals_content(marginals: "Sequence[Marginal]") -> list[MarginalContent]:
    """Return `context.marginals` of plan.json."""
    return [
        {
            "change": one.change,
            "from": tidy(one.before),
            "to": tidy(one.after),
            "status": one.status,
            "value": finite_number(one.value),
            "bound": finite_number(one.bound),
            "difference": finite_number(one.difference),
            "certain": one.certain,
        }
        for one in marginals
    ]


def _marginals_limit(content: PlanContent, change: str) -> str:
    match change.split("."):
        case ["pools", at, "nodes"]:
            return f"nodes of pool {content['context']['pools'][int(at)]['name']}"
        case ["llms", at, "max_replicas"]:
            return f"replica allowed of {content['context']['llms'][int(at)]['name']}"
        case ["llms", at, "min_replicas"]:
            return f"replica required of {content['context']['llms'][int(at)]['name']}"
        case ["objective", "quality_at_least"]:
            return "of the required quality"
        case ["pools", at, "memory_gib"]:
            return f"GiB of each GPU of pool {content['context']['pools'][int(at)]['name']}"
        case ["slo", at, "limit_ms"]:
            return f"ms for the SLO on {slo_name(content['slo'][int(at)])}"
    return "req/s"


def marginals_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate them; without rows when none were computed."""
    unit = objective_unit(content)
    rows = [
        (
            _marginals_limit(content, m["change"]),
            m["from"],
            m["to"],
            m["status"],
            m["value"],
            m["bound"],
            m["difference"],
            _marginals_effect(m),
        )
        for m in content["context"].get("marginals", [])
    ]
    heads = [
        "Limit",
        "From",
        "To",
        "Status",
        f"Found ({unit})",
        f"Best possible ({unit})",
        f"Difference ({unit})",
        "Effect",
    ]
    return pd.DataFrame(rows, columns=heads)


def _marginals_effect(marginal: MarginalContent) -> str:
    """Whether a difference is one of the limit, in words; "" where there is no difference."""
    if marginal["difference"] is None:
        return ""
    return "certain" if marginal["certain"] else "none measurable"


def marginals_lines(content: PlanContent) -> list[str]:
    """Return a sentence each; the last one lists those whose effect is below what the gaps leave
    open.
    """
    lines, unmeasurable = [], []
    for m in content["context"].get("marginals", []):
        by, limit = m["to"] - m["from"], _marginals_limit(content, m["change"])
        if abs(by) == 1 and m["change"].endswith(".nodes"):
            limit = limit.replace("nodes", "node", 1)
        step = f"{by:+,.9g} {limit} ({format_exact(m['to'])} instead of {format_exact(m['from'])})"
        if m["difference"] is None:
            effect = (
                "no plan keeps all limits"
                if m["status"] == "infeasible"
                else "unknown: stopped before a plan was found"
            )
        elif not m["certain"]:
            unmeasurable.append(step)
            continue
        else:
            sign = "+" if m["difference"] > 0 else "-"
            unit = "USD/h" if content["objective"]["of"] == "cost" else "quality"
            effect = f"{sign}{format_number(abs(m['difference']), 2)} {unit}"
        lines.append(f"{step}: {effect}{_marginals_besides(content, m)}")
    if not unmeasurable:
        return lines
    of = content["objective"]["of"]
    head = f"No measurable effect on the {of}"
    if of == "cost":
        head += " (a limit may be reached by the routing, and not decide it)"
    return [*lines, f"{head}: {'; '.join(unmeasurable)}"]


def _marginals_besides(content: PlanContent, marginal: MarginalContent) -> str:
    """What a gain costs where cost is not the objective, and how else memory is freed."""
    match marginal["change"].split("."):
        case ["pools", at, "nodes"] if marginal["difference"] is not None:
            return format_node_price(content, content["context"]["pools"][int(at)])
        case ["pools", _, "memory_gib"]:
            return "; a smaller setups.memory_headroom_pct also frees memory"
    return ""
