"""A simulation of a plan: named tables with units in their headers, and sentences.

simulated_slos      limit, predicted, simulated with its interval, share of requests within, verdict
simulated_options   one row per deployed option: engine, rate and mean latency planned and
                    simulated,
                    p99
simulated_routing   fractions planned and realised
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from models.instance import Instance, Slo
from planner.operation.simulation_outcomes import Demand, Estimate95, Simulation
from planner.operation.trace_replay import TraceScale, trace_copies
from planner.plans.labels import slo_label
from planner.plans.numbers import finite_number
from planner.plans.schema import PlanContent
from planner.presentation.formatting import (
    format_config,
    format_number,
    format_planned_rate,
    format_stated_rate,
)
from planner.presentation.retry_advice import retry_line, tightened_limit_to_retry

__all__ = [
    "CAVEATS",
    "simulated_option_lines",
    "simulated_options_table",
    "simulated_routing_table",
    "simulated_slos_table",
    "simulation_advice_lines",
    "simulation_content",
    "simulation_demand_line",
    "simulation_headroom_lines",
    "simulation_verdict_line",
]

WORDS = {
    "holds": "the plan holds in the simulation",
    "uncertain": "a limit lies within the simulated interval",
    "misses": "the plan misses its SLOs in the simulation",
    "not simulated": "the simulated SLOs hold, others could not be simulated",
}


def simulation_verdict_line(simulation: Simulation) -> str:
    """Render the verdict with its reason."""
    missed = [
        f"{_name(s.slo)} {format_number(1000 * s.simulated.mean)} ms,"
        f" {format_number(100 * (s.simulated.mean / s.slo.limit - 1), 2)} % above the limit"
        for s in simulation.slos
        if s.verdict == "misses" and s.simulated is not None
    ]
    return f"{simulation.verdict}: {WORDS[simulation.verdict]}" + (
        f" ({'; '.join(missed)})" if missed else ""
    )


def simulation_advice_lines(simulation: Simulation, *, on_page: bool = False) -> list[str]:
    """Say what to plan with where limits may be missed (on the page, in its fields); nothing where
    they are kept.
    """
    changes, limits, fields = {}, [], {}
    for j, one in enumerate(simulation.slos):
        if (
            one.verdict in ("uncertain", "misses")
            and one.simulated is not None
            and math.isfinite(one.simulated.high)
        ):
            changes[f"slo.{j}.limit_ms"] = 1000 * tightened_limit_to_retry(
                one.slo.limit, one.predicted, one.simulated.high
            )
            limits.append(f"{_name(one.slo)} {format_number(1000 * one.slo.limit)} ms")
            fields[f"slo.{j}.limit_ms"] = f"the limit on {_name(one.slo)} (ms)"
    if not changes:
        return []
    return [retry_line(changes, limits, "simulate", fields if on_page else None)]


def simulation_headroom_lines(content: PlanContent) -> list[str]:
    """Say at which rate the planned figures are, where that is not the replayed one."""
    planned, stated = format_planned_rate(content), format_stated_rate(content)
    return [f"Planned figures are at {planned}, simulated ones at {stated}."] if planned else []


def simulation_demand_line(simulation: Simulation, rate: float) -> str:
    """Say what was replayed."""
    minutes = format_number(simulation.demand.seconds / 60)
    runs = f"{simulation.requests:,} requests counted in runs of {minutes} min"
    how = _simulation_arrivals_text(simulation.demand, rate)
    return (
        f"Simulated: {format_number(rate)} req/s, {how}; {runs}, seed {simulation.demand.seed};"
        f" {simulation.wall:.1f} s"
    )


def _simulation_arrivals_text(demand: Demand, rate: float) -> str:
    if demand.gaps is None:
        bursty = f"gamma arrivals with a coefficient of variation of {demand.cv:g}"
        return "Poisson arrivals" if demand.cv == 1.0 else bursty
    copies = format_number(trace_copies(demand.gaps, rate))
    if demand.scale is TraceScale.COMPRESS:
        return f"the trace with its clock {copies} times as fast"
    return f"{copies} copies of the trace in real time, begun at different places"


def _name(slo: Slo) -> str:
    return slo_label(slo.metric, slo.statistic, slo.scope)


def _interval(outcome: Estimate95 | None, scale: float) -> tuple[float | None, float | None]:
    return (None, None) if outcome is None else (scale * outcome.mean, scale * outcome.half)


def simulated_slos_table(simulation: Simulation) -> pd.DataFrame:
    """Tabulate the SLOs."""
    rows = []
    for one in simulation.slos:
        mean, half = _interval(one.simulated, 1000.0)
        within, _ = _interval(one.within, 100.0)
        predicted = None if one.predicted is None else 1000.0 * one.predicted
        rows.append(
            (
                _name(one.slo),
                1000.0 * one.slo.limit,
                predicted,
                mean,
                half,
                within,
                one.verdict,
                one.note,
            )
        )
    heads = [
        "SLO",
        "Limit (ms)",
        "Planned (ms)",
        "Simulated (ms)",
        "95 % interval (± ms)",
        "Requests within the limit (%)",
        "Verdict",
        "Note",
    ]
    return pd.DataFrame(rows, columns=heads)


def simulated_options_table(simulation: Simulation, instance: Instance) -> pd.DataFrame:
    """Tabulate the deployed options; latencies of every metric that was simulated."""
    rows = []
    for one in simulation.options:
        option = instance.options[one.option]
        row = {
            "LLM": instance.llms[option.llm].name,
            "Option": format_config(instance, ((one.option, 1),)),
            "Engine": one.engine,
            "Planned rate (req/s)": one.planned_rate,
            "Simulated rate (req/s)": one.rate.mean,
        }
        for metric in simulation.metrics:
            mean, half = _interval(one.simulated.get(metric), 1000.0)
            p99, _ = _interval(one.p99.get(metric), 1000.0)
            planned = one.predicted.get(metric)
            row[f"{metric.upper()} mean planned (ms)"] = (
                None if planned is None else 1000.0 * planned
            )
            row[f"{metric.upper()} mean simulated (ms)"] = mean
            row[f"{metric.upper()} mean 95 % interval (± ms)"] = half
            row[f"{metric.upper()} p99 simulated (ms)"] = p99
        row["Note"] = one.note
        rows.append(row)
    return pd.DataFrame(rows)


def simulated_routing_table(simulation: Simulation, instance: Instance) -> pd.DataFrame:
    """Tabulate fractions, planned and realised."""
    rows = [
        (llm.name, 100.0 * planned, 100.0 * one.mean, 100.0 * one.half)
        for llm, planned, one in zip(
            instance.llms, simulation.planned, simulation.fractions, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["LLM", "Planned (%)", "Realised (%)", "95 % interval (± %)"])


def simulated_option_lines(simulation: Simulation, instance: Instance) -> list[str]:
    """Say how each option was simulated."""
    return [
        f"{instance.llms[instance.options[one.option].llm].name}: {one.engine}; {one.note}"
        for one in simulation.options
    ]


CAVEATS = (
    (
        "Prompts are drawn from the scores, so a realised fraction may differ from the planned one"
        " by chance alone."
    ),
    (
        "Not simulated: failures, start-up, a gateway's own delay, and neighbours on a shared GPU"
        " beyond what the curves hold."
    ),
)


def simulation_content(simulation: Simulation, instance: Instance) -> dict[str, Any]:
    """Return everything as plain dicts, lists and finite numbers; null where nothing is known."""
    how = simulation.demand

    def means(of: Mapping[str, Estimate95]) -> dict[str, float]:
        return {metric: 1000.0 * one.mean for metric, one in of.items()}

    return {
        "verdict": str(simulation.verdict),
        "requests": simulation.requests,
        "seconds_per_run": how.seconds,
        "cv": how.cv if how.gaps is None else None,
        "seed": how.seed,
        "slo": [
            {
                "metric": one.slo.metric,
                "statistic": one.slo.statistic,
                "scope": one.slo.scope,
                "limit_ms": 1000.0 * one.slo.limit,
                "planned_ms": None if one.predicted is None else 1000.0 * one.predicted,
                "simulated_ms": None if one.simulated is None else 1000.0 * one.simulated.mean,
                "half_ms": (
                    None if one.simulated is None else finite_number(1000.0 * one.simulated.half)
                ),
                "within": None if one.within is None else one.within.mean,
                "verdict": str(one.verdict),
            }
            for one in simulation.slos
        ],
        "options": [
            {
                "llm": instance.llms[instance.options[one.option].llm].name,
                "option": format_config(instance, ((one.option, 1),)),
                "engine": one.engine,
                "rate_rps": one.planned_rate,
                "simulated_rate_rps": one.rate.mean,
                "mean_ms": {metric: 1000.0 * value for metric, value in one.predicted.items()},
                "simulated_mean_ms": means(one.simulated),
                "simulated_p99_ms": means(one.p99),
            }
            for one in simulation.options
        ],
        "planned": {
            llm.name: float(part)
            for llm, part in zip(instance.llms, simulation.planned, strict=True)
        },
        "realised": {
            llm.name: one.mean for llm, one in zip(instance.llms, simulation.fractions, strict=True)
        },
    }
