"""The command `report`: plan and scenario -> what is asked beside it -> workbook, charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planner.cli.terminal.frame import EXIT_CODES, framed, put
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_console, print_line
from planner.cli.terminal.plan_report import print_verdict
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.report_files import check_chart_folder, write_report
from planner.export.report_studies import KINDS, ReportStudy, run_report_study
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan
from profiles.io.faults import Fault, nearest
from profiles.io.writing import check_writable

__all__ = ["ReportAsked", "run_report"]


@dataclass(frozen=True)
class ReportAsked:
    """What is asked.

    scenario: where it is not where the plan says; kinds: as --with; charts: folder.
    """

    xlsx: str | None
    charts: str | None
    scenario: str | None
    kinds: str
    quiet: bool


@framed
def run_report(plan: Path, asked: ReportAsked, interrupt: Interrupt) -> int:
    """Compute what is asked beside the plan, write, tell; return the exit code: 4 when it was
    stopped with some of it computed.
    """
    kinds = _kinds(asked.kinds)
    if asked.xlsx is None and asked.charts is None:
        raise DataError(
            [
                Fault(
                    "report",
                    "",
                    "",
                    "nothing is to be written",
                    "name a workbook with --xlsx, or a folder with --charts",
                )
            ]
        )
    if asked.xlsx is not None:
        check_writable(Path(asked.xlsx), "--xlsx")
    if asked.charts is not None:
        check_chart_folder(Path(asked.charts))
    source = load_plan(plan, None if asked.scenario is None else Path(asked.scenario))
    extras = _extras(source, kinds, asked.quiet, interrupt)
    complete = all(one.complete for one in extras) and len(extras) == (
        len(kinds) if source.plan.content["options"] else 0
    )
    frames = {name: frame for one in extras for name, frame in one.tables.items()}
    notes = [note for one in extras for note in one.notes]
    written: dict[str, str] = {}
    code = put(
        asked.xlsx or asked.charts,
        lambda: written.update(write_report(source, asked.xlsx, asked.charts, (frames, notes))),
    )
    if code:
        return code
    console = plain_console()
    if not asked.quiet:
        print_verdict(source.plan, console)
    if kinds and not source.plan.content["options"]:
        print_line(console, f"There is no setup to compare: {', '.join(kinds)} left out.")
        complete = True
    for what, where in written.items():
        print_line(console, f"{what} written to {where}")
    return 0 if complete else EXIT_CODES["feasible"]


def _kinds(text: str) -> list[str]:
    """Read --with; DataError for a word that is none of KINDS."""
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    faults = [
        Fault(
            "--with",
            "",
            repr(kind),
            "this is nothing that can be computed",
            f"{nearest(kind, KINDS)}it takes {', '.join(KINDS)}",
        )
        for kind in kinds
        if kind not in KINDS
    ]
    if faults:
        raise DataError(faults)
    return list(dict.fromkeys(kinds))


def _extras(
    source: PlanAndScenario, kinds: Sequence[str], quiet: bool, interrupt: Interrupt
) -> list[ReportStudy]:
    """Compute one kind after the other; after Ctrl-C those left are left out."""
    found: list[ReportStudy] = []
    for kind in kinds if source.plan.content["options"] else ():
        if interrupt.cancel.is_set():
            break
        found.append(
            with_progress(
                partial(run_report_study, kind, source, source.loaded.settings),
                interrupt,
                show=not quiet,
            )
        )
    return found
