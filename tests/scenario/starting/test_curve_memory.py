"""Measured options whose LLM does not fit on their GPUs."""

import pandas as pd

from planner.scenario.starting.curve_memory import curve_memory_lines

FRAME = pd.DataFrame(
    [("big", "x", 1, 100), ("big", "x", 1, 100), ("big", "x", 8, 100), ("own", "x", 1, 100)],
    columns=["llm", "gpu", "tp_degree", "mps_share_pct"],
)


def test_a_degree_that_cannot_hold_the_weights_is_named_once() -> None:
    said = curve_memory_lines(FRAME, {"big": 426.0}, {"x": 80.0})
    assert said == [
        "big needs 426 GiB, and 1 x x hold 72: it was measured on at least 6 GPUs, on another"
        " GPU type, or its weights are smaller"
    ]
    assert curve_memory_lines(FRAME, {"big": 72.0}, {"x": 80.0}) == []
    assert len(curve_memory_lines(FRAME, {"big": 577.0}, {"x": 80.0})) == 2
    assert curve_memory_lines(FRAME, {"big": 426.0}, {}) == []


def test_memory_that_the_table_states_is_not_judged() -> None:
    stated = FRAME.assign(memory_gib_per_gpu=[60.0, 60.0, 60.0, None])
    assert curve_memory_lines(stated, {"big": 426.0, "own": 1.0}, {"x": 80.0}) == []
