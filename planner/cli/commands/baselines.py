"""The command `baselines`: scenario -> joint plan and baselines -> table, and by held-out grades
another.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.commands.cell_baselines import run_cell_baselines
from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_csv_write, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_table,
    plain_output_console,
    print_heading,
)
from planner.cli.terminal.plan_report import print_plan_report, print_plan_verdict
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.operation.graded_baselines import grade_baselines
from planner.operation.samples import Sample, read_sample
from planner.presentation.baselines import baseline_row_notes, baseline_setup_words, baselines_table
from planner.presentation.plan.provenance import score_provenance_line
from planner.presentation.scores.graded_baselines import (
    graded_baselines_line,
    graded_baselines_table,
)
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.baselines.comparison import (
    TWO_STAGE,
    BaselineComparison,
    compare_baselines,
)
from profiles.io.faults import Fault
from profiles.io.writing import check_writable

__all__ = ["run_baselines"]

NO_GRADES = "baselines of classes, cases, LLMs outside or a budget take no grades yet"

STOPPED = EXIT_CODES["feasible"]


@framed_command
def run_baselines(
    scenario: Path,
    overrides: Sequence[str],
    csv: str | None,
    interrupt: Interrupt,
    *,
    grades: Path | None = None,
    quiet: bool,
) -> int:
    """Plan, try the baselines, grade them, print and write the table; return the exit code.

    Raises VerificationError (a bug) when a check fails.
    """
    if csv is not None:
        check_writable(Path(csv), "--csv")
    loaded = assemble_instance(scenario, overrides, cells=True)
    if loaded.demand is not None:
        if grades is not None:
            raise DataError([Fault(str(scenario), "--grades", "", NO_GRADES, "leave it out")])
        notify([*loaded.notices, *loaded.instance.warnings], quiet=quiet)
        return run_cell_baselines(loaded, interrupt, csv, quiet=quiet)
    sample, notices = (
        (None, []) if grades is None else read_sample(loaded.instance.scores, None, grades, "error")
    )
    notify([*loaded.notices, *loaded.instance.warnings, *notices], quiet=quiet)
    comparison = with_progress(
        lambda progress, cancel: compare_baselines(
            loaded, loaded.settings, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    return max(
        EXIT_CODES[comparison.plan.status],
        STOPPED if comparison.interrupted else 0,
        _output_baselines(comparison, loaded, sample, csv, quiet=quiet),
    )


def _output_baselines(
    comparison: BaselineComparison,
    loaded: LoadResult,
    sample: Sample | None,
    csv: str | None,
    *,
    quiet: bool,
) -> int:
    """Print and write; 0, or BAD_INPUT when the file could not be written after all."""
    console = plain_output_console()
    if not comparison.attempts:
        (print_plan_report if comparison.plan.status == "infeasible" else print_plan_verdict)(
            comparison.plan, console
        )
        return 0
    frame = baselines_table(comparison, loaded.instance)
    print_plan_verdict(comparison.plan, console)
    if sample is None:
        output_line(console, score_provenance_line(comparison.plan.content))
    output_table(console, "Baselines", frame, _baselines_columns(comparison, frame))
    if sample is not None:
        graded = grade_baselines(comparison, loaded.instance.arrival_rate, sample)
        rows = graded_baselines_table(graded)
        output_table(console, "By held-out grades", rows, GRADED)
        output_line(console, graded_baselines_line(comparison, graded))
        frame = frame.merge(rows, on="Baseline", how="left")
    if quiet:
        _print_guesses(console, comparison)
    else:
        _print_baselines_details(console, comparison)
    return framed_csv_write(frame, csv, "rows")


def _baselines_number(digits: int, *, sign: bool = False) -> Callable[[Any], str]:
    """Write a number to so many digits, `-` for none; what rounds to zero has no sign."""

    def baselines_number_text(value: Any) -> str:
        if pd.isna(value):
            return "-"
        rounded = round(float(value), digits)
        return (
            f"{rounded:{'+' if sign and rounded else ''},.{digits}f}"
            if rounded
            else f"{0:.{digits}f}"
        )

    return baselines_number_text


def _baselines_columns(comparison: BaselineComparison, frame: pd.DataFrame) -> list[Column]:
    """What the terminal shows of the table, within 80 columns."""
    unit, digits = ("USD/h", 2) if comparison.of_cost else ("mean score", 5)
    gain = next(
        header for header in frame.columns if header.endswith(f"of the joint plan ({unit})")
    )
    value: Column = (
        ("Cost (USD/h)", "cost\n(USD/h)", _baselines_number(2))
        if comparison.of_cost
        else ("Quality (mean score)", "quality\n(score)", _baselines_number(5))
    )
    remarks = [_short_remark(note) for note in frame["Note"]]
    shown: list[Column] = [
        *(("Baseline", "plan", str), ("GPUs used", "GPUs", _baselines_number(0))),
        *(("SLO met", "SLO", lambda met: "-" if pd.isna(met) else "met" if met else "MISSED"),),
        *(("SLO missed by (%)", "missed\nby (%)", _baselines_number(1)), value),
        *(
            (
                gain,
                "joint saves\n(USD/h)" if comparison.of_cost else "joint gains\n(score)",
                _baselines_number(digits, sign=True),
            ),
        ),
        *((gain.replace(f"({unit})", "(%)"), "\n(%)", _baselines_number(2, sign=True)),),
    ]
    return [*shown, ("Note", "", _short_remark)] if any(remarks) else shown


GRADED: list[Column] = [
    ("Baseline", "plan", str),
    ("Promised, graded prompts (mean score)", "promised\n(score)", _baselines_number(4)),
    ("Realised (mean grade)", "realised\n(grade)", _baselines_number(4)),
    (
        "Promised gain of the joint plan (mean score)",
        "joint gains\npromised",
        _baselines_number(4, sign=True),
    ),
    (
        "Realised gain of the joint plan (mean grade)",
        "\nrealised",
        _baselines_number(4, sign=True),
    ),
    (
        "Realised gain, 95 % from (mean grade)",
        "95 %\nfrom",
        _baselines_number(4, sign=True),
    ),
    ("Realised gain, 95 % to (mean grade)", "\nto", _baselines_number(4, sign=True)),
]


def _short_remark(note: Any) -> str:
    """What the terminal shows of a note."""
    return next((word for word in ("ties", "unfinished") if str(note).startswith(word)), "")


def _print_guesses(console: Console, comparison: BaselineComparison) -> None:
    """Print which assumption the rows of the two-stage baseline are."""
    for attempt in comparison.attempts:
        if attempt.name in TWO_STAGE and attempt.variant:
            output_line(console, f"{attempt.name} of 8 guesses: {attempt.variant}.", indent=2)


def _print_baselines_details(console: Console, comparison: BaselineComparison) -> None:
    """Print one paragraph per baseline: which variant, which setup, what is to be noted."""
    print_heading(console, "What each one decided")
    output_line(console, f"joint plan: {baseline_setup_words(comparison.plan.content)}.", indent=2)
    for attempt in comparison.attempts:
        setup = (
            [] if attempt.content is None else [f"setup: {baseline_setup_words(attempt.content)}"]
        )
        parts = [
            part
            for part in (attempt.variant, *setup, *baseline_row_notes(comparison, attempt))
            if part
        ]
        output_line(console, f"{attempt.name}: {'; '.join(parts)}.", indent=2)
