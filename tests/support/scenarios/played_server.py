"""A server that is played: Poisson arrivals at known rates, latencies of a known curve, and what
its /metrics say at any time. All of it is computed in advance, so that the truth is known.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    *("EDGES", "START", "PlayedServer", "exposition_of", "mean_ttft", "play_server"),
    "write_metrics",
]

START = 1_795_500_000.0
"""2026-11-24T06:00:00Z."""
CAPACITY, FIRST = 8.0, 0.08
TPOT, TOKENS = 0.012, 60.0
EDGES = tuple(0.02 * 1.15**k for k in range(60))
"""Buckets of which each is 13 % of its upper edge wide."""


def mean_ttft(rate: float) -> float:
    """The curve, s: of a queue with one server."""
    return FIRST / (1 - rate / CAPACITY)


@dataclass(frozen=True)
class PlayedServer:
    """arrived, first, done: s since 1970, (N,), of requests in the order of arrival; tpot: s;
    tokens: of the answers; reasons: of the ends.
    """

    engine: str
    arrived: np.ndarray
    first: np.ndarray
    done: np.ndarray
    tpot: np.ndarray
    tokens: np.ndarray
    labels: dict[str, str]
    edges: Sequence[float] = EDGES
    preempted_at: float | None = None
    restarted_at: float | None = None

    def samples(self, time: float) -> Iterator[tuple[str, dict[str, str], float]]:
        """(name, labels, value) of a scrape."""
        began = START - 1000.0
        if self.restarted_at is not None and time >= self.restarted_at:
            began = self.restarted_at
        gone = self.done <= time
        since = gone & (self.done >= began)
        seen = (self.first <= time) & (self.first >= began)
        under_way = float(np.sum((self.arrived <= time) & ~gone))
        yield "process_start_time_seconds", {}, began
        if self.engine == "vllm":
            yield from self._vllm(time, since, seen, under_way)
        else:
            yield from self._sglang(since, seen, under_way)

    def _vllm(
        self, time: float, since: np.ndarray, seen: np.ndarray, under_way: float
    ) -> Iterator[tuple[str, dict[str, str], float]]:
        for reason, part in (("stop", 0), ("length", 1)):
            of_reason = since & (np.arange(len(since)) % 2 == part)
            yield (
                "vllm:request_success_total",
                {**self.labels, "finished_reason": reason},
                float(of_reason.sum()),
            )
        yield "vllm:request_success_total", {**self.labels, "finished_reason": "abort"}, 0.0
        preempted = self.preempted_at is not None and time >= self.preempted_at
        yield "vllm:num_preemptions_total", self.labels, float(preempted)
        yield "vllm:num_requests_running", self.labels, under_way
        yield "vllm:num_requests_waiting", self.labels, 0.0
        yield from self._histogram(
            "vllm:time_to_first_token_seconds", (self.first - self.arrived)[seen]
        )
        yield from self._histogram(
            "vllm:e2e_request_latency_seconds", (self.done - self.arrived)[since]
        )
        tpot = np.where(self.tokens > 1, self.tpot, 0.0)
        yield from self._histogram("vllm:request_time_per_output_token_seconds", tpot[since])
        lengths = (1.0, 2.0, 5.0, 10.0, 1e4)
        yield from self._histogram(
            "vllm:request_generation_tokens", self.tokens[since], edges=lengths
        )
        prompts = np.full(int(since.sum()), 200.0)
        yield from self._histogram("vllm:request_prompt_tokens", prompts, edges=lengths)

    def _sglang(
        self, since: np.ndarray, seen: np.ndarray, under_way: float
    ) -> Iterator[tuple[str, dict[str, str], float]]:
        ranked = {**self.labels, "engine_type": "unified", "tp_rank": "0", "pp_rank": "0"}
        yield "sglang:num_requests_total", self.labels, float(since.sum())
        yield "sglang:prompt_tokens_total", self.labels, 200.0 * float(since.sum())
        yield "sglang:generation_tokens_total", self.labels, float(self.tokens[since].sum())
        yield "sglang:num_running_reqs", ranked, under_way
        yield "sglang:num_queue_reqs", ranked, 0.0
        yield from self._histogram(
            "sglang:time_to_first_token_seconds", (self.first - self.arrived)[seen]
        )
        yield from self._histogram(
            "sglang:e2e_request_latency_seconds", (self.done - self.arrived)[since]
        )
        yield from self._histogram("sglang:inter_token_latency_seconds", self.tpot[since])

    def _histogram(
        self, name: str, values: np.ndarray, edges: Sequence[float] | None = None
    ) -> Iterator[tuple[str, dict[str, str], float]]:
        ordered = np.sort(values)
        for edge in self.edges if edges is None else edges:
            under = float(np.searchsorted(ordered, edge, "right"))
            yield f"{name}_bucket", {**self.labels, "le": repr(float(edge))}, under
        yield f"{name}_bucket", {**self.labels, "le": "+Inf"}, float(len(values))
        yield f"{name}_sum", self.labels, float(values.sum())
        yield f"{name}_count", self.labels, float(len(values))


def play_server(
    steps: Sequence[tuple[float, float]],
    *,
    seed: int = 1,
    engine: str = "vllm",
    labels: dict[str, str] | None = None,
    single: float = 0.0,
    **more: Any,
) -> PlayedServer:
    """steps: (req/s, s) one after the other from START; single: part of answers of one token."""
    rng = np.random.default_rng(seed)
    arrived, ttft, begin = [], [], START
    for rate, seconds in steps:
        count = rng.poisson(rate * seconds)
        arrived.append(np.sort(rng.uniform(begin, begin + seconds, count)))
        ttft.append(rng.gamma(2.0, mean_ttft(rate) / 2.0, count))
        begin += seconds
    times, waits = np.concatenate(arrived), np.concatenate(ttft)
    tokens = 2.0 + rng.poisson(TOKENS - 2.0, len(times))
    tokens[rng.random(len(times)) < single] = 1.0
    tpot = TPOT * rng.uniform(0.8, 1.2, len(times))
    first = times + waits
    return PlayedServer(
        engine=engine,
        arrived=times,
        first=first,
        done=first + tpot * (tokens - 1.0),
        tpot=tpot,
        tokens=tokens,
        labels={"model_name": "Qwen/Qwen3-8B"} if labels is None else labels,
        **more,
    )


def exposition_of(server: PlayedServer, time: float) -> str:
    """The text of /metrics at a time, as a client library of Prometheus writes it."""
    lines = []
    for name, labels, value in server.samples(time):
        written = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines.append(f"{name}{{{written}}} {value!r}" if written else f"{name} {value!r}")
    return "# HELP vllm:x What it is.\n# TYPE vllm:x counter\n" + "\n".join(lines) + "\n"


def write_metrics(folder: Path) -> None:
    """Twenty minutes of one server: as text with times, and as the answer to a query."""
    server = play_server([(2.0, 1300.0)], edges=(0.1, 0.5))
    lines: list[str] = []
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for time in (START + 100.0 * k for k in range(13)):
        text = exposition_of(server, time)
        lines += [f"{line} {1e3 * time:.0f}" for line in text.splitlines() if line[0] != "#"]
        for name, labels, value in server.samples(time):
            one = found[f"{name} {labels}"]
            one.setdefault("metric", {"__name__": name, **labels})
            one.setdefault("values", []).append([time, repr(value)])
    data = {"resultType": "matrix", "result": list(found.values())}
    (folder / "scrapes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = json.dumps({"status": "success", "data": data})
    (folder / "range.json").write_text(answer, encoding="utf-8")
