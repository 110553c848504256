"""What every case of a plan over cells gets, as tables with units in their headers: for workbook,
charts and page.

case_results_table    one row a case: rates by class, quality, GPUs, cost, the limit with least room
case_limits_table     one row a limit of a case: SLOs, floors, rates outside, loads of replicas
case_rate_header      header of a class's rates
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandInstance
from planner.plans.labels import slo_name
from planner.presentation.cells.lost_nodes import lost_nodes_text
from planner.presentation.formatting import format_number

__all__ = [
    "CASE_LIMIT_HEADS",
    "NEAREST",
    "USED",
    "case_limits_table",
    "case_rate_header",
    "case_results_table",
    "cells_of_worst_loss",
    "quality_of_cells",
    "setup_options_of_case",
]

Content = Mapping[str, Any]

NEAREST, USED = "Limit with least room", "Used of it (%)"
CASE_LIMIT_HEADS = ("Case", "Lost nodes", "Of", "What is limited", "Limit", "Value", "Unit", USED)
TESTS = "Tests the setup of"
RATE_IN_ALL = "Rate in all (req/s)"
DIGITS = 6
"""Significant ones of the numbers in a column of several units."""


def case_rate_header(name: str) -> str:
    """Header of the rates of a class."""
    return f"Rate of {name} (req/s)"


def case_results_table(content: Content, demand: DemandInstance) -> pd.DataFrame:
    """One row a case, in the scenario's order; without a plan only what is to be served. Rates are
    those that are planned for, with the headroom.
    """
    limits = case_limits_table(content, demand)
    results = {case["case"]: case for case in content["cases"]}
    rows = []
    for case in demand_with_headroom(demand).cases:
        result = results.get(case.name, {})
        outside = _outside_cost(content, demand, case.name) if result else None
        cost = result.get("cost_usd_per_h")
        row: dict[str, Any] = {"Case": case.name, "Duration (hours)": case.hours}
        if any(one.of is not None for one in demand.cases):
            row[TESTS] = "" if case.of is None else demand.cases[case.of].name
        row |= {
            case_rate_header(one.name): rate
            for one, rate in zip(demand.classes, case.rates, strict=True)
        }
        row[RATE_IN_ALL] = sum(case.rates)
        row |= {
            "Quality (mean score)": result.get("quality"),
            "GPUs used": result.get("gpus_used"),
            "Cost of GPUs (USD/h)": None if cost is None else cost - (outside or 0.0),
            "Cost outside (USD/h)": outside,
            "Cost in all (USD/h)": cost,
            **_nearest_limit(limits, case.name),
        }
        rows.append(row)
    frame = pd.DataFrame(rows, dtype=object)
    if not demand.outside:
        frame = frame.drop(columns=["Cost of GPUs (USD/h)", "Cost outside (USD/h)"])
    return frame


def cells_of_worst_loss(
    content: Content, demand: DemandInstance, case: str
) -> list[Mapping[str, Any]]:
    """The cells that a case's quality is of: of lost nodes those of the loss with the lowest."""
    states = [cells for (name, _), cells in _states(content, "cells").items() if name == case]
    return min(states, key=lambda cells: quality_of_cells(cells, demand), default=[])


def quality_of_cells(cells: Sequence[Mapping[str, Any]], demand: DemandInstance) -> float:
    """Mean score of the cells of one state, by weight of the class and rate."""
    weights = {one.name: one.weight for one in demand.classes}
    parts = [weights[cell["class"]] * cell["rate_rps"] for cell in cells]
    total = sum(parts)
    return sum(p * cell["quality"] for p, cell in zip(parts, cells, strict=True)) / total


def _outside_cost(content: Content, demand: DemandInstance, case: str) -> float:
    """USD/h of what a case sends outside."""
    classes = {one.name: one for one in demand.classes}
    total = 0.0
    for cell in cells_of_worst_loss(content, demand, case):
        for e, llm in enumerate(demand.outside):
            part = cell["routing"].get(llm.name, 0.0)
            total += 3600.0 * classes[cell["class"]].outside_usd[e] * cell["rate_rps"] * part
    return total


def _nearest_limit(limits: pd.DataFrame, case: str) -> dict[str, Any]:
    """The limit of a case of which most is used, in words, and how much of it is used."""
    own = limits[limits["Case"] == case]
    if not len(own):
        return {NEAREST: "", USED: None}
    row = own.iloc[int(np.argmax(own[USED].to_numpy(dtype=float)))]
    of = "" if row["Of"] == "all classes" else f" of {row['Of']}"
    value, limit = format_number(row["Value"]), format_number(row["Limit"])
    words = f"{value} of at most {limit} {row['Unit']}"
    if row["Unit"] == "mean score":
        words = f"{value}, at least {limit}"
    return {NEAREST: f"{row['What is limited']}{of}: {words}", USED: row[USED]}


