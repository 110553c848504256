"""What a plan keeps, starts and stops of the one that runs, in words."""

from planner.plans.schema import PlanContent
from planner.program import PROGRAM

__all__ = ["start_lines"]


def start_lines(content: PlanContent) -> list[str]:
    """Say how many replicas stay, start and stop, and what the bound then holds for; nothing of a
    plan that starts from none.
    """
    one = content["context"].get("from")
    if one is None:
        return []
    most = one["most_changes"]
    limit = "" if most is None else f" at most {most} replica{'' if most == 1 else 's'} may change"
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
    return [f"{head}{proof}."]
