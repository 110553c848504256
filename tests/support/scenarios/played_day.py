"""A recorded day of two vLLM servers behind a plan: Poisson arrivals of a day's shape, latencies of
the curves of the plan's own profile table, and what may be planted in it.

The level of all latencies of a server wanders by a few per cent, as that of real ones does.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import planner
from planner.monitoring.metered_options import MeteredOptions, sort_metered_series
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan_and_scenario
from profiles.importers.identify import Given
from profiles.live_metrics.record import MetricSeries

__all__ = [
    *("DAY_START", "HIGHEST_RPS", "PLANNED_RPS", "PlayedDay", "day_source", "metered_day"),
    *("play_day", "write_day", "write_day_plan"),
]

DAY_START = 1_795_500_000.0
DAY_S = 86_400.0
SCRAPE_S = 75.0
PLANNED_RPS, HIGHEST_RPS = 6.0, 8.0
"""Two replicas that get half each have a TTFT of 160 ms at 8 req/s."""
CURVE_RATES = np.array([0.2, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
TTFT_S = 0.08 / (1 - CURVE_RATES / 8.0)
TPOT_S = 0.012 + 0.001 * CURVE_RATES
TOKENS = 60.0
TAILS = {"p50": 0.839, "p95": 2.372, "p99": 3.319}
"""Percentiles of a gamma distribution of shape 2, of its mean."""
EDGES = np.array([0.02 * 1.3**k for k in range(26)] + [np.inf])
WANDER = 0.03
SCENARIO = """\
version: 1
name: two
pools:
  - {name: p, gpu: GPU-X, nodes: 1, gpus_per_node: 4, memory_gib: 80, price_usd_per_gpu_h: 2}
llms:
  - {name: alpha}
  - {name: beta}
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 6
slo:
  - {metric: ttft, statistic: mean, limit_ms: 160}
  - {metric: ttft, statistic: p95, limit_ms: 400, scope: each_llm}
