"""What the loss of any one node does to a plan's setup, in plan.json's form and in sentences."""

from collections.abc import Mapping, Sequence

from planner.plans.numbers import finite_number, tidy
from planner.plans.schema import LostNodeContent
from planner.solution import LostNodeOutcome

__all__ = ["LOST_NODES_TITLE", "lost_nodes_content", "lost_nodes_lines", "lost_nodes_text"]

LOST_NODES_TITLE = "If a node is lost (the setup stays, requests are routed anew)"


def lost_nodes_content(
    outcomes: Sequence[LostNodeOutcome], pools: Sequence[str], cases: Sequence[str] | None
) -> list[LostNodeContent]:
    """One entry a case and pool. cases: names, None where the scenario states none."""
    return [
        {
            "case": None if cases is None else cases[one.case],
            "pool": pools[one.pool],
            "holds": one.holds,
            "worst_node": int(one.node),
            "quality": finite_number(one.quality),
            "served_pct": None if one.served is None else tidy(round(100.0 * one.served, 6)),
        }
        for one in outcomes
    ]


def lost_nodes_text(nodes: Mapping[str, Sequence[int]]) -> str:
    """`node 0 of a100`. nodes: pool -> which of its nodes."""
    return "; ".join(
        f"node{'s' if len(which) > 1 else ''} {', '.join(map(str, which))} of {pool}"
        for pool, which in nodes.items()
    )


def lost_nodes_lines(entries: Sequence[LostNodeContent]) -> list[str]:
    """One sentence a case and pool."""
    return [_lost_node_line(entry) for entry in entries]


def _lost_node_line(entry: LostNodeContent) -> str:
    where = f"any node of {entry['pool']}"
    if entry["case"] is not None:
        where = f"{entry['case']}, {where}"
    worst = f"worst: node {entry['worst_node']}"
    if entry["holds"]:
        return f"{where}: holds with quality {entry['quality'] or 0.0:.5f} ({worst})"
    if entry["holds"] is None:
        return f"{where}: not decided ({worst})"
    served = entry["served_pct"] or 0.0
    if served >= 99.95:
        return f"{where}: breaks, a floor of quality is missed ({worst})"
    return f"{where}: breaks; {served:.1f} % of the requests can be served within limits ({worst})"
