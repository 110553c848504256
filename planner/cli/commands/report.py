"""The command `report`: plan and scenario -> what --with lists -> workbook, charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planner.cli.terminal.cells_report import print_cells_verdict
from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_write
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import output_line, plain_output_console
from planner.cli.terminal.plan_input import load_any_plan_input
from planner.cli.terminal.plan_report import print_plan_verdict
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.export.report_files import check_report_chart_folder, write_report_files
from planner.export.report_studies import KINDS, ReportStudy, run_report_study
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.writing import check_writable

__all__ = ["ReportOptions", "run_report"]


@dataclass(frozen=True)
class ReportOptions:
    """Options of the command.

    scenario: where it is not where the plan says; kinds: as --with; charts: folder.
    """

    xlsx: str | None
    charts: str | None
    scenario: str | None
    kinds: str
    quiet: bool
    unverified: bool = False


@framed_command
def run_report(plan: Path, options: ReportOptions, interrupt: Interrupt) -> int:
    """Compute what --with lists, write and print; return the exit code: 4 when it was
    stopped with some of it computed.
    """
    kinds = _report_kinds(options.kinds)
    if options.xlsx is None and options.charts is None:
        raise DataError(
            [
                Fault(
                    "report",
                    "",
                    "",
                    "there is nothing to write",
                    "name a workbook with --xlsx, or a folder with --charts",
                )
            ]
        )
    if options.xlsx is not None:
        check_writable(Path(options.xlsx), "--xlsx")
    if options.charts is not None:
        check_report_chart_folder(Path(options.charts))
    source = load_any_plan_input(plan, options.scenario, unverified=options.unverified)
    if isinstance(source, CellsPlanAndScenario):
        return _run_cells_report(plan, source, options, kinds)
    extras = _run_report_studies(source, kinds, interrupt, quiet=options.quiet)
    complete = all(one.complete for one in extras) and len(extras) == (
        len(kinds) if source.plan.content["options"] else 0
    )
    frames = {name: frame for one in extras for name, frame in one.tables.items()}
    notes = [note for one in extras for note in one.notes]
    written: dict[str, str] = {}
    code = framed_write(
        options.xlsx or options.charts,
        lambda: written.update(
            write_report_files(source, options.xlsx, options.charts, (frames, notes))
        ),
    )
    if code:
        return code
    console = plain_output_console()
    if not options.quiet:
        print_plan_verdict(source.plan, console)
    if kinds and not source.plan.content["options"]:
        output_line(console, f"No setup to compare: {', '.join(kinds)} left out.")
        complete = True
    for what, where in written.items():
        output_line(console, f"{what} written to {where}")
    return 0 if complete else EXIT_CODES["feasible"]


def _run_cells_report(
    file: Path, source: CellsPlanAndScenario, options: ReportOptions, kinds: Sequence[str]
) -> int:
    """The same for a plan over classes and cases, of which no study is known yet."""
    if kinds:
        problem = "no study knows plans of classes and cases yet"
        fix = "leave --with out"
        raise DataError([Fault(str(file), "--with", ",".join(kinds), problem, fix)])
    written: dict[str, str] = {}
    code = framed_write(
        options.xlsx or options.charts,
        lambda: written.update(
            write_cells_report_files(
                source.plan.content, source.loaded, options.xlsx, options.charts
            )
        ),
    )
    if code:
        return code
    console = plain_output_console()
    if not options.quiet:
        print_cells_verdict(source.plan.content, console)
    for what, where in written.items():
        output_line(console, f"{what} written to {where}")
    return 0


def _report_kinds(text: str) -> list[str]:
    """Read --with; DataError for a word that is none of KINDS."""
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    faults = [
        Fault(
            "--with",
            "",
            repr(kind),
            "unknown kind",
            f"{fault_spelling_guess(kind, KINDS)}it takes {', '.join(KINDS)}",
        )
        for kind in kinds
        if kind not in KINDS
    ]
    if faults:
        raise DataError(faults)
    return list(dict.fromkeys(kinds))


def _run_report_studies(
    source: PlanAndScenario, kinds: Sequence[str], interrupt: Interrupt, *, quiet: bool
) -> list[ReportStudy]:
    """Compute one kind after the other; after Ctrl-C the rest are left out."""
    studies: list[ReportStudy] = []
    for kind in kinds if source.plan.content["options"] else ():
        if interrupt.cancel.is_set():
            break
        studies.append(
            with_progress(
                partial(run_report_study, kind, source, source.loaded.settings),
                interrupt,
                show=not quiet,
            )
        )
    return studies
