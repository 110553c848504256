"""The assumptions of a report on classes and cases: numbers of the scenario, one a row, with unit
and dotted path. Rates of classes in cases are a table of their own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from models.demand.requests import DemandInstance
from models.instance import Slo
from planner.export.cells.class_tokens import mean_class_tokens
from planner.export.report_assumptions import KEPT_FREE, fixed_assumptions
from planner.export.report_meta import HOURS_PER_MONTH
from planner.plans.headroom_content import headroom_content
from planner.plans.labels import slo_label
from planner.scenario.assemble import LoadResult

__all__ = ["cells_assumptions_table"]

COSTS = re.compile(r"pool_\d+_(nodes|gpus_per_node|price_usd_per_gpu_h)")
YEAR, TOKENS = "this report: 8,760 h a year / 12", "classes, or the profile table"
Row = tuple[str, Any, str, str]
"""What, value, unit, dotted path of the scenario."""


def cells_assumptions_table(loaded: LoadResult, demand: DemandInstance) -> pd.DataFrame:
    """Every number that a plan of `loaded` rests on, but rates, curves and scores."""
    heads = ["What", "Value", "Unit", "Source", "Name", "Path"]
    rows = [
        *_objective_rows(demand),
        *_class_rows(demand),
        *_case_rows(demand),
        *_outside_rows(loaded, demand),
        *_headroom_rows(demand),
    ]
    stated = [
        (what, value, unit, _source(loaded, at), _cost_name(what, demand), at)
        for what, value, unit, at in rows
    ]
    fixed = fixed_assumptions(loaded)[heads]
    # Formulas of such a report know costs alone: other numbers are no inputs of it.
    fixed["Name"] = [name if COSTS.fullmatch(name) else "" for name in fixed["Name"]]
    other: list[tuple[Any, ...]] = [
        ("Hours per month", HOURS_PER_MONTH, "h", YEAR, "hours_per_month", "")
    ]
    tokens = mean_class_tokens(loaded, demand)
    if tokens is not None:
        words = "Tokens of a request, input + output: mean over classes and hours"
        other.append((words, tokens, "tokens", TOKENS, "tokens_per_request", ""))
    table = [*stated, *other, *fixed.itertuples(index=False, name=None)]
    return pd.DataFrame(table, columns=heads, dtype=object)


def outside_price_name(llm: int, one: int) -> str:
    """By which formulas know the price of a request. llm: of those outside; one: the class."""
    return f"outside_{llm + 1}_class_{one + 1}_usd"


def _cost_name(what: str, demand: DemandInstance) -> str:
    """By which formulas know a number, "" where none reads it."""
    for t, case in enumerate(demand.cases):
        if what == f"Case {case.name}: duration":
            return f"case_{t + 1}_hours"
    for e, llm in enumerate(demand.outside):
        for c, one in enumerate(demand.classes):
            if what == f"Outside {llm.name}: price of a request of {one.name}":
                return outside_price_name(e, c)
    return ""


def _source(loaded: LoadResult, path: str) -> str:
    """Where a number comes from: what overrode it, else the scenario's file."""
    for key in loaded.scenario.overrides:
        if path == key or path.startswith(f"{key}."):
            return f"--set {key}"
    return f"{loaded.scenario.path.name}: {path}"


def _objective_rows(demand: DemandInstance) -> Iterator[Row]:
    if demand.cost_at_most is not None:
        where = "objective.cost_at_most_usd_per_h"
        yield ("Budget: GPUs and requests outside", demand.cost_at_most, "USD/h", where)
    if demand.start_usd is not None:
        where = "fleet.start_usd_per_gpu"
        yield ("Start of a replica", demand.start_usd, "USD per GPU", where)


def _class_rows(demand: DemandInstance) -> Iterator[Row]:
    llms = [llm.name for llm in demand.instance.llms]
    for c, one in enumerate(demand.classes):
        what, path = f"Class {one.name}", f"classes.{c}"
        yield (f"{what}: weight of a request", one.weight, "", f"{path}.weight")
        if len(set(one.work)) == 1:
            yield (f"{what}: load of a request", one.work[0], "as profiled", f"{path}.work")
        else:
            for llm, work in zip(llms, one.work, strict=True):
                where = f"{path}.work.{llm}"
                yield (f"{what}: load of a request on {llm}", work, "as profiled", where)
        if one.quality_floor is not None:
            where = f"{path}.quality_at_least"
            yield (f"{what}: quality in every case at least", one.quality_floor, "score", where)
        yield from _slo_rows(what, path, one.slos)


def _slo_rows(what: str, path: str, slos: tuple[Slo, ...]) -> Iterator[Row]:
    for j, slo in enumerate(slos):
        words = slo_label(slo.metric, slo.statistic, slo.scope)
        yield (f"{what}: {words} at most", 1000.0 * slo.limit, "ms", f"{path}.slo.{j}.limit_ms")


def _case_rows(demand: DemandInstance) -> Iterator[Row]:
    pools = [pool.name for pool in demand.instance.pools]
    for t, case in enumerate(demand.cases):
        what, path = f"Case {case.name}", f"cases.{t}"
        yield (f"{what}: duration", case.hours, "hours", f"{path}.hours")
        if case.slo_factor != 1.0:
            yield (f"{what}: limits of SLOs times", case.slo_factor, "", f"{path}.slo_factor")
        if case.quality_floor is not None:
            where = f"{path}.quality_at_least"
            yield (f"{what}: quality at least", case.quality_floor, "score", where)
        for pool, lost in zip(pools, case.lost_nodes, strict=True):
            if lost:
                where = f"{path}.lost_nodes.{pool}"
                yield (f"{what}: lost nodes of {pool}", lost, "nodes", where)


def _headroom_rows(demand: DemandInstance) -> Iterator[Row]:
    """What is kept free, where anything is."""
    free: Mapping[str, Any] = headroom_content(demand.instance.headroom).get("headroom", {})
    for key, words in KEPT_FREE.items():
        if key in free:
            yield (f"Headroom: {words}", free[key], "%", f"headroom.{key}")


def _outside_rows(loaded: LoadResult, demand: DemandInstance) -> Iterator[Row]:
    for e, llm in enumerate(demand.outside):
        what, path = f"Outside {llm.name}", f"{loaded.scenario.spec.llm_place(llm.name)}.api"
        at = len(demand.instance.llms) + e
        for one in demand.classes:
            if not one.permitted[at]:
                continue
            yield (f"{what}: price of a request of {one.name}", one.outside_usd[e], "USD", path)
        if llm.max_rate is not None:
            yield (f"{what}: rate at most", llm.max_rate, "req/s", f"{path}.max_rate_rps")
        for (metric, statistic), seconds in llm.latency.items():
            where = f"{path}.{metric}_{statistic}_ms"
            words = slo_label(metric, statistic, "all")
            yield (f"{what}: {words}", 1000.0 * seconds, "ms", where)
