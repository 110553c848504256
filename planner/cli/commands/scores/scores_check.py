"""The command `scores check`: scores against grades -> verdict, tables, chart, calibrated table."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from models.scores.fits import ScoreFitKind
from planner.cli.terminal.frame import framed_command, framed_write, notify, warn
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.errors import DataError
from planner.export.report_files import check_report_chart_folder
from planner.export.score_files import write_score_check_chart
from planner.operation.score_check import ScoreCheck, check_scores, read_scores_to_check
from planner.plans.plan_file import plan_file_text
from planner.presentation.scores.score_check import (
    score_check_choices_table,
    score_check_content,
    score_check_lines,
    score_check_llms_table,
    score_check_verdict_line,
    score_check_word,
    score_check_worse_lines,
)
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, write_whole_file
from profiles.score_tables.score_writing import (
    check_scores_writable,
    scores_frame,
    write_scores_frame,
)

__all__ = ["ScoresCheckOptions", "run_scores_check"]

STYLES = {
    "optimistic": "bold yellow",
    "pessimistic": "bold yellow",
    "as promised": "bold green",
    "graded": "bold green",
    "not graded": "bold yellow",
}


@dataclass(frozen=True, kw_only=True)
class ScoresCheckOptions:
    """Options of the command.

    fit: a ScoreFitKind, of the calibrated table; out: its path; charts: a folder.
    """

    grades: Path | None = None
    fit: str = ScoreFitKind.SHRINKAGE.value
    out: str | None = None
    charts: str | None = None
    json: str | None = None
    seed: int = 0
    quiet: bool = False


@framed_command
def run_scores_check(scores: Path, options: ScoresCheckOptions) -> int:
    """Check, print and write; return the exit code: 0, or 2 for bad input."""
    _check_outputs_of_scores_check(options)
    _keep_inputs_of_scores_check(scores, options)
    own, given, notices = read_scores_to_check(scores, options.grades)
    check, more = check_scores(own, given, str(options.grades), options.seed)
    notify([*notices, *more], quiet=options.quiet)
    if options.json == "-":
        sys.stdout.write(plan_file_text(score_check_content(check)))
    elif options.out != "-":
        _print_scores_check(plain_output_console(), check, str(scores), quiet=options.quiet)
    return _write_scores_check(check, str(scores), options)


def _keep_inputs_of_scores_check(scores: Path, options: ScoresCheckOptions) -> None:
    """Raise DataError where an output is one of the inputs: scores that were fitted on these grades
    could not be told from the predictor's any more.
    """
    inputs = [os.path.realpath(path) for path in (scores, options.grades) if path is not None]
    faults = [
        Fault(option, "", path, "it is one of the inputs", "name another file")
        for option, path in (("--out", options.out), ("--json", options.json))
        if path not in (None, "-") and os.path.realpath(str(path)) in inputs
    ]
    if faults:
        raise DataError(faults)


def _check_outputs_of_scores_check(options: ScoresCheckOptions) -> None:
    """Raise DataError for what cannot be written, and for outputs that only grades make."""
    if options.json is not None and options.json != "-":
        check_writable(Path(options.json), "--json")
    if options.out is not None:
        check_scores_writable(options.out)
    if options.charts is not None:
        check_report_chart_folder(Path(options.charts))
    faults = [
        Fault(option, "", "", "without grades there is nothing to write", "give --grades too")
        for option, value in (("--out", options.out), ("--charts", options.charts))
        if value is not None and options.grades is None
    ]
    if options.out == "-" and options.json == "-":
        problem = "--out and --json both go to standard output"
        faults.append(Fault("--out", "", "", problem, "name a file for one of them"))
    if faults:
        raise DataError(faults)


def _write_scores_check(check: ScoreCheck, file: str, options: ScoresCheckOptions) -> int:
    """Write what options name; 0, or BAD_INPUT when one could not be written after all."""
    say = options.json != "-" and options.out != "-"
    code, console = 0, plain_output_console()

    def write(what: str, where: str, make: Callable[[], object]) -> None:
        nonlocal code
        failed = framed_write(where, make)
        code = max(code, failed)
        if say and not failed:
            output_line(console, f"{what} written to {where}")

    if options.json is not None and options.json != "-":
        path, text = Path(options.json), plan_file_text(score_check_content(check))
        write("JSON", options.json, lambda: write_whole_file(path, lambda s: s.write(text)))
    if options.charts is not None:
        folder, title = Path(options.charts), f"{Path(file).name}: {score_check_word(check)}"
        write("charts", options.charts, lambda: write_score_check_chart(check, folder, title))
    if options.out is not None:
        out, frame = options.out, scores_frame(check.calibrated[ScoreFitKind(options.fit)])
        warn(score_check_worse_lines(check, ScoreFitKind(options.fit)))
        notices: list[str] = []
        write(
            f"scores calibrated by {options.fit}",
            out,
            lambda: notices.extend(write_scores_frame(frame, out)),
        )
        notify(notices, quiet=options.quiet)
    return code


def _print_scores_check(console: Console, check: ScoreCheck, file: str, *, quiet: bool) -> None:
    output_line(
        console, f"{file}: {score_check_verdict_line(check)}", STYLES[score_check_word(check)]
    )
    if quiet:
        return
    graded = check.graded > 0
    output_table(
        console,
        "LLM by LLM",
        score_check_llms_table(check),
        GRADED_LLMS if graded else LLMS,
    )
    output_table(
        console,
        "Every prompt to its best score",
        score_check_choices_table(check),
        GRADED_CHOICES if graded else CHOICES,
    )
    output_lines(console, "What this means", score_check_lines(check))


def _score(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.4f}"


def _signed(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:+.4f}"


def _slope(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"


LLMS: list[Column] = [
    ("LLM", "LLM", str),
    ("Lowest score", "lowest\nscore", _score),
    ("Mean score", "mean\nscore", _score),
    ("Highest score", "highest\nscore", _score),
]
GRADED_LLMS: list[Column] = [
    ("LLM", "LLM", str),
    ("Mean score", "mean\nscore", _score),
    ("Mean grade", "mean\ngrade", _score),
    ("Optimism (score)", "optimism", _signed),
    ("95 % interval (± score)", "95 %\n±", _score),
    ("Slope", "slope", _slope),
    ("Calibration error (score)", "error", _score),
    ("Calibration error after shrinkage (score)", "error\nshrunk", _score),
    ("Calibration error after isotonic (score)", "\nisoton.", _score),
]
CHOICES: list[Column] = [
    ("Scores", "scores", str),
    ("Promised (score)", "promised", _score),
    ("Gain promised (score)", "gain over\none LLM", _signed),
]
GRADED_CHOICES: list[Column] = [
    ("Scores", "scores", str),
    ("Promised (score)", "promised", _score),
    ("Realised (score)", "realised", _score),
    ("Optimism (score)", "optimism", _signed),
    ("95 % interval (± score)", "95 %\n±", _score),
    ("Gain promised (score)", "gain\npromised", _signed),
    ("Gain realised (score)", "gain\nrealised", _signed),
    ("95 % interval of the gain (± score)", "95 %\n±", _score),
]
