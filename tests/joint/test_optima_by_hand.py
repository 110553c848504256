"""The joint optimisation where the optimum is known by hand."""

import numpy as np
import pytest

from models.instance import Llm, Pool, Slo
from tests.support.instances.by_hand import best, checked, flat, line, make, option


def test_capacity_alone() -> None:
    """15 req/s, one replica of `good` takes 10: quality (10 * 1 + 5 * 0.5) / 15 = 5/6."""
    llms = (Llm("good", 0, 1), Llm("poor"))
    assert best(
        make(
            [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))],
            15,
            llms=llms,
            values=((1.0,), (0.5,)),
        )
    ) == pytest.approx(5 / 6)


def test_a_mean_limit_over_all_requests() -> None:
    """0.6 f + 0.2 (1 - f) <= 0.4 gives f = 1/2."""
    instance = make(
        [option(0, flat(0.6, 10)), option(1, flat(0.2, 10))], 10, slos=[Slo("ttft", "mean", 0.4)]
    )
    assert best(instance) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("gpus", "rate_of_good"), [(2, 20**0.5), (3, 40**0.5)])
def test_a_rising_curve(gpus: int, rate_of_good: float) -> None:
    """L = 0.1 + 0.1 r, `poor` always 0.1 s, 10 req/s within 0.3 s: x (0.1 + 0.1 x/n) + (10 - x) 0.1
    <= 3, so x = sqrt(20 n).
    """
    options = [option(0, line([(0, 0.1), (10, 1.1)])), option(1, flat(0.1, 10))]
    instance = make(options, 10, gpus=gpus, slos=[Slo("ttft", "mean", 0.3)])
    assert best(instance) == pytest.approx(rate_of_good / 10, abs=2e-6)


def test_a_falling_curve_is_run_where_it_is_fast() -> None:
    """L falls from 1 s at 2 req/s to 0.2 s at 6: under a mean limit of 0.2 s with `poor` at 0.2 s
    only the end is affordable.

    At 8 req/s `good` takes 6: quality 6/8; at any rate between 0 and 6 its requests are slower than
    0.2 s.
    """
    options = [option(0, line([(2, 1.0), (6, 0.2)])), option(1, flat(0.2, 8))]
    instance = make(
        options, 8, slos=[Slo("ttft", "mean", 0.2)], llms=(Llm("good", 0, 1), Llm("poor"))
    )
    assert best(instance) == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize(("gpus", "quality"), [(2, 0.5), (3, 1.0)])
def test_each_llm_leaves_a_single_rate(gpus: int, quality: float) -> None:
    """L = 1, 0.4, 1 at 1, 2, 3 under 0.4 s: a replica of `good` runs at 2 req/s or not at all; 4
    req/s in all, one GPU for `poor`.
    """
    options = [option(0, line([(1, 1.0), (2, 0.4), (3, 1.0)])), option(1, flat(0.1, 10))]
    instance = make(
        options,
        4,
        gpus=gpus,
        slos=[Slo("ttft", "mean", 0.4, "each_llm")],
        llms=(Llm("good"), Llm("poor", 1)),
    )
    assert best(instance) == pytest.approx(quality, abs=1e-6)


def test_a_percentile_over_all_requests() -> None:
    """Of `good` (p90 = 0.3, p99 = 0.5) 7 % exceed 0.3 + 0.2 ln(0.1 / 0.07) / ln(10) = 0.33098 s and
    5 % exceed 0.36021 s, so 5.698 % exceed 0.35 s; of `poor` 0.1 % exceed 0.3 s.

    p95: 0.05698 f + 0.001 (1 - f) <= 0.05, so f = 0.87525. There is no p95 column: those that are
    present count (contract).
    """
    options = [
        option(0, flat(0.1, 10, p90=0.3, p99=0.5)),
        option(1, flat(0.1, 10, p90=0.1, p99=0.2)),
    ]
    late = 0.07 - 0.02 * (0.35 - 0.330980) / (0.360206 - 0.330980)
    assert best(make(options, 10, slos=[Slo("ttft", "p95", 0.35)])) == pytest.approx(
        0.049 / (late - 0.001), abs=1e-5
    )


def test_two_limits_at_once() -> None:
    """Mean allows f = 1/2 (above), p95 allows 7/8, each_llm with 0.59 s bars `good` altogether."""
    options = [
        option(0, flat(0.6, 10, p90=0.3, p99=0.5)),
        option(1, flat(0.2, 10, p90=0.1, p99=0.2)),
    ]
    both = (Slo("ttft", "p95", 0.35), Slo("ttft", "mean", 0.4))
    assert best(make(options, 10, slos=both)) == pytest.approx(0.5, abs=1e-5)
    assert best(
        make(options, 10, slos=(*both, Slo("ttft", "mean", 0.59, "each_llm")))
    ) == pytest.approx(0.0, abs=1e-6)


def test_prompts_are_dealt_to_who_leads_most() -> None:
    """Leads of `good`: 0.8, 0.4, 0.2, 0 on four prompts; half of the requests may go there: (0.9 +
    0.7 + 0.3 + 0.6) / 4.
    """
    values = ((0.9, 0.7, 0.5, 0.6), (0.1, 0.3, 0.3, 0.6))
    instance = make(
        [option(0, flat(0.6, 10)), option(1, flat(0.2, 10))],
        10,
        slos=[Slo("ttft", "mean", 0.4)],
        values=values,
    )
    assert best(instance) == pytest.approx(2.5 / 4, abs=1e-5)


