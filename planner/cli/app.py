"""The command line: every command, and what comes before it.

Exit codes: 0 done, 1 a bug, 2 bad input or usage, 3 infeasible, 4 stopped by a limit with a plan, 5
stopped without one. Results go to standard output, progress and warnings to standard error.

The `*_app` modules declare arguments; what a command does is imported inside it: `--help` answers
within 0.3 s of Python's own start, and pandas and Pyomo alone take longer.
"""

import gc
import os
import signal
import sys
from typing import Annotated

import typer

from planner.cli.demand_app import demand_app
from planner.cli.library_app import library_app
from planner.cli.operation_app import operation_app
from planner.cli.own_packages import foreign_packages
from planner.cli.plan_app import plan_app
from planner.cli.profile_app import profile_app
from planner.cli.scores_app import scores_app
from planner.cli.start_app import start_app
from planner.cli.study_app import study_app
from planner.postponed_imports import postpone_imports
from planner.program import COMMAND, PROGRAM
from planner.stoppable_run import end_without_left_runs
from planner.version import VERSION

__all__ = ["app", "run"]

# numpy's products here are small: threads only wait for each other. Nothing imported so far has
# imported numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BAD_INPUT = 2

app = typer.Typer(
    # A shell completes the name of a command, which `python -m planner` is not.
    add_completion=PROGRAM == COMMAND,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Plans how several LLMs share one GPU cluster and which prompt goes where, with a proof.",
    epilog=f"Example: {PROGRAM} init --example paper-trio, then {PROGRAM} plan"
    " paper-trio/scenario.yaml",
)

for _commands in (plan_app, study_app, operation_app, start_app):
    app.add_typer(_commands)
app.add_typer(profile_app, name="profile")
app.add_typer(scores_app, name="scores")
app.add_typer(demand_app, name="demand")
app.add_typer(library_app, name="library")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"planner {VERSION}")
        raise typer.Exit


@app.callback()
def app_without_foreign_packages(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Refuse to run when another package of one of our names would be taken."""
    faults = foreign_packages()
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise typer.Exit(BAD_INPUT)


def run() -> None:
    """Run the command line: `llm-planner` or `python -m planner`."""
    postpone_imports()
    try:
        app(prog_name=PROGRAM)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        end_without_left_runs(os._exit, code)
        # All is done and written: a late Ctrl-C would only end the interpreter by its signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # The interpreter would look through all that is left for garbage, three times and for 0.3 s
        # of a plan of 100,000 GPUs, before it gives the memory back.
        gc.freeze()
        raise
