"""What a plan keeps, starts and stops of the one that runs, in words."""

from collections.abc import Mapping
from typing import Any

from planner.plans.schema import PlanContent
from planner.program import PROGRAM

__all__ = ["start_lines"]


def start_lines(content: PlanContent) -> list[str]:
    """Say how many replicas stay, start and stop, and what the bound then holds for; nothing of a
    plan that starts from none.
    """
    one = content["context"].get("from")
    if one is None:
        return _cycle_lines(content)
    most = one["most_changes"]
    limit = "" if most is None else f" at most {_replicas(most)} may change"
    if one["kept"] is None or one["started"] is None or one["stopped"] is None:
        return [f"From {one['plan']}:{limit}."] if limit else []
    changes = one["started"] + one["stopped"]
    if not changes and not one["moved"]:
        head = f"From {one['plan']}: no replica changes, {one['kept']} stay"
    else:
        moved = one["moved"] or 0
        where = f" ({moved} of them on other GPUs)" if moved else ""
        head = (
            f"From {one['plan']}: replicas: {one['kept']} stay{where}, {one['started']} start,"
            f" {one['stopped']} stop; `{PROGRAM} diff` has the steps"
        )
    proof = f";{limit}, and the bound is that of such plans" if limit else ""
    return [f"{head}{proof}.", *_price_lines(content)]


def _cycle_lines(content: Mapping[str, Any]) -> list[str]:
    """The same of a plan with several setups, each from what runs in its case."""
    one = content["context"].get("from_cycle")
    if one is None:
        return []
    most, setups = one["most_changes"], one["setups"]
    limit = "" if most is None else f" of each setup at most {_replicas(most)} may change"
    if any(setup["kept"] is None for setup in setups):
        return [f"From {one['plan']}:{limit}."] if limit else []
    kept, started, stopped = (
        sum(setup[key] for setup in setups) for key in ("kept", "started", "stopped")
    )
    head = (
        f"From {one['plan']}: replicas of all setups, each against what runs in its case:"
        f" {kept} stay, {started} start, {stopped} stop"
    )
    proof = f";{limit}, and the bound is that of such plans" if limit else ""
    return [f"{head}{proof}."]


def _replicas(count: int) -> str:
    return f"{count} replica{'' if count == 1 else 's'}"


def _price_lines(content: PlanContent) -> list[str]:
    """What the changes cost, where they have a price."""
    priced = content["context"]["from"].get("changes")
    if priced is None or priced["gpus"] is None:
        return []
    if not priced["gpus"]:
        return [f"Changes: no replica starts, at {priced['usd_per_gpu']:g} USD for each GPU."]
    gpus = f"{priced['gpus']} GPU{'' if priced['gpus'] == 1 else 's'}"
    of = content["objective"]["of"]
    counted = "cost of the objective" if of == "cost" else "budget"
    return [
        f"Changes: replicas start on {gpus} at {priced['usd_per_gpu']:g} USD each:"
        f" {priced['usd'] or 0.0:,.2f} USD once, {priced['usd_per_h'] or 0.0:,.4f} USD/h over"
        f" {priced['hours']:g} h, which the {counted} counts beside the GPUs."
    ]
