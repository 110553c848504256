"""SLOs that are kept only because tails are extrapolated are reported, others are not."""

import pytest

from models.instance import Slo
from planner.plans.context_content import context_content
from planner.plans.tail_warnings import tail_warnings
from tests.support.instances.by_hand import checked, flat, make, option
from tests.support.plans.handmade import loaded


def warnings_of(slo: Slo, *columns: dict[str, float]) -> list[str]:
    """Warnings of the plan that sends as many as it may to the first of the LLMs, which have one
    option each with these percentiles (s).
    """
    options = [option(k, flat(0.1, 10, **known), 0.5) for k, known in enumerate(columns)]
    instance = make(options, 10, slos=[slo])
    solution = checked(instance)
    assert solution.has_plan
    sentences = tail_warnings(instance, solution)
    content = context_content(loaded(instance), instance, solution, {}, [])
    assert content["curve_warnings"][-len(sentences) :] == sentences or not sentences
    return sentences


def test_a_p99_promise_with_p50_and_p95_hangs_on_the_tail() -> None:
    assert warnings_of(Slo("ttft", "p99", 0.3), {"p50": 0.1, "p95": 0.2}) == [
        "p99 TTFT hangs on extrapolated tails: were all requests late that are slower than the"
        " highest percentile of their curve, 5 % of all would take longer than 300 ms, not 1 %;"
        " good (tp 1, 50 % of a GPU) is known up to p95"
    ]


@pytest.mark.parametrize(
    ("columns", "statistic", "limit"),
    [
        ({"p50": 0.1, "p99": 0.2}, "p99", 0.3),  # its own column keeps the promise
        ({"p50": 0.1, "p95": 0.2}, "p95", 0.3),
        ({"p50": 0.1, "p95": 0.2}, "p90", 0.19),
        ({"p99": 0.2}, "p95", 0.3),
        ({}, "mean", 0.3),
    ],
)
def test_what_the_columns_keep_is_not_reported(
    columns: dict[str, float], statistic: str, limit: float
) -> None:
    assert warnings_of(Slo("ttft", statistic, limit), columns) == []


def test_a_tail_beyond_p99_is_reported_where_it_makes_room_for_others() -> None:
    """`good` has 2 % or so above the limit; with 0.1 % of `poor` above it more may go there than
    with the 1 % that its p99 says.
    """
    slow, fast = {"p95": 0.2, "p99": 0.4}, {"p95": 0.01, "p99": 0.02}
    (sentence,) = warnings_of(Slo("ttft", "p99", 0.33), slow, fast)
    assert "curve, 1." in sentence
    assert "; poor (tp 1, 50 % of a GPU) is known up to p99" in sentence
    assert "good" not in sentence
