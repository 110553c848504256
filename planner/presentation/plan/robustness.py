"""The search for the headroom that keeps the SLOs under bursts, in words."""

from planner.plans.numbers import known_number
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact, format_objective_value

__all__ = ["robustness_lines"]

HEADROOM = {"rate_pct": "of the arrival rate", "slo_pct": "of every SLO limit"}


def robustness_lines(content: PlanContent) -> list[str]:
    """Say how many replays keep every SLO, with which headroom, and what that costs; nothing where
    it was not sought.
    """
    one = content["context"].get("robustness")
    if one is None:
        return []
    count, runs = one["replays"], f"replays of {one['seconds_per_replay']:.0f} s"
    kept, without = (round(one[key] / 100.0 * count) for key in ("kept_pct", "kept_without_pct"))
    stopped = "" if one["complete"] else " The search was stopped: less headroom may do."
    if one["key"] is None or one["percent"] is None:
        if kept >= 0.95 * count:
            return [
                f"Robust to {one['to']} as it is: {kept} of {count} {runs} keep every SLO.{stopped}"
            ]
        why = "No headroom was found" if one["complete"] else "Stopped before a headroom was found"
        return [
            f"Not robust to {one['to']}: {kept} of {count} {runs} keep every SLO. {why} with which"
            " 95 % do: try more GPUs, fewer requests or looser limits."
        ]
    return [
        f"Robust to {one['to']}: {kept} of {count} {runs} keep every SLO with a headroom of"
        f" {format_exact(one['percent'])} % {HEADROOM[one['key']]}, {without} of {count} without"
        f" ({_cost_of_robustness(content, one['value_without'])}).{stopped}"
    ]


def _cost_of_robustness(content: PlanContent, without: float) -> str:
    """What the headroom costs, in the objective's unit."""
    value = known_number(content["objective"]["value"])
    before = format_objective_value(content, without)
    if content["objective"]["of"] == "cost":
        return f"it costs {value - without:.2f} USD/h more than {before}"
    return f"it costs {without - value:.5f} of the quality {before}"
