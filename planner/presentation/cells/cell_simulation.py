"""A simulation of a plan over classes and cases: named tables with units in their headers,
sentences and JSON.

simulated_cell_limits     one row an SLO of a class in a case, or over a whole case: limit, planned,
                          simulated with its interval, share of requests within, verdict
simulated_cell_lanes      one row a lane: engine, load planned and simulated, latencies of a metric
simulated_cell_routing    fractions of every class in every case, planned and realised
simulated_loss_moments    what is on lost replicas in the moment of a loss
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from planner.operation.cells.cell_simulation import (
    CellOutcome,
    CellSimulation,
    LaneOutcome,
    StateOutcome,
)
from planner.operation.simulation_outcomes import Demand, Estimate95, SloOutcome
from planner.operation.trace_replay import TraceScale
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.headroom_content import stated_headroom
from planner.plans.labels import slo_label
from planner.plans.numbers import finite_number
from planner.presentation.formatting import format_config, format_number
from planner.presentation.retry_advice import retry_line, tightened_limit_to_retry

__all__ = [
    "CELL_CAVEATS",
    "cell_simulation_advice_lines",
    "cell_simulation_content",
    "cell_simulation_demand_line",
    "cell_simulation_headroom_lines",
    "cell_simulation_verdict_lines",
    "simulated_cell_lane_lines",
    "simulated_cell_lanes_table",
    "simulated_cell_limits_table",
    "simulated_cell_metrics",
    "simulated_cell_routing_table",
    "simulated_loss_moments_table",
]

WORDS = {
    "holds": "every class holds in every case",
    "uncertain": "a limit lies within the simulated interval",
    "misses": "the plan misses SLOs in the simulation",
    "not simulated": "the simulated SLOs hold, others could not be simulated",
}
EVERYONE = "all"
LEAST_FACTOR = 0.5
"""Of the stated slo_factor: what takes a smaller one is no matter of limits."""
Judged = tuple[StateOutcome, CellOutcome | None, SloOutcome]


def _judged(simulation: CellSimulation) -> Iterator[Judged]:
    """Every SLO with its state, and its cell where it is a class's."""
    for state in simulation.states:
        for cell in state.cells:
            for slo in cell.slos:
                yield state, cell, slo
        for slo in state.slos:
            yield state, None, slo


