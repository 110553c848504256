"""The command `plan`: scenario -> instance -> solution -> plan -> report."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from planner import joint
from planner.assemble import Loaded, load_instance
from planner.console import plain_console, print_line, print_report, print_verdict, printable
from planner.csv_file import write_csv
from planner.errors import DataError
from planner.interrupt import Interrupt
from planner.marginals import Marginal, marginals
from planner.marginals_told import marginals_content
from planner.plan import Plan, json_text, tell, write_json
from planner.plan_source import PlanAndScenario
from planner.run_report_files import check_chart_folder, write_report
from planner.solution import Solution
from planner.watch import solve_watched
from profiles.faults import Fault

__all__ = ["BAD_INPUT", "EXIT_CODES", "Outputs", "check_writable", "put_csv", "run_plan", "settings_of", "tell_any_character", "warn"]

EXIT_CODES = {"optimal": 0, "infeasible": 3, "feasible": 4, "unknown": 5}
"""By the plan's status."""

BAD_INPUT = 2


@dataclass(frozen=True)
class Outputs:
    """What is written beside the terminal. json: file, "-" for standard output and nothing else there; xlsx: file; charts: folder."""

    json: str | None = None
    xlsx: str | None = None
    charts: str | None = None

    def check(self) -> None:
        """Raise DataError for what cannot be written."""
        for path, option in ((self.json, "--json"), (self.xlsx, "--xlsx")):
            if path is not None and (path != "-" or option == "--xlsx"):
                check_writable(Path(path), option)
        if self.charts is not None:
            check_chart_folder(Path(self.charts))


def run_plan(scenario: Path, overrides: Sequence[str], outputs: Outputs, quiet: bool, interrupt: Interrupt, marginal: bool = False) -> int:
    """Plan, write and report; return the exit code. Raises VerificationError (a bug) when the plan fails its check.

    marginal: plan again with every limit moved by a unit.
    """
    tell_any_character()
    try:
        outputs.check()
        source = make_plan(scenario, overrides, interrupt, quiet, marginal)
    except DataError as error:
        warn([*(f"Notice: {notice}" for notice in error.notices), *str(error).splitlines()])
        return BAD_INPUT
    return max(EXIT_CODES[source.plan.status], _hand_out(source, outputs, quiet))


def make_plan(scenario: Path, overrides: Sequence[str], interrupt: Interrupt, quiet: bool, marginal: bool = False) -> PlanAndScenario:
    """Make the plan of a scenario file, notices told on standard error on the way. DataError for bad input, VerificationError for a bug."""
    start = time.perf_counter()
    loaded = load_instance(scenario, overrides)
    seconds = time.perf_counter() - start
    if not quiet:
        warn([f"Notice: {notice}" for notice in dict.fromkeys([*loaded.notices, *loaded.instance.warnings])])
    settings = settings_of(loaded)
    solution = solve_watched(joint.solve, loaded.instance, settings, interrupt, show=not quiet)
    plan = tell(loaded, solution, settings, {"load": seconds})
    if marginal and solution.has_plan and not interrupt.cancel.is_set():
        found = solve_watched(_moving(solution), loaded.instance, settings, interrupt, show=not quiet)
        context = {**plan.content["context"], "marginals": marginals_content(found)}
        plan = Plan({**plan.content, "context": context})
    return PlanAndScenario(plan, loaded)


def _moving(solution: Solution) -> Callable[..., tuple[Marginal, ...]]:
    """`marginals` in the shape of a solve."""
    return lambda instance, settings, *, progress, cancel: marginals(instance, solution, settings, progress=progress, cancel=cancel)


def settings_of(loaded: Loaded) -> joint.Settings:
    """How the scenario asks for its search."""
    asked = loaded.scenario.spec.solver
    return joint.Settings(rel_gap=asked.rel_gap, time_limit=asked.time_limit_s, threads=asked.threads, seed=asked.seed)


def _hand_out(source: PlanAndScenario, outputs: Outputs, quiet: bool) -> int:
    """Write and print; 0, or BAD_INPUT when a file could not be written after all (the report still comes)."""
    plan, written, code = source.plan, {}, 0
    if outputs.json is not None and outputs.json != "-":
        try:
            write_json(plan, outputs.json)
            written["plan.json"] = outputs.json
        except OSError as error:
            code = _not_written(outputs.json, error)
    try:
        written |= write_report(source, outputs.xlsx, outputs.charts) if outputs.xlsx or outputs.charts else {}
    except OSError as error:
        code = _not_written(outputs.xlsx or outputs.charts, error)
    if outputs.json == "-":
        sys.stdout.write(json_text(plan.content))
    elif quiet:
        print_verdict(plan, plain_console())
    else:
        print_report(plan, plain_console(), written)
    return code


def _not_written(path: str | None, error: OSError) -> int:
    warn([f"{error.filename or path}: cannot be written ({error.strerror}); free space or name another place"])
    return BAD_INPUT


def put_csv(frame: pd.DataFrame, path: str | None, what: str) -> int:
    """Write a table where it was asked for and say so (`what`: of its rows); 0, or BAD_INPUT when it could not be written after all."""
    if path is None:
        return 0
    try:
        write_csv(frame, Path(path))
    except OSError as error:
        return _not_written(path, error)
    print_line(plain_console(), f"{len(frame):,} {what} written to {path}")
    return 0


def check_writable(path: Path, option: str) -> None:
    """Raise DataError before the search rather than after it: a folder that is missing, read-only, or a name that is a folder."""
    if path.is_dir():
        raise DataError([Fault(str(path), "", "", f"{option} names a folder", "name a file in it")])
    if not path.parent.is_dir():
        raise DataError(
            [Fault(str(path), "", "", f"{option} names a file in a folder that does not exist", f"make the folder {path.parent} first")]
        )
    if not os.access(path.parent, os.W_OK):
        raise DataError([Fault(str(path), "", "", f"{option} names a file in a folder that is not writable", "name another place")])


def tell_any_character() -> None:
    """Tell a character that the terminal's encoding lacks by its code instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def warn(lines: Sequence[str]) -> None:
    """Print lines on standard error, as they are but for control characters."""
    for line in lines:
        print(printable(line), file=sys.stderr)
