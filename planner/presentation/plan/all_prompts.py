"""What of a plan holds on all prompts of a table too large for memory, in words."""

from planner.plans.numbers import known_number
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact

__all__ = ["all_prompts_lines"]


def all_prompts_lines(content: PlanContent) -> list[str]:
    """Say what the plan and its bound are on all prompts; nothing where it was made with them."""
    one = content["context"].get("all_prompts")
    if one is None:
        return []
    count, standing = f"{one['prompts']:,}", f"{one['standing']:,}"
    checked = one["checked"]
    if checked is None:
        return [
            f"Found on {standing} weighted prompts that stand for {count}; not checked on all of"
            " them: the check was stopped."
        ]
    lines = [
        f"On all {count} prompts, read once more: quality at least {checked['quality']:.5f}"
        f"{_bound_of_all(content, checked['bound'], checked['bound_shift'])}; at these prices the"
        f" router's fractions are off by at most {checked['fraction_off_pct']:.3f} % of requests."
        f" The search saw {standing} weighted prompts that stand for them"
        f"{', without loss' if one['exact'] else ''}."
    ]
    floor = content["context"]["quality_at_least"]
    if floor is not None and checked["quality"] < known_number(floor):
        short = known_number(floor) - checked["quality"]
        lines.append(
            f"That may miss the floor of {format_exact(known_number(floor))} by {short:.5f}: raise"
            f" objective.quality_at_least by as much to be sure."
        )
    return lines


def _bound_of_all(content: PlanContent, bound: float | None, shift: float) -> str:
    """What is proved on all prompts."""
    if bound is not None:
        return f", and no plan exceeds {bound:.5f}"
    if content["objective"]["of"] == "quality":
        return ""
    floor = known_number(content["context"]["quality_at_least"])
    return f", and the bound on cost is proved for a floor of {floor + shift:.5f}"
