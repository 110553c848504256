"""Grades are gathered without trust in what a file says."""

import pytest

from profiles.io.faults import Fault
from profiles.score_importers import grades as module
from profiles.score_importers.grades import Grade, Grades, NoGradeError, grade_of_value


@pytest.mark.parametrize(
    ("value", "grade"),
    [(1, 1.0), (0.25, 0.25), (True, 1.0), (False, 0.0), (None, None), (float("nan"), None)],
)
def test_numbers_and_truth_values_are_grades(value: object, grade: float | None) -> None:
    assert grade_of_value(value) == grade


@pytest.mark.parametrize("value", ["1", [1], {}, float("inf"), -(10**400), 1e10])
def test_anything_else_is_none(value: object) -> None:
    with pytest.raises(NoGradeError):
        grade_of_value(value)


def test_repeats_are_averaged_and_prompts_that_differ_are_marked() -> None:
    grades, faults = Grades(), list[Fault]()
    taken = grades.add_grades(
        "f",
        [
            Grade("a", "1", 1.0, fingerprint="x"),
            Grade("a", "1", 0.0, fingerprint="x"),
            Grade("a", "2", None),
            Grade("b", "1", 1.0, fingerprint="y"),
            Grade("b", "2", 0.5),
        ],
        faults,
    )
    assert (taken, faults) == (4, [])
    assert grades.sums == {"a": {"1": (1.0, 2)}, "b": {"1": (1.0, 1), "2": (0.5, 1)}}
    assert grades.repeated == 1
    assert grades.alien == {"1"}


def test_many_bad_rows_are_few_faults() -> None:
    faults: list[Fault] = []
    bad = [Fault("f", f"row {k}", "", "bad", "") for k in range(100)]
    Grades().add_grades("f", bad, faults)
    assert len(faults) == module.FAULTS_SHOWN + 1
    assert "95 more rows" in str(faults[-1])


def test_there_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GRADES", 10)
    faults: list[Fault] = []
    endless = (Grade("a", str(k), 1.0, f"row {k}") for k in range(10**9))
    assert Grades().add_grades("f", endless, faults) == 10
    assert "more than 10 grades" in str(faults[0])
