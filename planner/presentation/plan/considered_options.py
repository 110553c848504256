"""Which options a plan could choose from: what filtered them, and which were dropped, and why."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, cast

from models.instance import UNJUDGED
from planner.plans.option_index import any_mig_option
from planner.plans.schema import DroppedContent, PlanContent

__all__ = ["dropped_option_lines", "filtered_options_line", "unjudged_option_line"]


def dropped_option_lines(content: PlanContent) -> list[str]:
    """Return dropped options counted by reason; reasons that differ in their figures alone count as
    one, of which the first is shown.
    """
    groups: dict[str, list[DroppedContent]] = defaultdict(list)
    for option in content["context"]["dropped"]:
        groups[re.sub(r"\d[\d.,]*", "#", option["reason"])].append(option)
    lines = []
    for group in sorted(groups.values(), key=len, reverse=True):
        first, llms = group[0], list(dict.fromkeys(option["llm"] for option in group))
        of = ", ".join(llms[:3]) + (f" and {len(llms) - 3} more LLMs" if len(llms) > 3 else "")
        several = len({option["reason"] for option in group}) > 1
        lines.append(f"{len(group)} of {of}: " + ("e.g. " if several else "") + first["reason"])
    return lines


def unjudged_option_line(content: PlanContent) -> str:
    """Say whose curves are not used because they lack a statistic that an SLO limits; "" where all
    have it.
    """
    dropped = [one for one in content["context"]["dropped"] if UNJUDGED in one["reason"]]
    if not dropped:
        return ""
    of = ", ".join(dict.fromkeys(one["llm"] for one in dropped))
    why = "; ".join(dict.fromkeys(one["reason"] for one in dropped))
    count = "1 curve" if len(dropped) == 1 else f"{len(dropped)} curves"
    return f"{count} of {of} {'is' if len(dropped) == 1 else 'are'} not used: {why}"


def _mig_filter_words(content: PlanContent) -> list[str]:
    """Words on MIG profiles where some are stated, or an option has one; content: of either
    schema.
    """
    profiles: Sequence[str] | None = content["context"]["filters"].get("mig_profiles")
    if profiles is None:
        whole = cast("Mapping[str, Any]", content)
        deployed = [part.get("options", ()) for part in (whole, *whole.get("setups", ()))]
        options = [*chain(*deployed), *content["context"]["dropped"]]
        return ["every profiled MIG profile"] if any_mig_option(options) else []
    return [f"MIG profiles {', '.join(profiles)}" if profiles else "no MIG profile"]


def filtered_options_line(content: PlanContent) -> str:
    """Say what filtered the options and setups, defaults included."""
    filters = content["context"]["filters"]
    degrees, shares = filters["tp_degrees"], filters["mps_shares_pct"]
    parts = [
        "every profiled tp degree" if degrees is None else f"tp {', '.join(map(str, degrees))}",
        (
            "every profiled MPS share"
            if shares is None
            else f"MPS shares {', '.join(f'{s:g}' for s in shares)} %"
        ),
        *_mig_filter_words(content),
        f"{filters['memory_headroom_pct']:g} % of each GPU's memory kept free",
        f"at least {filters['min_gpu_utilization_pct']:g} % of all compute allocated",
    ]
    return (
        f"{content['context']['options_considered']} options considered: "
        + ", ".join(parts if filters["min_gpu_utilization_pct"] else parts[:-1])
        + "."
    )
