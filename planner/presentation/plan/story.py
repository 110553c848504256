"""A plan in sentences for a first-time reader: where requests go, what limits it, how good it is
proved to be, and how prompts are routed. They stand below its numbers and repeat none of them;
every sentence can be read alone.
"""

from collections import defaultdict

from planner.plans.labels import slo_name
from planner.plans.schema import PlanContent
from planner.presentation.formatting import (
    format_gap,
    format_objective_value,
    format_stated_rate,
)
from planner.presentation.plan.limits import binding_limits_line
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.robustness import robustness_lines
from planner.presentation.plan.simulated_limits import simulated_limit_text
from planner.presentation.plan.start import start_lines

__all__ = ["idle_llms", "routing_rule_story_lines", "story_lines"]

MOST_PAIRS = 4
"""Pairs of LLM and GPU type without measured curves that are named."""


def story_lines(content: PlanContent) -> list[str]:
    """Say where the requests go, what limits, how good it is and what was measured.

    Empty where there is no plan.
    """
    if not content["options"]:
        return []
    return [
        _routing_story_line(content),
        *_limit_lines(content),
        _proof_story_line(content),
        _provenance_story_line(content),
    ]


def idle_llms(content: PlanContent) -> list[str]:
    """LLMs of the scenario that neither run nor answer anything."""
    runs = {option["llm"] for option in content["options"]}
    return [llm for llm, part in content["routing"].items() if not part > 0.0 and llm not in runs]


def _routing_story_line(content: PlanContent) -> str:
    parts = sorted(content["routing"].items(), key=lambda one: (-one[1], one[0]))
    served = [(f"{100.0 * part:.1f} %", llm) for llm, part in parts if part > 0.0]
    idle = [llm for llm, part in parts if not part > 0.0]
    first = [
        f"{served[0][0]} of the requests go to {served[0][1]}",
        *(f"{part} to {llm}" for part, llm in served[1:]),
    ]
    return ", ".join(first) + (f"; none to {', '.join(idle)}." if idle else ".")


def _limit_lines(content: PlanContent) -> list[str]:
    simulated = [
        f"{slo_name(slo)} {text}"
        for at, slo in enumerate(content["slo"])
        if (text := simulated_limit_text(content, at))
    ]
    rate = format_stated_rate(content)
    beside = [f"Simulated{f' at {rate}' if rate else ''}: {'; '.join(simulated)}."]
    free = [*start_lines(content), *robustness_lines(content)]
    return [*free, *(beside if simulated else []), binding_limits_line(content)]


def _provenance_story_line(content: PlanContent) -> str:
    """Which part of the requests runs on curves that nobody measured, and which these are."""
    options = content["options"]
    others = [option for option in options if option["provenance"] != "measured"]
    kinds = " or ".join(dict.fromkeys(one["provenance"] for one in others))
    every = "All curves in use are" if len(options) > 1 else "The curve in use is"
    if not others:
        return f"{every} measured."
    if len(others) == len(options):
        return f"{every} {kinds}, and latencies may turn out different."
    served: defaultdict[str, float] = defaultdict(float)
    for option in options:
        served[option["llm"]] += option["rate_rps"]
    part = sum(
        content["routing"][one["llm"]] * one["rate_rps"] / served[one["llm"]]
        for one in others
        if served[one["llm"]] > 0.0
    )
    pairs = list(dict.fromkeys(f"{one['llm']} on {one['gpu']}" for one in others))
    more = f" and {len(pairs) - MOST_PAIRS} more" if len(pairs) > MOST_PAIRS else ""
    return (
        f"{100.0 * part:.1f} % of the requests run on {kinds} curves"
        f" ({', '.join(pairs[:MOST_PAIRS])}{more}), whose latencies may turn out different."
    )


def _proof_story_line(content: PlanContent) -> str:
    objective, gap = content["objective"], format_gap(content["objective"]["rel_gap"])
    if objective["bound"] is None:
        return "How good the best plan could be is not known yet."
    best = format_objective_value(content, objective["bound"])
    of_quality = objective["of"] == "quality"
    bound = f"no plan can {'exceed quality' if of_quality else 'cost less than'} {best} (gap {gap})"
    better = "better" if of_quality else "cheaper"
    if content["status"] == "optimal":
        return (
            f"Proved{' with made-up scores' if placeholder_scores_text(content) else ''}: {bound}."
        )
    if content["solver"]["termination"] == "choice":
        return f"An alternative: a {better} plan is known; {bound}."
    return f"The search was stopped early and a {better} plan may exist; {bound}."


def routing_rule_story_lines(content: PlanContent) -> list[str]:
    """Say by how much each LLM's score must be above that of the cheapest one, by dual prices."""
    prices = {llm: price for llm, price in content["dual_prices"].items() if price is not None}
    if len(prices) < 2:
        return []
    base = min(prices, key=lambda llm: (prices[llm], llm))
    return [
        f"A prompt goes to {llm} instead of {base} where its score is more than"
        f" {price - prices[base]:.4f} above {base}'s."
        for llm, price in sorted(prices.items(), key=lambda one: one[1])
        if llm != base
    ]
