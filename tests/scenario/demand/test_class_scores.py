"""Score tables of classes."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.scenarios.demand_case import demand_fault_lines, load_day
from tests.support.scenarios.scenario_case import change


def classes_of(folder: Path, *overrides: str) -> tuple:
    demand = load_day(folder, *overrides).demand
    assert demand is not None
    return demand.classes


def test_rows_are_those_of_served_llms(day: Path) -> None:
    chat, batch = classes_of(day)
    assert chat.scores.llms == batch.scores.llms == ("NO", "NA", "far")
    np.testing.assert_array_equal(chat.scores.values, [[0.5, 0.75], [0.25, 1], [0.75, 0.5]])
    np.testing.assert_array_equal(batch.scores.values[:2], [[0.25, 1, 0.5], [0.5, 0.125, 0.25]])
    np.testing.assert_array_equal(batch.scores.values[2], 3 * [0.125])  # no score, never read
    np.testing.assert_allclose(chat.scores.weights, [0.25, 0.75])
    assert chat.permitted == (True, True, True)
    assert batch.permitted == (True, True, False)


def test_the_base_instance_has_the_first_class_and_the_cluster(day: Path) -> None:
    scores = load_day(day).instance.scores
    assert scores.llms == ("NO", "NA")
    assert scores.values.flags.c_contiguous
    np.testing.assert_array_equal(scores.values, [[0.5, 0.75], [0.25, 1]])


@pytest.mark.parametrize("name", ["scores.csv", "./scores.csv"])
def test_one_file_is_one_table(day: Path, name: str) -> None:
    chat, batch = classes_of(day, f"classes.1.scores={name}")
    assert chat.scores is batch.scores
    chat, batch = classes_of(day, "classes.1.scores=null")
    assert chat.scores is batch.scores


def test_an_unpermitted_llm_may_have_scores_or_none(day: Path) -> None:
    loaded = load_day(day, "classes.1.scores=scores.csv", "classes.0.llms=[NO, NA]")
    assert not [notice for notice in loaded.notices if "ignored" in notice]
    change(day / "scores.csv", "p1,0.5,0.25,0.75", "p1,0.5,0.25,")
    load_day(day, "classes.1.scores=scores.csv", "classes.0.llms=[NO, NA]")


@pytest.mark.parametrize(
    ("file", "old", "new", "overrides", "words"),
    [
        ("batch.csv", "prompt_id,NA,NO", "prompt_id,NA,N0", (), "batch.csv:column NO: the column"),
        ("batch.csv", "b1,0.5", "b1,", (), "batch.csv:row 2, column NA: the score is missing"),
        ("batch.csv", "b1,0.5", "b1,", ("classes.0.slo.0.limit_ms=x",), "column NA: the score is"),
        ("scores.csv", ",far", ",fur", (), "scores.csv:column far: the column is missing"),
        ("scores.csv", ",far", ",far", ("classes.1.llms=null",), "batch.csv:column far: the colu"),
        ("scores.csv", "p1", "p1", ("classes.1.scores=bach.csv",), "did you mean batch.csv?"),
    ],
)
def test_faults_by_file(
    day: Path, file: str, old: str, new: str, overrides: tuple, words: str
) -> None:
    change(day / file, old, new)
    assert words in demand_fault_lines(day, *overrides)


def test_prompts_without_a_score_are_dropped_by_table(day: Path) -> None:
    change(day / "batch.csv", "b1,0.5", "b1,")
    chat, batch = classes_of(day, "scores_missing=drop")
    assert (chat.scores.dropped, batch.scores.dropped) == (0, 1)
    assert list(batch.scores.prompt_ids) == ["b2", "b3"]