def test_shares_that_do_not_fit_one_gpu() -> None:
    """60 % and 50 % on one GPU: one of the two; `good` takes 8 of 8 req/s alone.

    At 9 req/s only `poor` can (10), quality 0.
    """
    options = [option(0, flat(0.1, 8), 0.6), option(1, flat(0.1, 10), 0.5)]
    llms = (Llm("good", 0, 1), Llm("poor", 0, 1))
    assert best(make(options, 8, gpus=1, llms=llms)) == pytest.approx(1.0)
    assert best(make(options, 9, gpus=1, llms=llms)) == pytest.approx(0.0, abs=1e-9)
    slim = [option(0, flat(0.1, 8), 0.5), option(1, flat(0.1, 10), 0.5)]
    assert best(make(slim, 9, gpus=1, llms=llms)) == pytest.approx(8 / 9)


def test_memory_that_does_not_fit_one_gpu() -> None:
    """72 of 80 GiB may be filled: 36 + 36 fit, 36 + 36.1 do not."""
    llms = (Llm("good", 0, 1), Llm("poor", 0, 1))
    for memory, quality in ((36.0, 8 / 9), (36.1, 0.0)):
        options = [
            option(0, flat(0.1, 8), 0.5, memory=36.0),
            option(1, flat(0.1, 10), 0.5, memory=memory),
        ]
        assert best(make(options, 9, gpus=1, llms=llms)) == pytest.approx(quality, abs=1e-9)


def test_tensor_parallel_groups_stay_in_a_node() -> None:
    """tp 4 on two nodes of three GPUs has no place; on one node of six there is one, and two GPUs
    are left for `poor`.
    """
    options = [option(0, flat(0.1, 5), tp=4), option(1, flat(0.1, 10))]
    assert best(make(options[1:], 10, gpus=3, nodes=2)) == pytest.approx(0.0, abs=1e-9)
    assert best(make(options, 10, gpus=6)) == pytest.approx(0.5)
    assert best(make(options, 10, gpus=6, nodes=2)) == pytest.approx(1.0), (
        "one tp-4 replica on each of two nodes"
    )


def test_aggregate_capacity_is_not_enough() -> None:
    """Three tp-4 replicas at 20 % leave 40 % on each of four GPUs, and no half GPU for `poor`: only
    two of `good` go with it.
    """
    options = [option(0, flat(0.1, 2), 0.2, tp=4), option(1, flat(0.1, 10), 0.5)]
    instance = make(options, 10, gpus=4, llms=(Llm("good"), Llm("poor", 1)))
    assert best(instance) == pytest.approx(0.4)


def test_min_replicas_take_their_room() -> None:
    """15 req/s and two GPUs: `good` alone gives 1; with `poor` forced in, `good` keeps one replica:
    10/15.
    """
    options = [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))]
    assert best(make(options, 15)) == pytest.approx(1.0)
    assert best(make(options, 15, llms=(Llm("good"), Llm("poor", 1)))) == pytest.approx(2 / 3)


def test_min_replicas_count_over_all_options() -> None:
    """Two replicas of `poor` at any of its options: 50 % each, so one GPU holds both."""
    options = [
        option(0, flat(0.1, 10)),
        option(1, flat(0.1, 10), 0.5),
        option(1, flat(0.1, 9), 0.4),
    ]
    solution = checked(make(options, 15, gpus=2, llms=(Llm("good"), Llm("poor", 2))))
    assert solution.value == pytest.approx(2 / 3)
    assert int(solution.replicas[1] + solution.replicas[2]) >= 2


@pytest.mark.parametrize(
    ("rate", "floor", "cost"),
    [
        (10, 0.0, 1.0),  # `poor` alone
        (10, 0.5, 3.0),  # `good` alone gives 1: cheaper than both
        (15, 0.5, 4.0),  # both needed, up to 10/15
        (15, 2 / 3, 4.0),  # exactly what both give
        (15, 0.7, None),  # more than both give
    ],
)
def test_cost_with_a_quality_floor(rate: float, floor: float, cost: float | None) -> None:
    """One GPU at 3 USD/h that only `good` can use, one at 1 USD/h for `poor`; 10 req/s each."""
    pools = (
        Pool(name="dear", gpu="gpu-a", nodes=1, gpus_per_node=1, memory=80.0, price=3.0),
        Pool(name="cheap", gpu="gpu-b", nodes=1, gpus_per_node=1, memory=80.0, price=1.0),
    )
    options = [option(0, flat(0.1, 10)), option(1, flat(0.1, 10), pool=1)]
    instance = make(options, rate, pools=pools, objective="cost", quality_floor=floor)
    solution = checked(instance, explain=False)
    if cost is None:
        assert solution.status == "infeasible"
        return
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(cost)
    assert float(solution.quality) >= floor - 1e-6  # type: ignore[arg-type]


def test_an_llm_without_options_is_not_routed_to() -> None:
    solution = checked(make([option(1, flat(0.1, 10))], 5))
    assert solution.fractions.tolist() == [0.0, 1.0]
    assert np.isnan(solution.dual_prices[0])


def test_one_llm_one_prompt_one_gpu() -> None:
    instance = make([option(0, flat(0.1, 10))], 5, gpus=1, llms=(Llm("only"),), values=((0.3,),))
    solution = checked(instance)
    assert (solution.value, solution.replicas.tolist()) == (pytest.approx(0.3), [1])
