"""Classes by the length of prompts."""

import numpy as np
import pytest

from planner.demand.length_classes import (
    length_class_borders,
    length_class_codes,
    length_class_names,
)
from planner.errors import DataError


def test_borders_put_as_many_requests_into_each_class() -> None:
    tokens = np.arange(1.0, 301.0)
    borders = length_class_borders(tokens, 3)
    assert borders == (100.0, 200.0)
    assert np.bincount(length_class_codes(tokens, borders)).tolist() == [100, 100, 100]
    assert length_class_names(borders)[:3] == ("input-to-100", "input-to-200", "input-above-200")


def test_equal_lengths_make_fewer_classes() -> None:
    tokens = np.array([5.0] * 9 + [7.0, np.nan])
    assert length_class_borders(tokens, 4) == (5.0,)
    assert length_class_borders(np.full(3, 5.0), 4) == ()
    assert length_class_names(())[0] == "input-any"
    assert length_class_codes(tokens, (5.0,)).tolist() == [0] * 9 + [1, 2]


def test_a_log_without_lengths_is_refused() -> None:
    with pytest.raises(DataError, match="no input tokens"):
        length_class_borders(np.full(3, np.nan), 2)