objective: {maximize: quality}
"""


@dataclass(frozen=True, kw_only=True)
class PlayedDay:
    """What happens. load: of the planned rate, by the part of the day; slower: factor of TTFT of an
    LLM by the part of the day.
    """

    load: Callable[[np.ndarray], np.ndarray] = lambda at: 0.45 + 0.55 * np.sin(np.pi * at) ** 2
    slower: Mapping[str, Callable[[np.ndarray], np.ndarray]] | None = None
    seconds: float = DAY_S


def write_day_plan(folder: Path) -> Path:
    """The scenario with its tables, planned; the path of the plan."""
    lines = ["llm,gpu,tp_degree,mps_share_pct,rate_rps,memory_gib_per_gpu,provenance,source"]
    names = ["ttft_mean_ms", *(f"ttft_{tail}_ms" for tail in TAILS), "tpot_mean_ms", "e2e_mean_ms"]
    lines[0] += "," + ",".join(names)
    for llm in ("alpha", "beta"):
        for rate, ttft, tpot in zip(CURVE_RATES, 1e3 * TTFT_S, 1e3 * TPOT_S, strict=True):
            values = [ttft, *(part * ttft for part in TAILS.values()), tpot]
            values.append(ttft + tpot * (TOKENS - 1))
            written = ",".join(f"{value:.6g}" for value in values)
            lines.append(f"{llm},GPU-X,1,100,{rate:g},20,measured,bench,{written}")
    (folder / "profiles.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    scores = [f"p{k},{0.9 - 0.4 * (k % 2):g},{0.5 + 0.4 * (k % 2):g}" for k in range(20)]
    text = "\n".join(["prompt_id,alpha,beta", *scores]) + "\n"
    (folder / "scores.csv").write_text(text, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    planner.plan(folder / "scenario.yaml").to_json(folder / "plan.json")
    return folder / "plan.json"


def day_source(folder: Path) -> PlanAndScenario:
    """The plan with its scenario."""
    return load_plan_and_scenario(write_day_plan(folder))


def metered_day(
    source: PlanAndScenario, day: PlayedDay | None = None, seed: int = 1, **given: Any
) -> MeteredOptions:
    """What the servers of a plan counted in a day. given: as of `Given`."""
    instance = source.loaded.instance
    deployed = OptionIndex(instance).deployed(source.plan.content["options"])
    series = play_day(day or PlayedDay(), seed)
    return sort_metered_series(series, Given(**given), instance, deployed)


def play_day(day: PlayedDay, seed: int = 1) -> list[MetricSeries]:
    """The series of both servers, each sent half of the requests."""
    rng = np.random.default_rng(seed)
    return [one for llm in ("alpha", "beta") for one in _played_day_server(llm, day, rng)]


def _played_day_server(llm: str, day: PlayedDay, rng: np.random.Generator) -> list[MetricSeries]:
    cells = np.arange(0.0, day.seconds, 60.0)
    rates = PLANNED_RPS / 2 * day.load(cells / day.seconds)
    counts = rng.poisson(rates * 60.0)
    begins, rate = np.repeat(cells, counts), np.repeat(rates, counts)
    came = np.sort(begins + rng.uniform(0, 60.0, len(begins)))
    slower = (day.slower or {}).get(llm)
    factor = np.ones(len(came)) if slower is None else slower(came / day.seconds)
    wander = np.repeat(_wandering(len(cells), rng), counts)
    mean = np.interp(rate, CURVE_RATES, TTFT_S) * wander * factor
    ttft = rng.gamma(2.0, mean / 2.0)
    tpot = np.interp(rate, CURVE_RATES, TPOT_S) * wander * rng.uniform(0.8, 1.2, len(came))
    tokens = rng.integers(30, 91, len(came)).astype(float)
    first, done = came + ttft, came + ttft + tpot * (tokens - 1.0)
    scrapes = np.arange(0.0, day.seconds + 1.0, SCRAPE_S)
    labels = {"model_name": llm, "instance": f"{llm}:8000", "job": "llm"}
    finished = _counted(done, scrapes)
    series = [
        ("vllm:request_success_total", {"finished_reason": "stop"}, finished),
        ("vllm:num_requests_running", {}, _counted(came, scrapes) - finished),
        ("vllm:num_preemptions_total", {}, np.zeros(len(scrapes))),
    ]
    for name, when, values in (
        ("time_to_first_token_seconds", first, ttft),
        ("request_time_per_output_token_seconds", done, tpot),
        ("e2e_request_latency_seconds", done, done - came),
    ):
        series += _played_histogram(f"vllm:{name}", when, values, scrapes)
    return [
        MetricSeries(name, {**labels, **more}, DAY_START + scrapes, values)
        for name, more, values in series
    ]


def _wandering(cells: int, rng: np.random.Generator) -> np.ndarray:
    """A level around 1 that forgets itself within a quarter of an hour."""
    level, steps = np.empty(cells), rng.normal(0.0, WANDER * np.sqrt(1 - 0.93**2), cells)
    level[0] = rng.normal(0.0, WANDER)
    for k in range(1, cells):
        level[k] = 0.93 * level[k - 1] + steps[k]
    return np.exp(level)


def _counted(times: np.ndarray, scrapes: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.sort(times), scrapes, "right").astype(float)


def _played_histogram(
    name: str, when: np.ndarray, values: np.ndarray, scrapes: np.ndarray
) -> list[tuple[str, dict[str, str], np.ndarray]]:
    row = np.searchsorted(scrapes, when, "left")
    seen = row < len(scrapes)
    row, values = row[seen], values[seen]
    bucket = np.searchsorted(EDGES, values, "left")
    shape = (len(scrapes), len(EDGES))
    grown = np.bincount(row * len(EDGES) + bucket, minlength=shape[0] * shape[1]).reshape(shape)
    under = np.cumsum(np.cumsum(grown, axis=0), axis=1).astype(float)
    total = np.cumsum(np.bincount(row, weights=values, minlength=len(scrapes)))
    edges = ["+Inf" if np.isinf(edge) else repr(float(edge)) for edge in EDGES]
    return [
        *((f"{name}_bucket", {"le": edge}, under[:, k]) for k, edge in enumerate(edges)),
        (f"{name}_sum", {}, total),
        (f"{name}_count", {}, under[:, -1]),
    ]


def write_day(path: Path, series: list[MetricSeries]) -> Path:
    """The day as the answer of a Prometheus to a query, which `--prometheus FILE` reads."""
    result = [
        {
            "metric": {"__name__": one.name, **one.labels},
            "values": [
                [time, repr(value)]
                for time, value in zip(one.times.tolist(), one.values.tolist(), strict=True)
            ],
        }
        for one in series
    ]
    data = {"resultType": "matrix", "result": result}
    path.write_text(json.dumps({"status": "success", "data": data}), encoding="utf-8")
    return path