def case_limits_table(content: Content, demand: DemandInstance) -> pd.DataFrame:
    """One row a limit of every case, of lost nodes in every routed loss; limits of the top level
    are of all classes. Used: of an upper limit the value's part of it, of a floor its part of the
    value.
    """
    rows = [
        *_slo_rows(content),
        *_floor_rows(content, demand),
        *_outside_rows(content, demand),
        *_load_rows(content),
    ]
    order = {case.name: k for k, case in enumerate(demand.cases)}
    rows.sort(key=lambda row: order[row[0]])
    return pd.DataFrame(rows, columns=list(CASE_LIMIT_HEADS), dtype=object)


def _limit_row(
    where: tuple[str, int | None],
    words: tuple[str, str],
    numbers: tuple[float, float],
    unit: str,
    content: Content,
) -> tuple[Any, ...]:
    """where: case and loss; words: of what, and what is limited; numbers: limit and value."""
    case, loss = where
    limit, value = numbers
    low, high = (limit, value) if unit == "mean score" else (value, limit)
    used = 100.0 * low / high if high > 0 else 100.0
    lost = "" if loss is None else lost_nodes_text(content["losses"][loss]["nodes"])
    return (case, lost, *words, _rounded(limit), _rounded(value), unit, used)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _slo_rows(content: Content) -> Iterator[tuple[Any, ...]]:
    parts = [(case["case"], None, "all classes", case["slo"]) for case in content["cases"]]
    parts += [(c["case"], c["loss"], c["class"], c["slo"]) for c in content["cells"]]
    for case, loss, of, slos in parts:
        for slo in slos:
            if slo["achieved_ms"] is not None:
                numbers = (slo["limit_ms"], slo["achieved_ms"])
                yield _limit_row((case, loss), (of, slo_name(slo)), numbers, "ms", content)


def _floor_rows(content: Content, demand: DemandInstance) -> Iterator[tuple[Any, ...]]:
    floors = {one.name: one.quality_floor for one in demand.classes}
    for cell in content["cells"]:
        floor = floors[cell["class"]]
        if floor is not None:
            where, words = (cell["case"], cell["loss"]), (cell["class"], "quality")
            yield _limit_row(where, words, (floor, cell["quality"]), "mean score", content)
    stated = {case.name: case.quality_floor for case in demand.cases}
    for case in content["cases"]:
        floor = stated[case["case"]]
        if floor is not None and case["quality"] is not None:
            words = ("all classes", "quality")
            numbers = (floor, case["quality"])
            yield _limit_row((case["case"], None), words, numbers, "mean score", content)


def _states(content: Content, key: str) -> dict[tuple[str, int | None], list[Mapping[str, Any]]]:
    """Entries of `cells` or `lanes` by case and loss."""
    groups: dict[tuple[str, int | None], list[Mapping[str, Any]]] = {}
    for entry in content[key]:
        groups.setdefault((entry["case"], entry["loss"]), []).append(entry)
    return groups


def _outside_rows(content: Content, demand: DemandInstance) -> Iterator[tuple[Any, ...]]:
    for where, cells in _states(content, "cells").items():
        for llm in demand.outside:
            sent = sum(cell["rate_rps"] * cell["routing"].get(llm.name, 0.0) for cell in cells)
            if llm.max_rate is not None and sent > 0:
                words = ("all classes", f"rate sent to {llm.name}")
                yield _limit_row(where, words, (llm.max_rate, sent), "req/s", content)


def _load_rows(content: Content) -> Iterator[tuple[Any, ...]]:
    """Of every LLM in a state the lane that comes nearest to its highest profiled rate."""
    for where, lanes in _states(content, "lanes").items():
        options = setup_options_of_case(content, where[0])
        nearest: dict[str, tuple[float, float]] = {}
        for lane in lanes:
            option = options[lane["option"]]
            most = option["max_rate_per_replica_rps"]
            known = nearest.get(option["llm"])
            if lane["load_rps"] > 0 and (
                known is None or lane["load_rps"] * known[0] > known[1] * most
            ):
                nearest[option["llm"]] = (most, lane["load_rps"])
        for llm, numbers in nearest.items():
            yield _limit_row(
                where, ("all classes", f"load of a replica of {llm}"), numbers, "req/s", content
            )


def setup_options_of_case(content: Content, case: str) -> Sequence[Mapping[str, Any]]:
    """The options of the setup that serves a case."""
    for setup in content["setups"]:
        if case in setup["cases"]:
            return list(setup["options"])
    return []
