"""What a sweep varies: values of a key, and the grid."""

import pytest

from planner.errors import DataError
from planner.studies.sweep_axes import read_sweep_axis, sweep_axes_points


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("arrival_rate_rps=40:60:10", (40, 50, 60)),
        ("arrival_rate_rps=40:65:10", (40, 50, 60)),
        ("slo.0.limit_ms=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("pools.0.nodes=3:1:-1", (3, 2, 1)),
        ("pools.0.nodes=1,2,4", (1, 2, 4)),
        ("setups.tp_degrees=[1, 2],[4]", ([1, 2], [4])),
        ("scores_missing=error,drop", ("error", "drop")),
        ("llms.0.max_replicas=1,null", (1, None)),
    ],
)
def test_axes_are_read(text: str, values: tuple[object, ...]) -> None:
    axis = read_sweep_axis(text)
    assert axis.key == text.partition("=")[0]
    assert axis.values == values


@pytest.mark.parametrize(
    "text",
    [
        "arrival_rate_rps",
        "=1,2",
        "a=",
        "a=1:2:0",
        "a=1:2:-1",
        "a=1:x:1",
        "a=1:1e9:0.001",
        "a=[1,2",
        "a=1:inf:1",
    ],
)
def test_what_varies_nothing_is_a_fault(text: str) -> None:
    with pytest.raises(DataError, match="--vary"):
        read_sweep_axis(text)


def test_the_first_axis_is_the_slowest() -> None:
    points = sweep_axes_points([read_sweep_axis("a=1,2"), read_sweep_axis("b=3,4")])
    assert points == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    with pytest.raises(DataError, match="varied twice"):
        sweep_axes_points([read_sweep_axis("a=1,2"), read_sweep_axis("a=3,4")])
