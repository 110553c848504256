"""The quality of fractions at random, by hand; it is said only where it differs, and that it misses
what is required.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.presentation.plan.random_routing import (
    random_routing_quality,
    random_routing_text,
)
from profiles.records import Scores, WholeTable

SCORES = Scores(
    prompt_ids=np.array(["p", "q"], dtype=object),
    llms=("a", "b", "outside"),
    values=np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 1.0]]),
    weights=np.array([0.75, 0.25]),
)


def content(quality: float | None, floor: float | None = None) -> Any:
    """An LLM without a fraction gets no prompt."""
    routing = {"a": 0.4, "b": 0.6}
    return {"routing": routing, "quality": quality, "context": {"quality_at_least": floor}}


def test_the_quality_is_the_mean_of_means() -> None:
    assert random_routing_quality(content(0.7), SCORES) == pytest.approx(0.4 * 0.25 + 0.6 * 0.5)


def test_a_table_that_is_too_large_gives_its_own_means() -> None:
    whole = WholeTable(
        path=Path("x"), prompts=9, means=np.array([0.2, 0.3, 1.0]), missing="error", exact=False
    )
    large = replace(SCORES, whole=whole)
    assert random_routing_quality(content(0.7), large) == pytest.approx(0.4 * 0.2 + 0.6 * 0.3)


def test_it_is_said_where_scores_gain_something() -> None:
    told = random_routing_text(content(0.7), SCORES)
    assert told.endswith("reaches quality 0.40000 in place of 0.70000")
    assert random_routing_text(content(0.7, 0.4), SCORES) == told
    assert random_routing_text(content(0.7, 0.6), SCORES) == f"{told}, below the required 0.6"


@pytest.mark.parametrize("quality", [0.4, None])
def test_nothing_is_said_where_they_gain_nothing(quality: float | None) -> None:
    assert random_routing_text(content(quality), SCORES) == ""
