"""Grades gathered from files: by LLM and prompt, without trust in what a file says.

A grade that is missing (null, NaN) is none. Several grades of one prompt by one LLM become their
mean. Files may carry a fingerprint of the prompt: where it differs between LLMs, the id does not
mean the same prompt, which is then left out.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from profiles.io.faults import Fault, shown_in_fault

__all__ = ["Grade", "Grades", "NoGradeError", "grade_of_value"]

MOST_GRADES = 5_000_000
LARGEST_GRADE = 1e9
FAULTS_SHOWN = 5
"""So many bad values of one file are told one by one."""


@dataclass(frozen=True)
class Grade:
    """One answer. value: None where it is missing; place: in its file; fingerprint: of the prompt,
    "" where the file has none.
    """

    llm: str
    prompt: str
    value: float | None
    place: str = ""
    fingerprint: str = ""


class NoGradeError(ValueError):
    """A value that is no grade; the message says what it is."""


def grade_of_value(value: Any) -> float | None:
    """A grade of a JSON value: numbers, true and false; None for null and NaN.

    NoGradeError for anything else.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float) and abs(value) <= LARGEST_GRADE:
        return float(value)
    raise NoGradeError(shown_in_fault(value))


@dataclass
class Grades:
    """sums: LLM -> prompt -> (sum, count); repeated: grades beyond the first of a prompt by an LLM;
    missing: LLM -> how many had no value; alien: prompts whose fingerprints differ.
    """

    sums: dict[str, dict[str, tuple[float, int]]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    alien: set[str] = field(default_factory=set)
    repeated: int = 0
    _prints: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def add_grades(self, file: str, grades: Iterable[Grade | Fault], faults: list[Fault]) -> int:
        """Take the grades of one file, and return how many; reading ends where there are more than
        `MOST_GRADES` in all.
        """
        taken, bad = 0, 0
        for grade in grades:
            if isinstance(grade, Fault):
                bad += 1
                if bad <= FAULTS_SHOWN:
                    faults.append(grade)
            elif self._count >= MOST_GRADES:
                fix = "import fewer files at once"
                problem = f"there are more than {MOST_GRADES:,} grades"
                faults.append(Fault(file, grade.place, "", problem, fix))
                break
            else:
                taken += self._add_grade(grade)
        if bad > FAULTS_SHOWN:
            rest = f"{bad - FAULTS_SHOWN:,} more rows of this kind"
            faults.append(Fault(file, "", "", rest, "write the file again"))
        return taken

    def _add_grade(self, grade: Grade) -> int:
        if grade.fingerprint:
            known = self._prints.setdefault(grade.prompt, grade.fingerprint)
            if known != grade.fingerprint:
                self.alien.add(grade.prompt)
        of_llm = self.sums.setdefault(grade.llm, {})
        if grade.value is None:
            self.missing[grade.llm] = self.missing.get(grade.llm, 0) + 1
            return 0
        before, count = of_llm.get(grade.prompt, (0.0, 0))
        self.repeated += count > 0
        of_llm[grade.prompt] = (before + grade.value, count + 1)
        self._count += 1
        return 1
