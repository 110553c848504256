"""A score check in words and tables."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.scores.fits import ScoreFitKind
from planner.operation.score_check import check_scores
from planner.presentation.scores.score_check import (
    score_check_bins_table,
    score_check_choices_table,
    score_check_content,
    score_check_lines,
    score_check_llms_table,
    score_check_verdict_line,
    score_check_word,
    score_check_worse_lines,
)
from profiles.records import ScoreProvenance, Scores


def table(values: np.ndarray) -> Scores:
    n = values.shape[1]
    ids = np.array([f"p{k}" for k in range(n)], dtype=object)
    return Scores(ids, ("a", "b"), values, np.full(n, 1 / n))


GRADES = np.array([[0.0, 1.0] * 50, [1.0, 0.0] * 50])
SCORES = np.array([[0.9, 0.6] * 50, [0.1, 0.4] * 50])


@pytest.mark.parametrize(
    ("scores", "word"),
    [(SCORES, "optimistic"), (GRADES * 0.5, "pessimistic"), (GRADES, "as promised")],
)
def test_the_verdict_follows_from_promise_and_grade(scores: np.ndarray, word: str) -> None:
    check, _ = check_scores(table(scores), table(GRADES), "g")
    assert score_check_word(check) == word
    assert ("of the false promise" in score_check_lines(check)[0]) == (word == "optimistic")
    assert score_check_verdict_line(check).startswith(f"{word}: ")


def test_lines_say_what_fitting_takes_away_and_that_the_choice_gains_nothing() -> None:
    rng = np.random.default_rng(0)
    chance = 0.5 + rng.normal(0, 0.1, (2, 1000))
    grades = (rng.random((2, 1000)) < chance).astype(float)
    check, _ = check_scores(table(chance + rng.normal(0, 0.3, chance.shape)), table(grades), "g")
    shrunk, isotonic, *_, basis = score_check_lines(check)
    assert shrunk.startswith("Shrinkage: takes ")
    assert "% of the false promise away" in isotonic
    assert "by grades: noise." in shrunk
    assert basis.startswith("1,000 prompts have a grade of every LLM.")


def test_without_grades_every_output_says_so() -> None:
    check, _ = check_scores(table(SCORES), None, "g")
    assert score_check_verdict_line(check) == (
        "not graded: the best score of every prompt promises 0.7500, +0.0000 over a alone;"
        " nothing here measures it"
    )
    assert "--grades" in " ".join(score_check_lines(check))
    assert score_check_llms_table(check)["Mean grade"].isna().all()
    assert score_check_choices_table(check)["Realised (score)"].isna().all()
    assert score_check_content(check)["graded_prompts"] == 0


def test_a_table_of_grades_is_called_so() -> None:
    grades = replace(table(GRADES), provenance=ScoreProvenance.GRADED)
    check, _ = check_scores(grades, None, "g")
    assert score_check_verdict_line(check) == (
        "graded: the best score of every prompt promises 1.0000, +0.5000 over a alone; who knows"
        " all grades reaches it"
    )
    assert "which no router foresees" in score_check_lines(check)[0]


def test_tables_and_content_have_the_same_figures() -> None:
    check, _ = check_scores(table(SCORES), table(GRADES), "g")
    llms = score_check_llms_table(check)
    assert llms["Optimism (score)"].tolist() == pytest.approx([0.25, -0.25])
    assert llms["Slope"].tolist() == pytest.approx([-1 / 0.3, -1 / 0.3])
    content = json.loads(json.dumps(score_check_content(check)))
    assert [one["optimism"]["mean"] for one in content["llms"]] == pytest.approx([0.25, -0.25])
    assert [one["name"] for one in content["choices"]] == ["as given", "shrinkage", "isotonic"]
    bins = score_check_bins_table(check)
    assert bins.groupby("LLM")["Prompts"].sum().to_dict() == {"a": 100, "b": 100}


def test_a_fit_that_makes_scores_worse_is_warned_of() -> None:
    check, _ = check_scores(table(SCORES), table(GRADES), "g")
    kind = ScoreFitKind.SHRINKAGE
    one = replace(check.llms[0], error=0.1, fitted={kind: 0.2})
    other = replace(check.llms[1], error=0.1, fitted={kind: 0.05})
    (line,) = score_check_worse_lines(replace(check, llms=(one, other)), kind)
    assert "of 1 of 2 LLMs (a 0.1000 -> 0.2000)" in line
    assert score_check_worse_lines(replace(check, llms=(other,)), kind) == []
