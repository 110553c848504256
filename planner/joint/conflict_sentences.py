"""The limits in conflict, and the changes that do not help, as sentences."""

from collections.abc import Sequence

from models.instance import Instance
from planner.joint.adjustments import MORE_REPLICAS, Adjustment

MOST_NAMES = 4
"""LLMs listed by name; the others are counted."""


def limit_sentence(instance: Instance, adjustment: Adjustment, repaired: float | None) -> str:
    """The limit in words, as it stands; of a quality floor what can be reached at all.

    repaired: its value in a repair, None without one.
    """
    before = adjustment.before
    match adjustment.change.split("."):
        case ["slo", j, _]:
            slo = instance.slos[int(j)]
            whose = "over all requests" if slo.scope == "all" else "of every deployed option"
            return f"{slo.statistic} {slo.metric.upper()} {whose} at most {before:g} ms"
        case ["arrival_rate_rps"]:
            return f"{before:g} req/s to be served"
        case ["pools", p, _]:
            pool = instance.pools[int(p)]
            return f"pool {pool.name} of {pool.nodes} x {pool.gpus_per_node} GPUs"
        case ["llms", i, which]:
            count = f"{before:g} replica{'' if before == 1 else 's'}"
            side = "most" if which == "max_replicas" else "least"
            return f"at {side} {count} of {instance.llms[int(i)].name}"
        case ["objective", _]:
            ceiling = float(instance.scores.weights @ instance.scores.values.max(axis=0))
            within = "" if repaired is None else f", about {repaired:g} within the other limits"
            return (
                f"a quality of at least {before:g} (these scores allow {ceiling:.4g} if nothing"
                f" else is limited{within})"
            )
        case _:
            return f"a GPU utilisation of at least {before:g} %"


def unhelpful_sentence(instance: Instance, adjustments: Sequence[Adjustment]) -> tuple[str, ...]:
    """One sentence on the changes that were tried and do not help, each alone, with how far each
    went; none where there are none.
    """
    tried: list[str] = []
    counted = {"min_replicas", "max_replicas"}
    for adjustment in adjustments:
        last = adjustment.tries[-1]
        match adjustment.change.split("."):
            case ["slo", j, _]:
                slo = instance.slos[int(j)]
                tried.append(f"a {slo.statistic} {slo.metric.upper()} of up to {last:,.0f} ms")
            case ["arrival_rate_rps"]:
                tried.append(f"a rate down to {last:.3g} req/s")
            case ["pools", p, _]:
                tried.append(f"more nodes of pool {instance.pools[int(p)].name}, up to {last:,.0f}")
            case ["llms", _, which] if which in counted:
                tried.append(_replica_limits(instance, adjustments, which))
                counted.remove(which)
            case ["objective", _]:
                tried.append(f"a quality down to {last:.4g}")
            case ["setups", _]:
                tried.append(f"a GPU utilisation down to {last:g} %")
    return (f"Tried without success, each alone: {'; '.join(tried)}.",) if tried else ()


def _replica_limits(instance: Instance, adjustments: Sequence[Adjustment], which: str) -> str:
    """All LLMs whose limit of one side was moved, in one phrase."""
    names = [
        instance.llms[int(one.change.split(".")[1])].name
        for one in adjustments
        if one.change.endswith(which)
    ]
    more = len(names) - MOST_NAMES
    rest = f" and {more} more LLM{'s' if more > 1 else ''}" if more > 0 else ""
    of = f"{'one of ' if len(names) > 1 else ''}{', '.join(names[:MOST_NAMES])}{rest}"
    if which == "max_replicas":
        return f"up to {MORE_REPLICAS} more replicas of {of}"
    return f"no required replica of {of}"
