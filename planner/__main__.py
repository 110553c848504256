"""The command line: arguments, exit codes and calls, nothing else.

Exit codes: 0 done, 1 a bug, 2 bad input or usage, 3 infeasible, 4 stopped by a limit with a plan, 5 stopped without one.
Results go to standard output, progress and warnings to standard error.

Everything but typer is imported inside the commands: `--help` is to answer within 0.3 s of Python's own start, and pandas and Pyomo
alone take longer.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

if not __package__:
    print("Run the planner as a module from its checkout's folder: python -m planner --help", file=sys.stderr)
    sys.exit(2)

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's products here are small: threads only wait for each other

import typer

from planner.checkout import foreign_packages
from planner.interrupt import Interrupt
from planner.version import VERSION

BAD_INPUT = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Plans how several LLMs share one GPU cluster and which prompt goes where, with a proof.",
    epilog="Example: python -m planner plan examples/paper-trio/scenario.yaml",
)

ScenarioPath = Annotated[Path, typer.Argument(metavar="SCENARIO", help="The scenario file (scenario.yaml).", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace one value of the scenario, e.g. slo.0.limit_ms=400; may be repeated.",
        show_default=False,
    ),
]


def _version(asked: bool) -> None:
    if asked:
        print(f"planner {VERSION}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)] = False,
) -> None:
    """Refuse to run when another package of one of our names would be taken."""
    faults = foreign_packages()
    for fault in faults:
        _warn(fault)
    if faults:
        raise typer.Exit(BAD_INPUT)


@app.command(epilog="Example: python -m planner plan scenario.yaml --set arrival_rate_rps=80 --json plan.json")
def plan(
    scenario: ScenarioPath,
    json: Annotated[
        str | None, typer.Option(metavar="PATH|-", help="Write plan.json; - prints nothing but JSON.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds for the search, as --set solver.time_limit_s=S.", show_default=False)
    ] = None,
    rel_gap: Annotated[
        float | None, typer.Option(metavar="G", help="Relative gap to close, as --set solver.rel_gap=G.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")] = False,
) -> None:
    """Find the best plan of a scenario: setup, placement and routing, with a bound that proves how good it is.

    Exit codes: 0 gap closed, 2 bad input, 3 infeasible (conflict and repairs are told), 4 stopped by a limit with a plan, 5 without one.
    """
    changes = list(overrides or [])
    changes += [] if time_limit is None else [f"solver.time_limit_s={time_limit!r}"]
    changes += [] if rel_gap is None else [f"solver.rel_gap={rel_gap!r}"]
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.run_plan import run_plan

        code = run_plan(scenario, changes, json, quiet, interrupt)
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner baselines examples/paper-trio/scenario.yaml --csv baselines.csv")
def baselines(
    scenario: ScenarioPath,
    csv: Annotated[str | None, typer.Option(metavar="PATH", help="Write the table as CSV.", show_default=False)] = None,
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print verdict and table alone; no progress, no notices.")] = False,
) -> None:
    """Compare the joint plan with simpler ways to decide: equal split, size-proportional, isolated, two-stage, single LLM, cascade.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 stopped by a limit or Ctrl-C with what there was until then, 5 stopped without a plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.run_baselines import run_baselines

        code = run_baselines(scenario, list(overrides or []), csv, quiet, interrupt)
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner setups examples/paper-trio/scenario.yaml --csv setups.csv --top 5")
def setups(
    scenario: ScenarioPath,
    csv: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write one row a setup; an interrupted study goes on there.", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option(min=0, metavar="N", help="Show the N best setups.")] = 10,
    exact_packing: Annotated[bool, typer.Option("--exact-packing", help="Retain what any placement holds, not first-fit alone.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Route only what may be the best; no median, no worst.")] = False,
    jobs: Annotated[int, typer.Option(min=0, metavar="N", help="Processes; 0 = one a core.")] = 0,
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print counts and spread alone; no progress, no notices.")] = False,
) -> None:
    """Study every retained setup: its best routing and quality, and how far the best and the worst lie apart.

    Exit codes: 0 done, 2 bad input, 3 no setup is feasible, 4 stopped with some setups routed, 5 stopped without one.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.run_setups import Wanted, run_setups

        code = run_setups(scenario, list(overrides or []), Wanted(csv, top, exact_packing, prune, jobs, quiet), interrupt)
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner check examples/paper-trio/scenario.yaml")
def check(
    scenario: ScenarioPath,
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")] = False,
) -> None:
    """Check the joint plan against a second road that shares no mathematics with it: all setups, each routed by dual prices.

    Exit codes: 0 agree or brackets, 2 bad input, 5 stopped before there was anything to compare, 6 disagree or contradicts.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.run_check import run_check

        code = run_check(scenario, list(overrides or []), quiet, interrupt)
    raise typer.Exit(code)


def _warn(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    app(prog_name="python -m planner")
