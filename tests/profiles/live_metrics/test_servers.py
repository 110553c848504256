"""Series -> servers."""

from typing import Any

import numpy as np
import pytest

from profiles.live_metrics.metric_names import Quantity
from profiles.live_metrics.record import CLOCK, MetricSeries, Scrapes
from profiles.live_metrics.servers import servers_of_series


def series(name: str, values: dict[float, float], **labels: Any) -> MetricSeries:
    return MetricSeries(name, labels, np.array(list(values)), np.array(list(values.values())))


def only(*found: MetricSeries) -> Scrapes:
    (server,) = servers_of_series(found)
    return server


def ends(reason: str, values: dict[float, float], **labels: Any) -> MetricSeries:
    return series("vllm:request_success_total", values, finished_reason=reason, **labels)


def test_ends_are_added_up_and_one_that_appears_later_stood_at_zero():
    server = only(
        ends("stop", {0: 1, 10: 2, 20: 3}), ends("length", {20: 4}), ends("abort", {0: 0, 20: 1})
    )
    assert server.numbers[Quantity.REQUESTS].tolist() == [1, 2, 7]
    assert server.numbers[Quantity.FAILED].tolist() == [0, 0, 1]


def test_a_series_in_two_parts_is_one():
    server = only(ends("stop", {0: 1, 10: 2}), ends("stop", {10: 2, 20: 3}))
    assert server.numbers[Quantity.REQUESTS].tolist() == [1, 2, 3]


def test_engines_and_instances_are_servers_of_their_own():
    found = servers_of_series(
        [
            ends("stop", {0: 1}, instance="a", engine="0"),
            ends("stop", {0: 2}, instance="a", engine="1"),
            ends("stop", {0: 3}, instance="b", engine="0"),
            series("vllm:num_requests_running", {0: 1}, instance="c", engine="0"),
        ]
    )
    assert [server.words for server in found] == [
        *("engine=0, instance=a", "engine=0, instance=b", "engine=1, instance=a")
    ]


def test_ranks_of_one_replica_say_the_same_and_replicas_add_up():
    server = only(
        series("sglang:num_requests_total", {0: 5}),
        *(
            series("sglang:num_running_reqs", {0: value}, tp_rank=tp, dp_rank=dp)
            for tp, dp, value in (("0", "0", 3.0), ("1", "0", 3.0), ("0", "1", 2.0))
        ),
    )
    assert server.numbers[Quantity.RUNNING].tolist() == [5.0]
    assert server.under_way.tolist() == [5.0]


def test_a_histogram_is_put_together():
    def ttft(part: str, value: float, **labels: str) -> MetricSeries:
        return series(f"vllm:time_to_first_token_seconds_{part}", {0: value}, **labels)

    server = only(
        ends("stop", {0: 9}),
        ttft("bucket", 5, le="+Inf"),
        ttft("bucket", 2, le="0.1"),
        ttft("bucket", 1, le="x"),
        ttft("sum", 7.5),
        ttft("count", 5),
    )
    one = server.histograms[Quantity.TTFT]
    assert one.edges.tolist() == [0.1, np.inf]
    assert one.under.tolist() == [[2.0, 5.0]]
    assert (one.total.tolist(), one.count.tolist()) == ([7.5], [5.0])
    assert not server.gap_between_tokens


def test_gaps_between_tokens_are_known_and_are_no_tpot():
    gaps = series("vllm:inter_token_latency_seconds_sum", {0: 7.5})
    server = only(ends("stop", {0: 9}), gaps)
    assert server.gap_between_tokens
    assert not server.histograms


@pytest.mark.parametrize("labels", [{}, {"instance": "a"}])
def test_a_start_is_that_of_its_process(labels: dict[str, str]):
    start = series("process_start_time_seconds", {0: 7.0}, **labels)
    other = series("process_start_time_seconds", {0: 8.0}, instance="b")
    server = only(ends("stop", {0: 9}, instance="a", model_name="m"), start, other)
    assert server.numbers[Quantity.STARTED].tolist() == [7.0]


def test_a_clock_says_when_was_scraped_and_a_scrape_that_comes_twice_counts_once():
    clock = series(CLOCK, {0: -3, 30: -3, 60: 57}, instance="a", finished_reason="stop")
    server = only(ends("stop", {0: 1, 30: 1, 60: 4, 90: 5}, instance="a"), clock)
    assert server.times.tolist() == [-3, 57]
    assert server.numbers[Quantity.REQUESTS].tolist() == [1, 4]
