"""Setups and inputs of studies that move inputs, in words."""

from models.instance import ObjectiveKind
from planner.plans.option_index import option_slice_text
from planner.presentation.formatting import format_number
from planner.studies.sensitivity.moved_plans import MovedPlan
from planner.studies.sensitivity.studied_inputs import StudiedInput

__all__ = ["format_moved_objective", "format_moved_value", "moved_setup_words", "moved_unit"]

COST_DIGITS, SCORE_DIGITS = 2, 5


def moved_unit(objective: ObjectiveKind) -> str:
    """The unit of value and bound."""
    return "USD/h" if objective == ObjectiveKind.COST else "mean score"


def format_moved_objective(
    objective: ObjectiveKind, value: float | None, *, signed: bool = False
) -> str:
    """A value of the objective, or its change, without its unit; `-` for None."""
    if value is None:
        return "-"
    digits = COST_DIGITS if objective == ObjectiveKind.COST else SCORE_DIGITS
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text


def format_moved_value(one: StudiedInput, value: float | None) -> str:
    """A value of an input with its unit: `63 req/s`, `0.9 x`, `2` nodes."""
    unit = "" if one.unit in ("nodes", "mean score") else f" {one.unit}"
    return "-" if value is None else f"{format_number(value, 3)}{unit}"


def moved_setup_words(plan: MovedPlan) -> str:
    """What runs: `2 x alpha tp1 100 %, beta tp2 50 %`, of several setups `one; the other`, with the
    pool where there are several, and with the nodes that were decided.
    """
    pools = {entry[1] for setup in plan.setups for entry in setup}
    words = [
        ", ".join(
            f"{f'{replicas} x ' if replicas > 1 else ''}{llm}"
            f"{f' on {pool}' if len(pools) > 1 else ''} tp{degree} {option_slice_text(share)}"
            for llm, pool, degree, share, replicas in setup
        )
        or "nothing"
        for setup in plan.setups
    ]
    nodes = [f"{count} node{'' if count == 1 else 's'} of {pool}" for pool, count in plan.nodes]
    return "; ".join([*words, *nodes])
