"""What differs between two plans over classes and cases: sentences and named tables with units.

cells_diff_cases      one row a case of either plan: hours, rate, quality, GPUs and cost
cells_diff_routing    one row an LLM of a class in a case whose part of the requests changes
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.plans.changes.cells_diff import CellChange, CellsDiff
from planner.plans.headroom_content import stated_headroom
from planner.plans.labels import slo_name
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.scenario_changes import HEADROOM

__all__ = [
    "cells_diff_case_table",
    "cells_diff_head_line",
    "cells_diff_lines",
    "cells_diff_routing_table",
    "cells_diff_setup_title",
]

Content = Mapping[str, Any]
SMALL = 1e-9
SHOWN = 5e-5
"""Of all requests of a class: a part that changes by less is not listed."""


def cells_diff_head_line(word: str, content: Content) -> str:
    """`from: day, quality 0.73523, 13 GPUs used, 23.67 USD/h, one setup`."""
    cost = content["cost_usd_per_h"]
    priced = "" if cost is None else f", {cost:,.2f} USD/h"
    count = len(content["setups"])
    setups = "one setup" if count == 1 else f"{count} setups"
    objective = content["objective"]
    return (
        f"{word}: {content['scenario']}, {objective['of']} {objective['value']:.5f},"
        f" {content['gpus_used']} GPUs used{priced}, {setups}"
    )


def cells_diff_lines(old: Content, new: Content, diff: CellsDiff) -> list[str]:
    """All differences in sentences: of what was asked, then of what comes out."""
    changes = [*_input_changes(old, new), *_demand_changes(old, new, diff)]
    first = f"Inputs: {'; '.join(changes)}." if changes else "Inputs: the same cases and limits."
    prompts = [one["context"]["prompts"] for one in (old, new)]
    caution = [
        f"Different prompts ({prompts[1]:,} instead of {prompts[0]:,}): qualities are not"
        " comparable."
    ]
    return [
        *(caution if prompts[0] != prompts[1] else []),
        first,
        _figure_line(
            "Quality", old["quality"], new["quality"], _left_open(old, new, "quality"), 5, ""
        ),
        *_cost_lines(old, new),
        _gpu_line(old["gpus_used"], new["gpus_used"]),
    ]


def _input_changes(old: Content, new: Content) -> list[str]:
    """Pools, LLMs, the objective and the headroom."""
    changes = []
    was, now = ({p["name"]: p for p in one["context"]["pools"]} for one in (old, new))
    for name in dict.fromkeys([*was, *now]):
        before, after = (known.get(name, {"nodes": 0})["nodes"] for known in (was, now))
        if before != after:
            changes.append(f"pool {name} {after} nodes instead of {before}")
    before_llms, after_llms = ([m["name"] for m in one["context"]["llms"]] for one in (old, new))
    changes += [f"without {name}" for name in before_llms if name not in after_llms]
    changes += [f"with {name}" for name in after_llms if name not in before_llms]
    if old["objective"]["of"] != new["objective"]["of"]:
        goals = [one["objective"]["of"] for one in (new, old)]
        changes.append(f"the objective is {goals[0]} instead of {goals[1]}")
    free: Mapping[str, Any] = stated_headroom(old)
    kept: Mapping[str, Any] = stated_headroom(new)
    changes += [
        f"headroom {words} {format_exact(kept[key])} instead of {format_exact(free[key])}"
        for key, words in HEADROOM.items()
        if free[key] != kept[key]
    ]
    return changes


def _demand_changes(old: Content, new: Content, diff: CellsDiff) -> list[str]:
    """Cases, hours, rates and limits."""
    changes = [f"without case {name}" for name in diff.gone]
    changes += [f"with case {name}" for name in diff.new]
    was, now = ({case["case"]: case for case in one["cases"]} for one in (old, new))
    for name, case in now.items():
        if name in was and was[name]["hours"] != case["hours"]:
            hours = (format_exact(one["hours"]) for one in (case, was[name]))
            changes.append(f"{name} {' h instead of '.join(hours)} h")
    changes += [f"{name} sends nothing in {case}" for name, case in diff.gone_cells]
    changes += [f"{name} sends requests in {case}" for name, case in diff.new_cells]
    rates = {(c.request_class, c.case): c.rates for c in diff.cells if c.rates[0] != c.rates[1]}
    for (name, case), (before, after) in rates.items():
        changes.append(
            f"{name} in {case} {format_exact(after)} req/s instead of {format_exact(before)}"
        )
    return [*changes, *_limit_changes(old, new)]


def _limit_changes(old: Content, new: Content) -> list[str]:
    was, now = _limits(old), _limits(new)
    return [
        f"{words} {_limit_words(now.get(words))} instead of {_limit_words(was.get(words))}"
        for words in dict.fromkeys([*was, *now])
        if was.get(words) != now.get(words) and words.rpartition(" in ")[2] in _common(old, new)
    ]


def _common(old: Content, new: Content) -> set[str]:
    return {c["case"] for c in old["cases"]} & {c["case"] for c in new["cases"]}


def _limits(content: Content) -> dict[str, float]:
    """Every SLO, by what it is on and its case -> ms."""
    found = {
        f"{slo_name(slo)} of {cell['class']} in {cell['case']}": slo["limit_ms"]
        for cell in content["cells"]
        for slo in cell["slo"]
    }
    everyone = {
        f"{slo_name(slo)} of all in {case['case']}": slo["limit_ms"]
        for case in content["cases"]
        for slo in case["slo"]
    }
    return found | everyone


def _limit_words(limit: float | None) -> str:
    return "no limit" if limit is None else f"{format_exact(limit)} ms"


def _left_open(old: Content, new: Content, of: str) -> float:
    """What the gaps of both plans leave open of quality or cost."""
    gaps = [
        math.inf
        if one["objective"]["bound"] is None
        else abs(one["objective"]["bound"] - one["objective"]["value"])
        for one in (old, new)
        if one["objective"]["of"] == of
    ]
    return sum(gaps)


def _figure_line(
    what: str, was: float, now: float, left_open: float, decimals: int, unit: str
) -> str:
    """One figure, and by how much it changes beyond what the gaps leave open."""
    head = f"{what}: {now:,.{decimals}f}{unit}"
    if abs(now - was) <= SMALL:
        return f"{head}, unchanged."
    if abs(now - was) <= max(left_open, 0.5 * 10**-decimals):
        return f"{head}, no measurable difference."
    part = f" ({format_number(100 * abs(now - was) / abs(was), 2)} %)" if was else ""
    word = "more" if now > was else "less"
    return f"{head}, {abs(now - was):,.{decimals}f}{unit} {word}{part}."


def _cost_lines(old: Content, new: Content) -> list[str]:
    """Cost, and what it is made of where that changes."""
    was, now = old["cost_usd_per_h"], new["cost_usd_per_h"]
    if was is None or now is None:
        return []
    line = _figure_line("Cost", was, now, _left_open(old, new, "cost"), 2, " USD/h")
    words = {"gpus_usd_per_h": "GPUs", "outside_usd_per_h": "outside", "starts_usd_per_h": "starts"}
    parts = [
        f"{word} {new['cost'][key]:,.2f} instead of {old['cost'][key]:,.2f}"
        for key, word in words.items()
        if None not in (old["cost"].get(key), new["cost"].get(key))
        and abs(new["cost"][key] - old["cost"][key]) >= 0.005
    ]
    return [line, *([f"Of it: {'; '.join(parts)} USD/h."] if parts else [])]


def _gpu_line(was: int, now: int) -> str:
    gap = abs(now - was)
    more = f"{gap} GPU{'s' if gap > 1 else ''} {'more' if now > was else 'fewer'}"
    return f"GPUs used, of the largest setup: {now}, {more if gap else 'unchanged'}."


def cells_diff_setup_title(cases: Sequence[str], count: int) -> str:
    """What the change of a setup is called. count: of pairs of setups."""
    return "Setup" if count == 1 else f"Setup of {', '.join(cases)}"


def cells_diff_case_table(old: Content, new: Content) -> pd.DataFrame:
    """Tabulate the cases of either plan."""
    was, now = ({case["case"]: case for case in one["cases"]} for one in (old, new))
    rows = []
    for name in dict.fromkeys([*was, *now]):
        before, after = was.get(name, {}), now.get(name, {})
        rows.append(
            {
                "Case": name,
                "Quality before": before.get("quality"),
                "Quality after": after.get("quality"),
                "GPUs before": before.get("gpus_used"),
                "GPUs after": after.get("gpus_used"),
                "USD/h before": before.get("cost_usd_per_h"),
                "USD/h after": after.get("cost_usd_per_h"),
            }
        )
    return pd.DataFrame(rows)


def cells_diff_routing_table(diff: CellsDiff) -> pd.DataFrame:
    """Tabulate the parts that change, the largest change of a cell first."""
    rows = [
        {
            "Case": _state_words(cell),
            "Class": cell.request_class,
            "LLM": name,
            "Before (%)": 100 * before,
            "After (%)": 100 * after,
            "Change (% points)": 100 * (after - before),
        }
        for cell in diff.cells
        for name, before, after in _changed_parts(cell)
    ]
    heads = ["Case", "Class", "LLM", "Before (%)", "After (%)", "Change (% points)"]
    return pd.DataFrame(rows, columns=heads)


def _changed_parts(cell: CellChange) -> list[tuple[str, float, float]]:
    names = dict.fromkeys([*cell.before, *cell.after])
    parts = [(name, cell.before.get(name, 0.0), cell.after.get(name, 0.0)) for name in names]
    return sorted(
        (part for part in parts if abs(part[2] - part[1]) >= SHOWN),
        key=lambda part: -abs(part[2] - part[1]),
    )


def _state_words(cell: CellChange) -> str:
    if not cell.lost:
        return cell.case
    nodes = "; ".join(f"{', '.join(map(str, which))} of {p}" for p, which in cell.lost.items())
    return f"{cell.case}, lost {nodes}"
