"""Which options a step-level engine simulates, and why not the others."""

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool
from planner.operation.step_level_replica import build_step_level_replica
from profiles.records import Curve, Scores

LLM, GPU = "llama-3.1-8b", "H100-SXM-80GB"


def instance(
    *,
    llm: str = LLM,
    gpu: str = GPU,
    tp_degree: int = 1,
    memory: float = 40.0,
    tokens: tuple[float, float] = (200.0, 50.0),
    ttft: float = 0.05,
    more: str = "",
) -> Instance:
    """One option with a flat curve of one point at 1 req/s."""
    curve = Curve(
        np.array([1.0]),
        {("ttft", "mean"): np.array([ttft])},
        ("estimated",),
        f"chunked batching simulated, fixed lengths{more}",
        tokens,
    )
    option = Option(llm=0, pool=0, tp_degree=tp_degree, mps_share=1.0, memory=memory, curve=curve)
    return Instance(
        llms=(Llm(llm),),
        pools=(Pool(name="p", gpu=gpu, nodes=1, gpus_per_node=8, memory=80.0, price=None),),
        options=(option,),
        slos=(),
        arrival_rate=0.5,
        scores=Scores(np.array(["a"]), (llm,), np.ones((1, 1)), np.ones(1)),
    )


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (instance(llm="nobody-7b"), "nobody-7b is not in the catalogue"),
        (instance(gpu="GPU-X"), "GPU-X is not in the catalogue"),
        (instance(tokens=(np.nan, np.nan)), "does not state the lengths"),
        (instance(tp_degree=3), "cannot be split over 3 GPUs"),
        (instance(memory=10.0), "no room for a cache"),
        (instance(ttft=5.0), "off the curve"),
    ],
)
def test_why_there_is_none(made: Instance, reason: str) -> None:
    why = build_step_level_replica(made, 0, 0.5)
    assert isinstance(why, str)
    assert reason in why


def test_the_engine_that_made_the_curve_serves_its_requests() -> None:
    made = build_step_level_replica(instance(ttft=0.03), 0, 0.5)
    assert not isinstance(made, str), made
    replica, note = made
    assert "chunked batching, fixed lengths" in note
    latencies = replica(np.arange(2000) * 10.0, np.random.default_rng(0))
    assert (latencies["e2e"] > latencies["ttft"]).all()
    # Nobody waits for another: all that differs is the front end's time, 17 ms with a CV of 0.2.
    assert latencies["tpot"] == pytest.approx(latencies["tpot"][0])
    assert latencies["ttft"].std() == pytest.approx(0.2 * 0.017, rel=0.05)


def test_tokens_that_the_source_calls_cached_are_not_computed() -> None:
    """A prompt of 2,000 tokens, 1,900 of them cached, costs about as much as one of 100."""
    plain, cached = (
        build_step_level_replica(instance(tokens=(2000.0, 50.0), ttft=ttft, more=more), 0, 0.5)
        for ttft, more in ((0.075, ""), (0.025, ", 1900 tokens of a prompt cached"))
    )
    assert not isinstance(plain, str), plain
    assert not isinstance(cached, str), cached
    arrivals, means = np.arange(200) * 10.0, []
    for replica, _ in (plain, cached):
        means.append(replica(arrivals, np.random.default_rng(0))["ttft"].mean())
    assert means[1] < 0.4 * means[0]


def test_a_request_of_twice_the_work_is_twice_as_long() -> None:
    made = build_step_level_replica(instance(tokens=(2000.0, 50.0), ttft=0.075), 0, 0.5)
    assert not isinstance(made, str), made
    arrivals, work = np.arange(400) * 10.0, np.where(np.arange(400) % 2, 2.0, 1.0)
    served = made[0](arrivals, np.random.default_rng(0), work)
    decoding = served["e2e"] - served["ttft"]
    # 99 tokens after the first instead of 49.
    ratio = decoding[work == 2].mean() / decoding[work == 1].mean()
    assert ratio == pytest.approx(99 / 49, rel=0.05)
    assert served["ttft"][work == 2].mean() > 1.5 * served["ttft"][work == 1].mean()
