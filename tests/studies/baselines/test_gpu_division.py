"""Ways to divide the GPUs, by hand."""

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool
from planner.studies.baselines.gpu_division import ways_to_divide_gpus
from profiles.records import Curve, Scores


def test_parts_by_hand() -> None:
    """7 GPUs, sizes 1 : 2 : 4; smallest options take 1, 1 and 4 GPUs, then 2, 1, 4."""
    instance = parted((1, 1, 4))
    assert_parts(
        ways_to_divide_gpus(instance, np.array([1.0, 2, 4]), np.array([1.0, 2, 4])),
        {"in proportion": [1, 2, 4]},
    )
    assert_parts(
        ways_to_divide_gpus(parted((2, 1, 4)), np.array([1.0, 2, 4]), np.array([1.0, 2, 4])),
        {"in proportion": [0, 7 / 3, 14 / 3], "at least the smallest option of each": [2, 1, 4]},
    )
    third = 7 / 3
    assert_parts(
        ways_to_divide_gpus(parted((1, 1, 1)), np.ones(3), np.array([1.0, 2, 4])),
        {
            "in proportion": [third] * 3,
            "in whole GPUs, larger LLMs first": [2, 2, 3],
            "in whole GPUs, smaller LLMs first": [3, 2, 2],
        },
    )


def parted(degrees: tuple[int, ...]) -> Instance:
    curve = Curve(np.array([10.0]), {("ttft", "mean"): np.array([0.1])}, ("measured",))
    options = tuple(
        Option(llm=i, pool=0, tp_degree=tp, mps_share=1.0, memory=1.0, curve=curve)
        for i, tp in enumerate(degrees)
    )
    scores = Scores(np.array(["p"]), ("a", "b", "c"), np.ones((3, 1)), np.ones(1))
    return Instance(
        llms=tuple(Llm(n) for n in "abc"),
        pools=(Pool(name="p", gpu="g", nodes=1, gpus_per_node=7, memory=80.0, price=1.0),),
        options=options,
        slos=(),
        arrival_rate=5.0,
        scores=scores,
    )


def assert_parts(found: dict[str, np.ndarray], expected: dict[str, list[float]]) -> None:
    assert {words: pytest.approx(part) for words, part in expected.items()} == {
        words: list(part) for words, part in found.items()
    }
