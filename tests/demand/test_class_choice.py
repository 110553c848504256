"""Classes chosen, renamed, put together, or made by length."""

import numpy as np
import pytest

from planner.demand.class_choice import group_class_names, group_requests_by_length
from planner.errors import DataError
from profiles.request_logs.record import LogClock, RequestLog


def test_names_are_chosen_and_put_together() -> None:
    assert group_class_names(("a", "b"), {}).names == ("a", "b")
    some = group_class_names(("a", "b", "c"), {"c": "x", "a": "x"})
    assert (some.names, some.groups) == (("x",), (0, -1, 0))


def test_unknown_and_impossible_names_are_faults() -> None:
    with pytest.raises(DataError) as caught:
        group_class_names(("chat", "code"), {"chta": "x", "code": "=1+1", "chat": " "})
    assert len(caught.value.faults) == 3
    assert "did you mean chat?" in str(caught.value)
    with pytest.raises(DataError, match="rename it"):
        group_class_names(("@sum",), {})


def test_classes_by_length_leave_out_empty_ones() -> None:
    tokens = np.array([1.0, 5.0, 9.0, np.nan])
    log = RequestLog(
        times=np.arange(4.0),
        labels=np.zeros(4, int),
        names=("all",),
        input_tokens=tokens,
        output_tokens=tokens,
        clock=LogClock.RELATIVE,
    )
    names, codes = group_requests_by_length(log, 0, (4.0, 6.0, 100.0))
    assert names == ("input-to-4", "input-to-6", "input-to-100", "input-unknown")
    assert codes.tolist() == [0, 1, 2, 3]
    assert group_requests_by_length(log, 2, ())[0][:2] == ("input-to-5", "input-above-5")
