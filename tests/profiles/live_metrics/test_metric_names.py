"""Names of metrics."""

import re

import pytest

from profiles.live_metrics.metric_names import (
    NAME_PATTERNS,
    Engine,
    Part,
    Quantity,
    identifying_metric_labels,
    metric_name_parts,
)
from tests.support.scenarios.played_server import START, play_server


@pytest.mark.parametrize(
    ("name", "quantity", "part"),
    [
        ("vllm:time_to_first_token_seconds_sum", Quantity.TTFT, Part.SUM),
        ("vllm:request_time_per_output_token_seconds_bucket", Quantity.TPOT, Part.BUCKET),
        ("vllm:inter_token_latency_seconds_sum", Quantity.GAP, Part.SUM),
        ("vllm:time_per_output_token_seconds_sum", Quantity.GAP, Part.SUM),
        ("kserve_vllm:num_preemptions_total", Quantity.PREEMPTED, Part.VALUE),
        ("vllm_num_requests_waiting", Quantity.WAITING, Part.VALUE),
        ("sglang:num_retracted_requests_total", Quantity.PREEMPTED, Part.VALUE),
        ("sglang_e2e_request_latency_seconds_count", Quantity.E2E, Part.COUNT),
        ("sglang:time_per_output_token_seconds_sum", Quantity.GAP, Part.SUM),
    ],
)
def test_a_name_says_what_is_counted(name: str, quantity: Quantity, part: Part):
    parts = metric_name_parts(name, {})
    assert parts is not None
    assert (parts.quantity, parts.part) == (quantity, part)
    assert parts.engine == (Engine.VLLM if "vllm" in name else Engine.SGLANG)


@pytest.mark.parametrize(
    "name", ["vllm:kv_cache_usage_perc", "vllm:request_prompt_tokens", "up", "myvllm:x_total", ""]
)
def test_other_names_are_not_needed(name: str):
    assert metric_name_parts(name, {}) is None


def test_a_request_that_was_aborted_has_failed():
    ends = {reason: metric_name_parts("vllm:request_success_total", {"finished_reason": reason})
            for reason in ("stop", "length", "abort", "error")}  # fmt: skip
    assert [one.quantity.value for one in ends.values() if one] == [
        *("requests", "requests", "failed", "failed")
    ]


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_a_prometheus_is_asked_for_what_is_understood(engine: str):
    """Both ways: no name that is needed is missing from the questions, none is asked in vain."""
    server = play_server([(1.0, 60.0)], engine=engine)
    for name, labels, _ in server.samples(START + 60):
        asked = [bool(re.fullmatch(pattern, name)) for pattern in NAME_PATTERNS]
        parts = metric_name_parts(name, labels)
        assert parts is not None
        # Buckets are asked for where percentiles are read from them.
        lengths = parts.quantity in (Quantity.INPUT_TOKENS, Quantity.GAP)
        assert sum(asked) == (0 if lengths and parts.part == Part.BUCKET else 1), name


def test_a_server_is_named_by_what_its_series_share():
    labels = {"instance": "a:1", "engine": "0", "le": "0.1", "tp_rank": "0", "model_name": "m"}
    assert identifying_metric_labels(labels) == {
        **{"engine": "0", "instance": "a:1", "model_name": "m"}
    }
