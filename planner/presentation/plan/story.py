"""A plan told to somebody who has never seen one: what it does, how near its limits are, how sure
it is, and how prompts are sent.

All functions read the content of plan.json, as planner.presentation.sentences does; every sentence
stands alone.
"""

from planner.plans.labels import slo_name
from planner.plans.schema import PlanContent, SloContent
from planner.presentation.formatting import format_exact, format_gap, format_objective
from planner.presentation.plan.limits import binding_line

__all__ = ["headroom_text", "routing_rule_lines", "story_lines"]


def story_lines(content: PlanContent) -> list[str]:
    """Tell what runs, where the requests go, what limits, and how good it is.

    Empty where there is no plan.
    """
    if not content["options"]:
        return []
    return [_runs(content), _goes(content), *_limits(content), _proof(content), _measured(content)]


def _runs(content: PlanContent) -> str:
    llms, used, total = (
        {option["llm"] for option in content["options"]},
        content["gpus_used"],
        content["gpus_total"],
    )
    rate = format_exact(content["context"]["arrival_rate_rps"])
    cost = (
        "" if content["cost_usd_per_h"] is None else f" for {content['cost_usd_per_h']:,.2f} USD/h"
    )
    many = f"{len(llms)} LLMs" if len(llms) > 1 else "one LLM"
    whole = f"{used:,} of {total:,} GPUs"
    return (
        f"{rate} requests a second are answered by {many} on {whole}{cost}; the answers have a mean"
        f" score of {content['quality']:.5f}."
    )


def _goes(content: PlanContent) -> str:
    parts = sorted(content["routing"].items(), key=lambda one: (-one[1], one[0]))
    served = [(f"{100.0 * part:.1f} %", llm) for llm, part in parts if part > 0.0]
    idle = [llm for llm, part in parts if not part > 0.0]
    first = [
        f"{served[0][0]} of the requests go to {served[0][1]}",
        *(f"{part} to {llm}" for part, llm in served[1:]),
    ]
    return ", ".join(first) + (f"; none to {', '.join(idle)}." if idle else ".")


def _limits(content: PlanContent) -> list[str]:
    slos = [f"{slo_name(slo)} {headroom_text(slo)}" for slo in content["slo"]]
    return ([f"Latency: {'; '.join(slos)}."] if slos else []) + [binding_line(content)]


def headroom_text(slo: SloContent) -> str:
    """Tell how near an SLO is to its limit: `149.9 ms of 150 ms, nothing left`."""
    limit, achieved = slo["limit_ms"], slo["achieved_ms"]
    if achieved is None:
        return f"is above every profiled percentile (limit {limit:g} ms)"
    left = 100.0 * (1.0 - achieved / limit)
    return f"{achieved:,.1f} ms of {limit:g} ms, " + (
        f"{left:.1f} % left" if left >= 0.05 else "nothing left"
    )


def _measured(content: PlanContent) -> str:
    """Tell how many of the curves that it stands on were measured."""
    options = content["options"]
    count = sum(option["provenance"] == "measured" for option in options)
    if count == len(options):
        return "All curves of what runs were measured."
    if not count:
        return (
            "No curve of what runs was measured, all are estimates: latencies may come out"
            " otherwise."
        )
    return (
        f"{count} of {len(options)} curves of what runs were measured; the others are estimates:"
        " latencies may come out otherwise."
    )


def _proof(content: PlanContent) -> str:
    objective = content["objective"]
    bound, gap = (
        format_objective(content, objective["bound"]),
        format_gap(objective["rel_gap"]),
    )
    better = "better" if objective["of"] == "quality" else "cheaper"
    if objective["bound"] is None:
        return "How good the best plan could be is not known yet."
    if content["status"] == "optimal":
        return (
            f"It is proven that no plan is {better} by more than the gap: best possible {bound},"
            f" gap {gap}."
        )
    if content["solver"]["termination"] == "choice":
        return (
            f"This is another setup than the best one found: a {better} plan is known; best"
            f" possible {bound}, gap {gap}."
        )
    return (
        f"A {better} plan may exist: the search was stopped early; best possible {bound}, gap"
        f" {gap}."
    )


def routing_rule_lines(content: PlanContent) -> list[str]:
    """Tell the router's rule: by how much each LLM's score must be above that of the cheapest one,
    as dual prices say.
    """
    prices = {llm: price for llm, price in content["dual_prices"].items() if price is not None}
    if len(prices) < 2:
        return []
    base = min(prices, key=lambda llm: (prices[llm], llm))
    told = [
        f"A prompt goes to {llm} rather than to {base} where its score is more than"
        f" {price - prices[base]:.4f} above {base}'s."
        for llm, price in sorted(prices.items(), key=lambda one: one[1])
        if llm != base
    ]
    return told