def cell_simulation_verdict_lines(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> list[str]:
    """The verdict, then one line for every SLO that is missed."""
    lines = [f"{simulation.verdict}: {WORDS[simulation.verdict]}"]
    for state, cell, one in _judged(simulation):
        if one.verdict == "misses" and one.simulated is not None:
            above = format_number(100 * (one.simulated.mean / one.slo.limit - 1), 2)
            whose = _class_name(source, cell)
            lines.append(
                f"{state.name}, {whose}: {_slo_name(one)}"
                f" {format_number(1000 * one.simulated.mean)} ms, {above} % above the limit of"
                f" {format_number(1000 * one.slo.limit)} ms"
            )
    return lines


def cell_simulation_advice_lines(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> list[str]:
    """Say which `slo_factor` of a case to plan with where limits may be missed, so that what is
    simulated would keep the stated ones, and where waits are so long that only less load would
    help; nothing where all are kept.
    """
    if source.loaded.scenario.spec.cases is None:
        return []
    factors: dict[int, float] = {}
    limits: dict[int, dict[str, None]] = {}
    for state, cell, one in _judged(simulation):
        if one.verdict not in ("uncertain", "misses") or one.simulated is None:
            continue
        if math.isfinite(one.simulated.high):
            case, limit = state.state.case, one.slo.limit
            part = tightened_limit_to_retry(limit, one.predicted, one.simulated.high) / limit
            # What the headroom takes of a limit it takes of the tighter one too.
            part = min(part / (1.0 - source.demand.instance.headroom.slo), 1.0)
            factors[case] = min(part, factors.get(case, part))
            whose = _class_name(source, cell)
            words = f"{_slo_name(one)} of {whose} {format_number(1000 * limit)} ms"
            limits.setdefault(case, {})[words] = None
    return _advice_by_case(source, factors, limits)


def _advice_by_case(
    source: CellsPlanAndScenario,
    factors: Mapping[int, float],
    limits: Mapping[int, Mapping[str, None]],
) -> list[str]:
    """factors: by case, of its slo_factor; limits: those that may be missed, in words."""
    cases = source.demand.cases
    tighter = {case: factor for case, factor in sorted(factors.items()) if factor >= LEAST_FACTOR}
    changes = {
        f"cases.{case}.slo_factor": math.floor(1000 * factor * cases[case].slo_factor) / 1000
        for case, factor in tighter.items()
    }
    words = list(dict.fromkeys(text for case in tighter for text in limits[case]))
    full = [cases[case].name for case in sorted(factors) if case not in tighter]
    more_room = (
        f"In {', '.join(full)} replicas are so full that waits grow by chance: a tighter limit"
        " helps little there; plan with higher rates."
    )
    return [
        *([retry_line(changes, words, "simulate")] if changes else []),
        *([more_room] if full else []),
    ]


def cell_simulation_headroom_lines(source: CellsPlanAndScenario) -> list[str]:
    """Say at which rates planned figures are, where those are not the replayed ones."""
    more = stated_headroom(source.plan.content)["rate_pct"]
    if not more:
        return []
    return [f"Planned figures are those at {more:g} % more requests, with the headroom."]


def cell_simulation_demand_line(simulation: CellSimulation) -> str:
    """Say what was replayed."""
    how, requests = simulation.demand, sum(state.requests for state in simulation.states)
    stopped = "" if simulation.complete else "; stopped, not every case is here"
    return (
        f"Simulated: {_arrivals_words(how)}, each class at its rate;"
        f" {requests:,} requests counted in runs of {'at most ' if simulation.short else ''}"
        f"{format_number(how.seconds / 60)} min, seed {how.seed}; {simulation.wall:.1f} s{stopped}"
    )


def _arrivals_words(how: Demand) -> str:
    if how.gaps is not None:
        compressed = how.scale is TraceScale.COMPRESS
        return "the trace with a faster clock" if compressed else "copies of the trace in real time"
    bursty = f"gamma arrivals with a coefficient of variation of {how.cv:g}"
    return "Poisson arrivals" if how.cv == 1.0 else bursty


def _class_name(source: CellsPlanAndScenario, cell: CellOutcome | None) -> str:
    return EVERYONE if cell is None else source.demand.classes[cell.request_class].name


def _slo_name(one: SloOutcome) -> str:
    return slo_label(one.slo.metric, one.slo.statistic, one.slo.scope)


def _ms(estimate: Estimate95 | None) -> tuple[float | None, float | None]:
    """Mean and half of the interval."""
    return (None, None) if estimate is None else (1000 * estimate.mean, 1000 * estimate.half)


def simulated_cell_limits_table(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> pd.DataFrame:
    """Tabulate the SLOs."""
    rows = []
    for state, cell, one in _judged(simulation):
        mean, half = _ms(one.simulated)
        rows.append(
            {
                "Case": state.name,
                "Class": _class_name(source, cell),
                "SLO": _slo_name(one),
                "Limit (ms)": 1000 * one.slo.limit,
                "Planned (ms)": None if one.predicted is None else 1000 * one.predicted,
                "Simulated (ms)": mean,
                "95 % interval (± ms)": half,
                "Requests within the limit (%)": (
                    None if one.within is None else 100 * one.within.mean
                ),
                "Verdict": one.verdict,
                "Note": one.note,
            }
        )
    return pd.DataFrame(rows)


def simulated_cell_metrics(simulation: CellSimulation) -> list[str]:
    """Metrics that SLOs are on, in their order; without SLOs those that were simulated."""
    of_slos = dict.fromkeys(one.slo.metric for _, _, one in _judged(simulation))
    lanes = [lane for state in simulation.states for lane in state.lanes]
    return list(of_slos) or sorted({metric for lane in lanes for metric in lane.simulated})


def simulated_cell_lanes_table(
    source: CellsPlanAndScenario, simulation: CellSimulation, metric: str
) -> pd.DataFrame:
    """Tabulate the lanes, with latencies of a metric."""
    name, rows = metric.upper(), []
    for state in simulation.states:
        for lane in state.lanes:
            mean, half = _ms(lane.simulated.get(metric))
            p99, _ = _ms(lane.p99.get(metric))
            planned = lane.predicted.get(metric)
            rows.append(
                {
                    "Case": state.name,
                    "LLM": source.demand.served[lane.llm],
                    "Lane": _lane_words(source, lane),
                    "Planned load (req/s)": lane.planned_load,
                    "Simulated load (req/s)": lane.load.mean,
                    f"{name} mean planned (ms)": None if planned is None else 1000 * planned,
                    f"{name} mean simulated (ms)": mean,
                    f"{name} mean 95 % interval (± ms)": half,
                    f"{name} p99 simulated (ms)": p99,
                }
            )
    return pd.DataFrame(rows)


def _lane_words(source: CellsPlanAndScenario, lane: LaneOutcome) -> str:
    if lane.option is None:
        return "outside"
    return format_config(source.demand.instance, ((lane.option, lane.replicas),))


def simulated_cell_routing_table(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> pd.DataFrame:
    """Tabulate fractions, planned and realised, of the LLMs that get requests of a class."""
    rows = [
        {
            "Case": state.name,
            "Class": _class_name(source, cell),
            "LLM": source.demand.served[i],
            "Planned (%)": 100 * cell.planned[i],
            "Realised (%)": 100 * cell.fractions[i].mean,
            "95 % interval (± %)": 100 * cell.fractions[i].half,
        }
        for state in simulation.states
        for cell in state.cells
        for i in range(len(source.demand.served))
        if cell.planned[i] > 0
    ]
    return pd.DataFrame(rows)


def simulated_loss_moments_table(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> pd.DataFrame:
    """Tabulate what is on the lost replicas in the moment of every loss."""
    content, rows = source.plan.content, []
    for one in simulation.moments:
        loss = content["losses"][one.loss]
        nodes = "; ".join(
            f"node{'s' if len(which) > 1 else ''} {', '.join(map(str, which))} of {pool}"
            for pool, which in loss["nodes"].items()
        )
        rows.append(
            {
                "Lost": nodes,
                "While serving": source.demand.cases[one.before].name,
                "Rate there (req/s)": one.rate,
                "Requests there, mean": one.mean,
                "Requests there, most": one.most,
                "Until": "the last token" if one.stay == "e2e" else "the first token",
            }
        )
    return pd.DataFrame(rows).drop_duplicates(ignore_index=True)


def simulated_cell_lane_lines(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> list[str]:
    """Say how each option was simulated, every sentence once."""
    lines = dict.fromkeys(
        f"{source.demand.served[lane.llm]}, {_lane_words(source, lane)}: {lane.engine}; {lane.note}"
        for state in simulation.states
        for lane in state.lanes
    )
    return list(lines)


CELL_CAVEATS = (
    "Every case is replayed by itself; changes between cases are not.",
    "Prompts are drawn from the scores of their class, so a realised fraction may differ from the"
    " planned one by chance alone.",
    "Not simulated: start-up, a gateway's own delay, requests that are sent again after a loss, and"
    " neighbours on a shared GPU beyond what the curves hold.",
)


# ---------------------------------------------------------------- JSON


def cell_simulation_content(
    source: CellsPlanAndScenario, simulation: CellSimulation
) -> dict[str, Any]:
    """Return everything as plain dicts, lists and finite numbers; null where nothing is known."""
    how, cases = simulation.demand, source.demand.cases
    return {
        "verdict": str(simulation.verdict),
        "complete": simulation.complete,
        "most_seconds_per_run": how.seconds,
        "cv": how.cv if how.gaps is None else None,
        "seed": how.seed,
        "cases": [
            {
                "case": cases[state.state.case].name,
                "loss": state.state.loss,
                "verdict": str(state.verdict),
                "requests": state.requests,
                "slo": [_slo_content(one) for one in state.slos],
                "classes": [_cell_content(source, cell) for cell in state.cells],
                "lanes": [_lane_content(source, lane) for lane in state.lanes],
            }
            for state in simulation.states
        ],
        "moments": [
            {
                "loss": one.loss,
                "before": cases[one.before].name,
                "rate_rps": one.rate,
                "requests_mean": one.mean,
                "requests_most": one.most,
                "until": one.stay,
            }
            for one in simulation.moments
        ],
    }


def _cell_content(source: CellsPlanAndScenario, cell: CellOutcome) -> dict[str, Any]:
    served = [(i, name) for i, name in enumerate(source.demand.served) if cell.planned[i] > 0]
    return {
        "class": _class_name(source, cell),
        "verdict": str(cell.verdict),
        "rate_rps": cell.rate,
        "simulated_rate_rps": cell.simulated_rate.mean,
        "slo": [_slo_content(one) for one in cell.slos],
        "planned": {name: float(cell.planned[i]) for i, name in served},
        "realised": {name: cell.fractions[i].mean for i, name in served},
    }


def _slo_content(one: SloOutcome) -> dict[str, Any]:
    mean, half = _ms(one.simulated)
    return {
        "metric": one.slo.metric,
        "statistic": one.slo.statistic,
        "scope": one.slo.scope,
        "limit_ms": 1000 * one.slo.limit,
        "planned_ms": None if one.predicted is None else 1000 * one.predicted,
        "simulated_ms": mean,
        "half_ms": finite_number(half),
        "within": None if one.within is None else one.within.mean,
        "verdict": str(one.verdict),
    }


def _lane_content(source: CellsPlanAndScenario, lane: LaneOutcome) -> dict[str, Any]:
    def means(of: Mapping[str, Estimate95]) -> dict[str, float]:
        return {metric: 1000 * one.mean for metric, one in of.items()}

    return {
        "lane": lane.name,
        "llm": source.demand.served[lane.llm],
        "replicas": None if lane.option is None else lane.replicas,
        "engine": lane.engine,
        "load_rps": lane.planned_load,
        "simulated_load_rps": lane.load.mean,
        "mean_ms": {metric: 1000 * value for metric, value in lane.predicted.items()},
        "simulated_mean_ms": means(lane.simulated),
        "simulated_p99_ms": means(lane.p99),
    }
