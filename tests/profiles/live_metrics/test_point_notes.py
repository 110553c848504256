"""What is said of servers and points."""

from dataclasses import replace

import numpy as np
import pytest

from profiles.importers.formats.record import Run
from profiles.live_metrics.metric_names import Engine, Quantity
from profiles.live_metrics.point_notes import (
    errors_in_point_source,
    live_option_notices,
    live_point_source,
    live_server_remarks,
)
from profiles.live_metrics.rate_bins import RATE, BinnedPoint, RateBins, ServerWindow
from profiles.live_metrics.record import Scrapes, Window
from profiles.live_metrics.windows import CutWindows

ALL = {Quantity.RUNNING: np.zeros(2), Quantity.PREEMPTED: np.zeros(2)}
SERVER = Scrapes(engine=Engine.VLLM, labels={}, times=np.zeros(2), numbers=ALL, histograms={})


def test_a_server_that_counts_all_there_is_has_no_remark():
    assert list(live_server_remarks(SERVER, CutWindows(interval_s=15.0), 1)) == []


def test_what_a_server_does_not_count_is_said():
    server = replace(SERVER, numbers={}, gap_between_tokens=True)
    said = " ".join(live_server_remarks(server, CutWindows(interval_s=300.0), 2))
    for word in ("TPOT stays empty", "too far apart", "growing queue", "preemptions", "2 replicas"):
        assert word in said


def window(engine: Engine, cached: float) -> ServerWindow:
    numbers = {
        Quantity.CACHED_TOKENS: cached,
        Quantity.LOOKED_UP_TOKENS: 100.0,
        Quantity.INPUT_TOKENS: 200.0,
    }
    one = Window(start=0.0, seconds=300.0, requests=1.0, failed=0.0, numbers=numbers)
    return ServerWindow(one, "a", engine, 1)


def test_prompts_from_the_cache_are_mentioned_from_a_twentieth_on():
    assert list(live_option_notices("x", [window(Engine.VLLM, 4.0)], RateBins(), 0.2)) == []
    (said,) = live_option_notices("x", [window(Engine.VLLM, 40.0)], RateBins(), 0.2)
    assert "40 % of the prompts' tokens" in said
    (said,) = live_option_notices("x", [window(Engine.SGLANG, 40.0)], RateBins(), 0.2)
    assert "20 % of the prompts' tokens" in said


def test_engines_that_are_mixed_and_buckets_that_are_wide_are_mentioned():
    bins = RateBins(too_wide={("ttft", "p50"): 0.6, ("ttft", "p99"): np.inf, ("e2e", "p50"): 0.25})
    windows = [window(Engine.VLLM, 0.0), window(Engine.SGLANG, 0.0)]
    mixed, wide = live_option_notices("x", windows, bins, 0.2)
    assert "SGLang and vLLM are mixed" in mixed
    assert "20 % of its upper edge: ttft p50 60 %, p99 beyond the last edge; e2e p50 25 %" in wide


def test_a_source_says_servers_windows_and_errors():
    latency = {("ttft", "mean"): 90.0, ("ttft", "p95"): 200.0}
    run = Run(tool="vLLM metrics", version="", file="a", latency_ms=latency)
    errors = {RATE: 0.0812, ("ttft", "mean"): 0.033, ("ttft", "p95"): 0.13, ("e2e", "mean"): 0.1}
    point = BinnedPoint(run=run, windows={"a": 3, "b": 9}, errors=errors, first=1.0, last=2.0)
    assert live_point_source(run, point, {"a": "h:1"}) == (
        "vLLM metrics of h:1 and 1 more: 12 windows of 5 min from 1970-01-01T00:00Z; 95 % errors:"
        " rate 8.1 %, ttft 3.3 %; percentiles at most 13 % too high"
    )
    assert f"of {'x' * 37}... and" in live_point_source(run, point, {"a": 50 * "x"})


def test_errors_of_a_source_are_read_again():
    latency = {("ttft", "mean"): 90.0, ("tpot", "mean"): 10.0}
    run = Run(tool="vLLM metrics", version="", file="a", latency_ms=latency)
    said = []
    for error in (0.033, 1.2345e-5):
        errors = {RATE: 0.5, ("ttft", "mean"): error, ("tpot", "mean"): 0.12}
        point = BinnedPoint(run=run, windows={"a": 3}, errors=errors, first=1.0, last=2.0)
        said.append(live_point_source(run, point, {"a": "h:1"}))
    assert errors_in_point_source("; ".join(said)) == {"ttft": 0.033, "tpot": 0.12}
    assert errors_in_point_source(said[1])["ttft"] == pytest.approx(1.2e-5)
    assert errors_in_point_source("a bench of May") == {}
