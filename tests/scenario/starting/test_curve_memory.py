"""Measured options whose LLM does not fit on their GPUs."""

import pandas as pd

from planner.scenario.starting.curve_memory import curve_memory_lines

FRAME = pd.DataFrame(
    [("big", "x", 1, 100), ("big", "x", 1, 100), ("big", "x", 8, 100), ("own", "x", 1, 100)],
    columns=["llm", "gpu", "tp_degree", "mps_share_pct"],
)

POOLS = [{"gpu": "x", "memory_gib": 80.0}]


def llm(weights_gib: float) -> list[dict[str, object]]:
    return [{"name": "big", "weights_gib": weights_gib}]


def test_a_degree_that_cannot_hold_the_weights_is_named_once() -> None:
    said = curve_memory_lines(FRAME, llm(426.0), POOLS)
    assert said == [
        "big needs 426 GiB, and 1 x x hold 72: it was measured on at least 6 GPUs, on another"
        " GPU type, or its weights are smaller"
    ]
    assert curve_memory_lines(FRAME, llm(72.0), POOLS) == []
    assert len(curve_memory_lines(FRAME, llm(577.0), POOLS)) == 2
    assert curve_memory_lines(FRAME, llm(426.0), []) == []


def test_memory_that_the_table_states_is_not_judged() -> None:
    stated = FRAME.assign(memory_gib_per_gpu=[60.0, 60.0, 60.0, None])
    assert (
        curve_memory_lines(stated, [*llm(426.0), {"name": "own", "weights_gib": 1.0}], POOLS) == []
    )


def test_what_nobody_states_is_the_catalogues() -> None:
    known = FRAME.assign(llm="llama-3.3-70b", gpu="A100-SXM-80GB")
    [line] = curve_memory_lines(known, [{"name": "llama-3.3-70b"}], [{"gpu": "A100-SXM-80GB"}])
    assert line.startswith("llama-3.3-70b needs 131 GiB, and 1 x A100-SXM-80GB hold 72")
