"""The command `plan`: scenario -> instance -> solution -> plan -> report."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from planner import joint
from planner.assemble import Loaded, load_instance
from planner.console import plain_console, print_report, print_verdict, printable
from planner.errors import DataError
from planner.interrupt import Interrupt
from planner.plan import Plan, json_text, tell, write_json
from planner.watch import solve_watched
from profiles.faults import Fault

__all__ = ["BAD_INPUT", "EXIT_CODES", "check_writable", "run_plan", "settings_of", "tell_any_character", "warn"]

EXIT_CODES = {"optimal": 0, "infeasible": 3, "feasible": 4, "unknown": 5}
"""By the plan's status."""

BAD_INPUT = 2


def run_plan(scenario: Path, overrides: Sequence[str], json_path: str | None, quiet: bool, interrupt: Interrupt) -> int:
    """Plan, write and report; return the exit code.

    json_path: where plan.json goes, "-" for standard output and nothing else there. Raises VerificationError (a bug) when the plan
    fails its check.
    """
    tell_any_character()
    try:
        if json_path not in (None, "-"):
            check_writable(Path(json_path or ""), "--json")
        plan = make_plan(scenario, overrides, interrupt, quiet)
    except DataError as error:
        warn([*(f"Notice: {notice}" for notice in error.notices), *str(error).splitlines()])
        return BAD_INPUT
    return max(EXIT_CODES[plan.status], _hand_out(plan, json_path, quiet))


def make_plan(scenario: Path, overrides: Sequence[str], interrupt: Interrupt, quiet: bool) -> Plan:
    """Make the plan of a scenario file, notices told on standard error on the way. DataError for bad input, VerificationError for a bug."""
    start = time.perf_counter()
    loaded = load_instance(scenario, overrides)
    seconds = time.perf_counter() - start
    if not quiet:
        warn([f"Notice: {notice}" for notice in dict.fromkeys([*loaded.notices, *loaded.instance.warnings])])
    settings = settings_of(loaded)
    solution = solve_watched(joint.solve, loaded.instance, settings, interrupt, show=not quiet)
    return tell(loaded, solution, settings, {"load": seconds})


def settings_of(loaded: Loaded) -> joint.Settings:
    """How the scenario asks for its search."""
    asked = loaded.scenario.spec.solver
    return joint.Settings(rel_gap=asked.rel_gap, time_limit=asked.time_limit_s, threads=asked.threads, seed=asked.seed)


def _hand_out(plan: Plan, json_path: str | None, quiet: bool) -> int:
    """Write and print; 0, or BAD_INPUT when the file could not be written after all (the report still comes)."""
    if json_path == "-":
        sys.stdout.write(json_text(plan.content))
        return 0
    written, code = {}, 0
    if json_path is not None:
        try:
            write_json(plan, json_path)
            written["plan.json"] = json_path
        except OSError as error:
            warn([f"{json_path}: cannot be written ({error.strerror}); free space or name another place"])
            code = BAD_INPUT
    if quiet:
        print_verdict(plan, plain_console())
    else:
        print_report(plan, plain_console(), written)
    return code


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
