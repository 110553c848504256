"""Scores put to the test: what is promised, what is realised, what fitting takes away."""

from pathlib import Path

import numpy as np
import pytest

from models.scores.fits import ScoreFitKind
from planner.errors import DataError
from planner.operation.score_check import ScoreCheck, check_scores, read_scores_to_check
from profiles.records import Scores

LLMS = ("a", "b", "c")


def table(values: np.ndarray) -> Scores:
    n = values.shape[1]
    ids = np.array([f"p{k}" for k in range(n)], dtype=object)
    return Scores(ids, LLMS, values, np.full(n, 1 / n))


def noisy(noise: float, seed: int = 0, n: int = 2000) -> tuple[Scores, Scores]:
    """Scores that know an LLM's chance of a right answer but for noise, and grades of 0 and 1."""
    rng = np.random.default_rng(seed)
    chance = np.clip(
        np.array([[0.5], [0.55], [0.6]]) + rng.normal(0, 0.15, n) + rng.normal(0, 0.05, (3, n)),
        0,
        1,
    )
    grades = (rng.random((3, n)) < chance).astype(float)
    return table(chance + rng.normal(0, noise, (3, n))), table(grades)


def checked(scores: Scores, grades: Scores | None) -> ScoreCheck:
    return check_scores(scores, grades, "grades.csv")[0]


@pytest.mark.parametrize("seed", range(3))
def test_fitting_takes_most_of_a_false_promise_away_and_gains_no_quality(seed: int) -> None:
    check = checked(*noisy(0.25, seed))
    given, *fitted = check.choices
    assert given.optimism is not None
    assert given.optimism.mean > 0.15
    for one in fitted:
        assert one.optimism is not None
        assert one.change is not None
        assert one.optimism.mean < 0.4 * given.optimism.mean
        assert abs(one.change.mean) < 0.03
    for llm in check.llms:
        assert llm.fitted is not None
        assert llm.slope is not None
        assert llm.slope < 0.6
        assert max(llm.fitted.values()) < (llm.error or 0)


def test_true_chances_keep_their_promise() -> None:
    check = checked(*noisy(0.0))
    optimism = check.choices[0].optimism
    assert optimism is not None
    assert abs(optimism.mean) < 1.96 * optimism.error
    assert all(abs((llm.slope or 0) - 1) < 0.2 for llm in check.llms)


def test_figures_are_means_of_the_tables() -> None:
    scores, grades = noisy(0.1, n=500)
    a, b, c = grades.values
    grades = table(np.array([a, b, np.maximum(c, a)]))
    check = checked(scores, grades)
    best = scores.values.argmax(axis=0)
    realised = grades.values[best, np.arange(500)]
    given = check.choices[0]
    assert given.promised == pytest.approx(scores.values.max(axis=0).mean())
    assert given.realised == pytest.approx(realised.mean())
    off = scores.values.max(axis=0) - realised
    assert given.optimism is not None
    assert given.optimism.error == pytest.approx(off.std(ddof=1) / np.sqrt(500))
    assert check.single == "c"
    assert given.gain_realised is not None
    assert given.gain_realised.mean == pytest.approx((realised - grades.values[2]).mean())
    assert [llm.grade for llm in check.llms] == pytest.approx(grades.values.mean(axis=1))


def test_the_calibrated_table_has_every_prompt_graded_or_not() -> None:
    scores, grades = noisy(0.25, n=300)
    some = Scores(grades.prompt_ids[:200], LLMS, grades.values[:, :200], np.full(200, 1 / 200))
    check, notices = check_scores(scores, some, "grades.csv")
    assert check.graded == 200
    assert any("100 of 300" in notice for notice in notices)
    for kind in ScoreFitKind:
        values = check.calibrated[kind].values
        assert values.shape == (3, 300)
        assert values[:, :200].mean(axis=1) == pytest.approx(some.values.mean(axis=1))
        order = np.argsort(scores.values[0])
        assert (np.diff(values[0][order]) >= -1e-12).all()


def test_without_grades_only_the_promise_is_known() -> None:
    scores, _ = noisy(0.1, n=50)
    check = checked(scores, None)
    assert check.graded == 0
    assert check.calibrated == {}
    assert check.choices[0].realised is None
    best = scores.values.mean(axis=1).max()
    assert check.choices[0].gain_promised == pytest.approx(scores.values.max(axis=0).mean() - best)


def test_too_few_grades_are_a_fault_and_another_scale_is_said() -> None:
    scores, grades = noisy(0.1, n=39)
    with pytest.raises(DataError, match="only 39 prompts"):
        check_scores(scores, grades, "grades.csv")
    scores, grades = noisy(0.1, n=60)
    _, notices = check_scores(scores, table(100 * grades.values), "grades.csv")
    assert any("another scale" in notice for notice in notices)


def test_llms_are_the_columns_of_numbers_that_both_tables_have(tmp_path: Path) -> None:
    scores, grades = tmp_path / "s.csv", tmp_path / "g.csv"
    scores.write_text("prompt_id,a,text,b,weight\n1,0.5,hello,0.2,1\n2,0.1,,0.4,2\n")
    grades.write_text("prompt_id,b,a,z\n1,1,0,1\n2,,1,1\n")
    own, given, notices = read_scores_to_check(scores, grades)
    assert own.llms == ("a", "b")
    assert own.weights.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert given is not None
    assert given.prompt_ids.tolist() == ["1"]
    assert [notice.partition(": ")[2] for notice in notices] == [
        "left out, no LLM of all tables: text",
        "left out, no LLM of all tables: z",
    ]


def test_all_faults_of_both_tables_come_at_once(tmp_path: Path) -> None:
    scores, grades = tmp_path / "s.csv", tmp_path / "g.csv"
    scores.write_text("prompt_id,a\n1,0.5\n1,x\n")
    grades.write_text("prompt_id,a\n1,1\n2,inf\n")
    with pytest.raises(DataError) as error:
        read_scores_to_check(scores, grades)
    text = str(error.value)
    assert "s.csv:row 3, column a" in text
    assert "s.csv:row 3, column prompt_id" in text
    assert "g.csv:row 3, column a" in text
    grades.write_text("prompt_id,b\n1,1\n")
    with pytest.raises(
        DataError, match=r"no LLM has both scores and grades .*s.csv: a; .*g.csv: b"
    ):
        read_scores_to_check(scores, grades)
