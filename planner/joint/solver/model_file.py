"""The program as a file for other solvers: MPS or LP, with the names of docs/formulation.md."""

import errno
import re
from dataclasses import replace
from pathlib import Path

from models.linear import LinearProgram
from planner.joint.solver.highs import write_highs_program
from profiles.io.writing import writing_whole_file

ENDINGS = (".mps", ".lp")
"""Formats that can be written, by the ending of the file's name."""

LAST_WORDS = (b"ENDATA", b"end")
"""How a whole file ends, of either format."""

NOT_IN_LP = re.compile(r"[^A-Za-z0-9_(),.#]")
"""Characters that a name in an LP file may not have: they are operators or brackets there."""


def write_model_file(program: LinearProgram, path: Path) -> None:
    """Write a mixed-integer program that other solvers read.

    program: `Solution.program` of a solve with `Settings(keep_program=True)`: the last program
    that the search solved, with its cuts, capacity rows and no-goods (over all options where the
    search needed none). It is minimised: -quality on the 0..1 scale, or USD/h. Its optimum is the
    one that the search closed its gap with, for the restricted set of options and, where a cost is
    minimised and there was a plan, for plans at most as dear as that.

    path: ends with .mps or .lp, else ValueError; WriteError where it cannot be written. Names read
    `serve_llm_fraction[mistral-7b]`, `replicas[mistral-7b,a100,tp2,50%]` in MPS; in LP, whose
    names allow fewer characters, `serve_llm_fraction(mistral_7b)`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: the name must end with {' or '.join(ENDINGS)}")
    if path.suffix.lower() == ".lp":
        program = replace(
            program,
            row_names=_lp_file_names(program.row_names),
            column_names=_lp_file_names(program.column_names),
        )
    with writing_whole_file(path, path.suffix.lower()) as temporary:
        write_highs_program(program, temporary)
        # HiGHS 1.16 reports success also where the disk was full.
        if not temporary.read_bytes().rstrip().endswith(LAST_WORDS):
            raise OSError(errno.ENOSPC, "the file ends early; is the disk full?")


def _lp_file_names(names: list[str]) -> list[str]:
    """Names that an LP file may hold; those that became equal are numbered."""
    seen: dict[str, int] = {}
    plain = []
    for name in names:
        short = NOT_IN_LP.sub("_", name.translate(str.maketrans("[]", "()")))
        seen[short] = seen.get(short, 0) + 1
        plain.append(short if seen[short] == 1 else f"{short}#{seen[short]}")
    return plain
