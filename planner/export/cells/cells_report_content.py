"""The content of a report on classes and cases, as plain frames and plain values for `reports`.

tables   cases, limits          (planner.presentation.cells.case_results)
         classes, prices, ties, losses, lost_pools   (planner.presentation.cells.class_results)
         setup, lanes, pools    (planner.presentation.cells.setup_results)
         assumptions            (planner.export.cells.cells_report_assumptions)
         points                 load points of the deployed options, of classes with curves of
                                their own also theirs
         dropped, notices, effort   as in every report
maps     one row a shard, by setup
meta     words and numbers
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandInstance
from planner.export.cells.cells_report_assumptions import (
    cells_assumptions_table,
    outside_price_name,
)
from planner.export.cells.class_tokens import mean_case_rate, mean_class_tokens
from planner.export.report_meta import HOURS_PER_MONTH
from planner.export.report_tables import report_option_text, report_pool_payment
from planner.export.source_date import source_time
from planner.plans.curve_warnings import curve_warnings
from planner.plans.labels import latency_header, objective_unit, pool_label
from planner.plans.option_index import option_key, option_slice_of, option_slice_words
from planner.plans.schema import PlanContent
from planner.plans.tables import dropped_options_table, effort_table
from planner.presentation.cells.case_results import (
    NEAREST,
    case_limits_table,
    case_rate_header,
    case_results_table,
    cells_of_worst_loss,
)
from planner.presentation.cells.cell_slo_scope import cell_slo_scope_lines
from planner.presentation.cells.class_results import (
    class_prices_table,
    class_results_table,
    class_ties_table,
    loss_results_table,
    lost_pools_table,
)
from planner.presentation.cells.lost_nodes import lost_nodes_lines
from planner.presentation.cells.schedule import schedule_lines, setup_name
from planner.presentation.cells.setup_results import (
    lane_results_table,
    setup_map_tables,
    setup_pools_table,
    setup_results_table,
)
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.plan.considered_options import dropped_option_lines, filtered_options_line
from planner.presentation.plan.gpu_map import llm_letters
from planner.presentation.plan.payment import payment_lines
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.start import start_lines
from planner.presentation.plan.verdict import verdict_line
from planner.scenario.assemble import LoadResult
from profiles.records import METRICS, STATISTICS, Curve
from reports.cells_content import CellsReport, CellsReportMeta

__all__ = ["build_cells_report"]

Content = Mapping[str, Any]
ROUTER = (
    "A request goes to the LLM with the highest score minus price. Prices are those of its class in"
    " the case that holds; an LLM without one is never chosen."
)


def build_cells_report(
    content: Content, loaded: LoadResult, notes: Sequence[str] = ()
) -> CellsReport:
    """Gather tables, maps and meta of a plan of `loaded`. notes: sentences for the log."""
    demand = loaded.demand
    if demand is None:
        raise ValueError("a plan with one class in one case has a report of its own")
    deployed = _deployed(content, demand)
    cases = case_results_table(content, demand)
    return {
        "tables": {
            "cases": cases,
            "limits": case_limits_table(content, demand),
            "classes": class_results_table(content),
            "prices": class_prices_table(content),
            "ties": class_ties_table(content),
            "losses": loss_results_table(content, demand),
            "lost_pools": lost_pools_table(content),
            "setup": setup_results_table(content),
            "lanes": lane_results_table(content),
            "pools": _paid_pools(content),
            "outside": _outside_parts(content, demand),
            "assumptions": cells_assumptions_table(loaded, demand),
            "points": _points_table(content, demand, deployed),
            "dropped": dropped_options_table(cast("PlanContent", content)),
            "notices": pd.DataFrame({"Notice": content["context"]["notices"]}, dtype=object),
            "effort": effort_table(cast("PlanContent", content)),
        },
        "maps": setup_map_tables(content),
        "meta": _cells_report_meta(content, loaded, demand, deployed, cases, notes),
    }


# ---------------------------------------------------------------- costs


def _paid_pools(content: Content) -> pd.DataFrame:
    """The pools of every setup, with how each is paid where that differs."""
    frame, pools = setup_pools_table(content), content["context"]["pools"]
    paid = pd.DataFrame([report_pool_payment(pool, pools) for pool in pools], dtype=object)
    setups = len(frame) // max(len(pools), 1)
    again = pd.concat([paid] * setups, ignore_index=True)
    return pd.concat([frame, again], axis=1) if len(paid.columns) else frame


def _outside_parts(content: Content, demand: DemandInstance) -> pd.DataFrame:
    """What the cost outside of a case is made of: row of the table `classes`, header of the LLM,
    and the name and value of the price of a request.
    """
    rows = []
    for case in demand.cases:
        counted = cells_of_worst_loss(content, demand, case.name) if content["setups"] else []
        for cell in counted:
            row = next(k for k, one in enumerate(content["cells"]) if one is cell)
            c = next(c for c, one in enumerate(demand.classes) if one.name == cell["class"])
            rows += [
                (
                    case.name,
                    row,
                    f"To {llm.name} (%)",
                    outside_price_name(e, c),
                    float(demand.classes[c].outside_usd[e]),
                )
                for e, llm in enumerate(demand.outside)
                if llm.name in cell["routing"]
            ]
    heads = ["Case", "Row", "Header", "Name", "Price (USD)"]
    return pd.DataFrame(rows, columns=heads, dtype=object)


# ---------------------------------------------------------------- curves


def _deployed(content: Content, demand: DemandInstance) -> dict[int, Mapping[str, Any]]:
    """Position of a deployed option in the demand -> its entry in a setup."""
    instance = demand.instance
    at = {
        (
            instance.llms[option.llm].name,
            instance.pools[option.pool].name,
            option.tp_degree,
            option_slice_of(option),
        ): o
        for o, option in enumerate(instance.options)
    }
    entries = [entry for setup in content["setups"] for entry in setup["options"]]
    return {at[option_key(entry)]: entry for entry in entries}


def _points_table(
    content: Content, demand: DemandInstance, deployed: Mapping[int, Mapping[str, Any]]
) -> pd.DataFrame:
    """Load points in the order of the setups; latencies in ms."""
    curves: list[tuple[Mapping[str, Any], str, Curve]] = []
    for o, entry in deployed.items():
        curves.append((entry, "all", demand.instance.options[o].curve))
        curves += [
            (entry, one.name, demand.class_curves[o, c])
            for c, one in enumerate(demand.classes)
            if (o, c) in demand.class_curves
        ]
    known = [(m, s) for m in METRICS for s in STATISTICS]
    columns = [column for column in known if any(column in c.latency for _, _, c in curves)]
    rows = []
    for entry, name, curve in curves:
        words = report_option_text(cast("PlanContent", content), cast("Any", entry))
        for k, rate in enumerate(curve.rates):
            latencies = [curve.latency.get(column) for column in columns]
            cells = [None if values is None else 1000.0 * float(values[k]) for values in latencies]
            rows.append((entry["llm"], words, name, float(rate), *cells, curve.provenance[k]))
    heads = ["LLM", "Option", "Class", "Rate of one replica (req/s)"]
    heads += [latency_header(f"{metric}_{statistic}") for metric, statistic in columns]
    frame = pd.DataFrame(rows, columns=[*heads, "Provenance"], dtype=object)
    return frame if demand.class_curves else frame.drop(columns="Class")


# ---------------------------------------------------------------- words and numbers


def _cells_report_meta(
    content: Content,
    loaded: LoadResult,
    demand: DemandInstance,
    deployed: Mapping[int, Mapping[str, Any]],
    cases: pd.DataFrame,
    notes: Sequence[str],
) -> CellsReportMeta:
    plan = cast("PlanContent", content)
    confidence = _confidence_lines(content, demand, deployed)
    of_case = {case: k for k, setup in enumerate(content["setups"]) for case in setup["cases"]}
    return {
        "case_setups": [of_case.get(case.name) for case in demand.cases],
        "hours_per_month": HOURS_PER_MONTH,
        "rate_headroom": float(demand.instance.headroom.rate),
        "starts_usd_per_h": content["cost"]["starts_usd_per_h"] or 0.0 if of_case else 0.0,
        "scenario": content["scenario"],
        "goal": _goal_sentence(content, demand),
        "placeholders": placeholder_scores_text(content),
        "status": content["status"],
        "verdict": verdict_line(plan),
        "verified": content["checks"]["verified"],
        "figures": list(_cells_report_figures(content, loaded, demand)),
        "llms": list(demand.served),
        "classes": [one.name for one in demand.classes],
        "signs": llm_letters(demand.served),
        "rates": [case_rate_header(one.name) for one in demand.classes],
        "setup": list(_setup_lines(content)),
        "schedule": schedule_lines(content),
        "payment": payment_lines(content) if content["setups"] else [],
        "nearest": [
            f"{case}: {words}"
            for case, words in zip(cases["Case"], cases[NEAREST], strict=True)
            if words
        ],
        "slo_scope": cell_slo_scope_lines(content),
        "conflict": list(content.get("conflict", {}).get("limits", [])),
        "confidence": confidence,
        "router": ROUTER,
        "filters": filtered_options_line(plan),
        "dropped": dropped_option_lines(plan),
        "effort_notes": list(content["context"]["effort_notes"]),
        "provenance": confidence,
        "lost_nodes": lost_nodes_lines(content["context"].get("lost_nodes", [])),
        "sha256": content["scenario_sha256"],
        "version": content["planner_version"],
        "scenario_path": content["scenario_path"],
        "overrides": {key: str(value) for key, value in content["overrides"].items()},
        "notes": list(notes),
        "created": source_time(),
    }


def _goal_sentence(content: Content, demand: DemandInstance) -> str:
    """Objective, demand, GPUs and the budget or floor in a sentence."""
    cost = content["objective"]["of"] == "cost"
    best = "lowest cost" if cost else "best quality"
    peak = max(sum(case.rates) for case in demand.cases)
    parts = [_counted(len(demand.classes), "class", "es"), _counted(len(demand.cases), "case", "s")]
    pools = ", ".join(pool_label(pool) for pool in content["context"]["pools"])
    within = ""
    if demand.cost_at_most is not None:
        within = f", within {format_exact(demand.cost_at_most)} USD/h"
    if cost and demand.instance.quality_floor is not None:
        within = f", with quality at least {format_exact(demand.instance.quality_floor)}"
    demanded = f"{' in '.join(parts)}, up to {format_exact(peak)} req/s"
    more = demand.instance.headroom.rate
    if more:
        demanded += f" (planned for {format_number(peak * (1.0 + more))})"
    return f"{content['scenario']}: {best} for {demanded} on {pools}{within}"


def _counted(number: int, word: str, plural: str) -> str:
    return f"{number} {word}{plural if number != 1 else ''}"


def _cells_report_figures(
    content: Content, loaded: LoadResult, demand: DemandInstance
) -> Iterator[tuple[str, Any, str]]:
    """The headline: what, value, unit."""
    objective, unit = content["objective"], objective_unit(cast("PlanContent", content))
    of, gap = objective["of"].capitalize(), objective["rel_gap"]
    yield ("Status", content["status"], "")
    if objective["value"] is not None:
        yield (f"{of} found", objective["value"], unit)
    yield (f"{of} best possible", objective["bound"], unit)
    if gap is not None:
        yield ("Gap", 100.0 * gap, "%")
    yield from _cost_figures(content, loaded, demand)
    if len(content["setups"]) > 1:
        yield ("Setups in a cycle", len(content["setups"]), "")
    yield ("Cases", len(demand.cases), "")
    yield ("Classes", len(demand.classes), "")
    yield ("Highest rate in all", max(sum(case.rates) for case in demand.cases), "req/s")
    if demand.instance.headroom.rate:
        planned = demand_with_headroom(demand)
        yield ("  planned for", max(sum(case.rates) for case in planned.cases), "req/s")
    if content["setups"]:
        options = [option for setup in content["setups"] for option in setup["options"]]
        measured = sum(option["provenance"] == "measured" for option in options)
        yield ("Curves measured", measured, f"of {_counted(len(options), 'curve', 's')}")
        verdict = "no problem" if content["checks"]["verified"] else "PROBLEMS"
        yield ("Independent verifier", verdict, "at planning")


def _cost_figures(
    content: Content, loaded: LoadResult, demand: DemandInstance
) -> Iterator[tuple[str, Any, str]]:
    """GPUs and money, and the quality that a cost has to keep; nothing without a plan."""
    if not content["setups"]:
        return
    if content["objective"]["of"] == "cost":
        yield ("Quality", content["quality"], "mean score")
        yield ("Quality at least", demand.instance.quality_floor, "mean score")
    yield ("GPUs used", content["gpus_used"], f"of {content['gpus_total']:,} GPUs")
    cost, parts = content["cost_usd_per_h"], content["cost"]
    if cost is None:
        yield ("Cost", "no price", "USD/h")
        return
    yield ("Cost, mean over the hours", cost, "USD/h")
    yield ("  of GPUs", parts["gpus_usd_per_h"], "USD/h")
    if demand.outside:
        yield ("  of requests outside", parts["outside_usd_per_h"], "USD/h")
    if parts["starts_usd_per_h"]:
        yield ("  of starts", parts["starts_usd_per_h"], "USD/h")
    if demand.cost_at_most is not None:
        yield ("Budget", demand.cost_at_most, "USD/h")
    yield ("Cost per month", HOURS_PER_MONTH * cost, "USD/month")
    yield ("Cost per year", 12 * HOURS_PER_MONTH * cost, "USD/year")
    each = cost / (3600.0 * mean_case_rate(demand))
    yield ("Cost per 1,000 requests", 1000.0 * each, "USD")
    tokens = mean_class_tokens(loaded, demand)
    if tokens is not None:
        yield ("Cost per 1M tokens", 1e6 * each / tokens, "USD, in + out")


def _setup_lines(content: Content) -> Iterator[str]:
    """What runs: `llama: 3 x 1 GPU, pool l40s`; of several setups the cases first."""
    several = len(content["setups"]) > 1
    pools = len(content["context"]["pools"]) > 1
    for setup in content["setups"]:
        if several:
            yield f"{setup_name(setup)}:"
        for option in setup["options"]:
            gpus = _counted(option["tp_degree"], "GPU", "s")
            part = option_slice_words(option)
            part = "" if part == "100 %" else f", {part}"
            pool = f", pool {option['pool']}" if pools else ""
            yield f"{option['llm']}: {option['replicas']} x {gpus}{part}{pool}"


def _confidence_lines(
    content: Content, demand: DemandInstance, deployed: Mapping[int, Mapping[str, Any]]
) -> list[str]:
    """Where scores and curves come from, and what they may promise too much."""
    if not content["setups"]:
        return []
    options = [demand.instance.options[o] for o in deployed]
    curves = [option.curve for option in options]
    curves += [curve for (o, _), curve in demand.class_curves.items() if o in deployed]
    whole = {
        **content,
        "options": [option for setup in content["setups"] for option in setup["options"]],
        "context": {
            **content["context"],
            "sources": sorted({curve.source for curve in curves if curve.source}),
            "curve_warnings": curve_warnings(demand.instance, options),
        },
    }
    plan = cast("PlanContent", whole)
    return [*start_lines(plan), *provenance_lines(plan)]
