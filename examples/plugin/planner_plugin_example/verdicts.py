"""A scorer: verdicts of a judge, one line of text for each answer.

# verdicts
small   p1  good
large   p1  bad
"""

from collections.abc import Iterator
from pathlib import Path

from planner.api.plugins import (
    Fault,
    Grade,
    GradeFileFormat,
    ImportChoices,
    every_file_is_a_run,
)

HEAD = "# verdicts"
GRADES = {"good": 1.0, "fair": 0.5, "bad": 0.0}


def is_verdicts(path: Path) -> bool:
    """Whether the first line says so."""
    with path.open("rb") as stream:
        return stream.readline().strip() == HEAD.encode()


def read_verdicts(path: Path, choices: ImportChoices) -> Iterator[Grade | Fault]:
    """A grade for each line."""
    del choices
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 3 or words[2] not in GRADES:
            fix = f"write LLM, prompt and one of {', '.join(GRADES)}"
            yield Fault(str(path), f"line {number}", repr(line[:80]), "this is no verdict", fix)
            continue
        yield Grade(words[0], words[1], GRADES[words[2]], f"line {number}")


VERDICTS = GradeFileFormat(is_verdicts, read_verdicts, every_file_is_a_run)
