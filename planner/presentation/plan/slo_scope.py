"""Which LLMs are slower than a limit that holds over all requests together.

An SLO of scope `all` weighs options by their requests: with a mean limit of 40 ms one LLM may run
at 120 ms while the SLO is met. Whoever meant every LLM has to see that. An option is slower than
SLO j, metric and statistic m, when

    L_o^m(r_o) > limit_j (1 + 1e-6)

with the stated limit, at the option's rate per replica. Options without requests, and those whose
curve has no column m, say nothing.
"""

from planner.plans.labels import slo_name
from planner.plans.numbers import is_within_limit
from planner.plans.option_index import option_slice_words
from planner.plans.schema import OptionContent, PlanContent, SloContent
from planner.presentation.formatting import format_exact

__all__ = ["options_slower_than_slo", "slo_scope_lines"]

MOST = 4
"""Options named of one SLO; the others are counted."""


def options_slower_than_slo(content: PlanContent, slo: SloContent) -> list[OptionContent]:
    """List the serving options slower than a limit over all requests, the slowest first."""
    if slo["scope"] != "all":
        return []
    column = f"{slo['metric']}_{slo['statistic']}"
    slower = [
        option
        for option in content["options"]
        if option["rate_rps"] > 0.0
        and not is_within_limit(option["latency_ms"].get(column, 0.0), slo["limit_ms"])
    ]
    return sorted(slower, key=lambda option: -option["latency_ms"][column])


def slo_scope_lines(content: PlanContent) -> list[str]:
    """Say of each SLO over all requests which LLMs are slower than its limit; no full stop at the
    end.
    """
    total = sum(option["rate_rps"] for option in content["options"])
    lines = []
    for slo in content["slo"]:
        if slower := options_slower_than_slo(content, slo):
            column = f"{slo['metric']}_{slo['statistic']}"
            named = [
                f"{option['llm']} tp{option['tp_degree']} {option_slice_words(option)}"
                f" ({option['latency_ms'][column]:,.1f} ms,"
                f" {100.0 * option['rate_rps'] / total:.3g} % of the requests)"
                for option in slower[:MOST]
            ]
            more = f" and {len(slower) - MOST} more" if len(slower) > MOST else ""
            lines.append(
                f"the {slo_name(slo)} limit of {format_exact(slo['limit_ms'])} ms holds over all"
                f" requests together; slower alone: {', '.join(named)}{more}"
            )
    return lines
