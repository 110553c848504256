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
    """Of any node where the worst holds; of the worst alone where it does not: others may."""
    pool, node = entry["pool"], entry["worst_node"]
    case = "" if entry["case"] is None else f"{entry['case']}, "
    any_node, worst_node = f"{case}any node of {pool}", f"{case}node {node} of {pool}"
    if entry["holds"]:
        quality = f"{entry['quality'] or 0.0:.5f}"
        return f"{any_node}: holds with quality {quality} (worst: node {node})"
    if entry["holds"] is None:
        return f"{any_node}: not decided (worst: node {node})"
    served = entry["served_pct"] or 0.0
    if served >= 99.95:
        return f"{worst_node}: breaks, a floor of quality is missed (the worst of {pool})"
    return (
        f"{worst_node}: breaks; {served:.1f} % of the requests can be served within limits"
        f" (the worst of {pool})"
    )
