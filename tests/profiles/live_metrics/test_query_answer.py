"""Answers of the Prometheus HTTP API."""

from typing import Any

import pytest

from profiles.io.faults import Fault
from profiles.live_metrics.query_answer import is_query_answer, series_of_query_answer

METRIC = {"__name__": "vllm:num_requests_running", "instance": "a"}
SERIES = {"metric": METRIC, "values": [[1.5, "2"], [0.5, "NaN"]]}


def wrapped(*results: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(results)}}


@pytest.mark.parametrize("tree", [wrapped(SERIES), [SERIES], wrapped(SERIES)["data"]])
def test_series_are_read_in_the_order_of_time(tree: Any):
    faults: list[Fault] = []
    (one,) = series_of_query_answer(tree, "x", faults)
    assert not faults
    assert is_query_answer(tree)
    assert (one.name, one.labels) == ("vllm:num_requests_running", {"instance": "a"})
    assert one.times.tolist() == [0.5, 1.5]
    assert one.values[1] == 2.0


def test_an_instant_is_one_scrape():
    (one,) = series_of_query_answer([{"metric": METRIC, "value": [7, "3"]}], "x", [])
    assert (one.times.tolist(), one.values.tolist()) == ([7.0], [3.0])


@pytest.mark.parametrize(
    ("tree", "word"),
    [
        ({"status": "error", "error": "too many samples"}, "too many samples"),
        ({"status": "success", "data": {}}, "no list of results"),
        (wrapped({"metric": METRIC, "values": [["a", 1]]}), "no series of numbers"),
        (wrapped({"metric": METRIC, "values": [[1, 2, 3]]}), "no series of numbers"),
        (wrapped({"metric": {"__name__": 3}, "values": []}), "no series of numbers"),
        (wrapped({"metric": METRIC, "values": [["inf", 1]]}), "no series of numbers"),
        (wrapped("x"), "no series of numbers"),
        (wrapped({"metric": {}, "values": [[1, "2"]]}), "were computed"),
    ],
)
def test_what_is_no_answer_is_a_fault(tree: Any, word: str):
    faults: list[Fault] = []
    assert series_of_query_answer(tree, "x", faults) == []
    assert word in str(faults[0])


def test_an_expression_gets_the_name_of_what_was_asked():
    (one,) = series_of_query_answer([{"metric": {"a": "b"}, "value": [1, "2"]}], "x", [], name="n")
    assert one.name == "n"
