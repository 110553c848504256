"""Checks of what a plan says of the setup that it starts from: replicas kept, started and stopped,
counted again from both setups by LLM, pool, degree and share, and their limit.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["check_stated_changes"]

COUNTS = ("kept", "started", "stopped")

SHARE_DIGITS = 6
"""Decimals of a per cent to which shares are the same."""

Key = tuple[str, str, int, float]


def check_stated_changes(plan: Mapping[str, Any]) -> Iterator[str]:
    """`context.from`, where a plan with a setup has it, of either schema.

    With m replicas of an option before and n after: kept sum min(m, n), started sum max(0, n - m),
    stopped sum max(0, m - n), 0 <= moved <= kept, and started + stopped <= most_changes.
    """
    stated = plan["context"].get("from") if isinstance(plan.get("context"), Mapping) else None
    if stated is None:
        return
    try:
        setups = plan.get("setups", [plan])
        before, after = _count_stated(stated["options"]), _count_stated(setups[0]["options"])
        numbers = {key: stated[key] for key in (*COUNTS, "moved")}
        most = stated["most_changes"]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        yield "context.from: not what a plan says of the one it starts from"
        return
    if not all(isinstance(n, int) for n in numbers.values()) or not isinstance(most, int | None):
        yield f"context.from: {numbers}, most_changes {most} in a plan with a setup"
        return
    if len(setups) != 1:
        yield f"context.from: stated of a plan of {len(setups)} setups"
    if any(count < 1 for count in before.values()):
        yield "context.from.options: an option without a replica"
    kept = sum((before & after).values())
    true = dict(zip(COUNTS, (kept, after.total() - kept, before.total() - kept), strict=True))
    for key in COUNTS:
        if numbers[key] != true[key]:
            yield f"context.from.{key}: {numbers[key]} but the setups say {true[key]}"
    if not 0 <= numbers["moved"] <= kept:
        yield f"context.from.moved: {numbers['moved']} of {kept} replicas that are kept"
    changes = true["started"] + true["stopped"]
    if most is not None and changes > most:
        yield f"context.from: {changes} replicas start or stop, allowed are {most}"


def _count_stated(entries: Any) -> Counter[Key]:
    """Replicas of each option."""
    counted: Counter[Key] = Counter()
    for entry in entries:
        share = round(float(entry["mps_share_pct"]), SHARE_DIGITS)
        key = (entry["llm"], entry["pool"], entry["tp_degree"], share)
        counted[key] += entry["replicas"]
    return counted
