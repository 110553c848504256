"""The commands that plan many times: baselines, all setups, independent check, sweeps, tornado and
thresholds.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import Dask, Jobs, Overrides, Ray, ScenarioPath
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["study_app"]

study_app = typer.Typer()

TableOfStudy = Annotated[
    str | None, typer.Option(metavar="PATH", help="Write the table as CSV.", show_default=False)
]


@study_app.command(epilog=(f"Example: {PROGRAM} baselines scenario.yaml --csv baselines.csv"))
def baselines(
    scenario: ScenarioPath,
    grades: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="True grades of the scenario's prompts: what each plan gives by them.",
            show_default=False,
        ),
    ] = None,
    csv: TableOfStudy = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print verdict and table alone; no progress, no notices."),
    ] = False,
) -> None:
    """Compare the joint plan with simpler ways to decide.

    Equal split, size-proportional, isolated, two-stage, single LLM, cascade, PORT.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 stopped by a limit or Ctrl-C with what there
    was until then, 5 stopped without a plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.baselines import run_baselines

        code = run_baselines(
            scenario, list(overrides or []), csv, interrupt, grades=grades, quiet=quiet
        )
    raise typer.Exit(code)


@study_app.command(epilog=(f"Example: {PROGRAM} setups scenario.yaml --csv setups.csv --top 5"))
def setups(
    scenario: ScenarioPath,
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write one row per setup; an interrupted study resumes from it.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, metavar="N", help="Show the N best setups.")] = 10,
    exact_packing: Annotated[
        bool,
        typer.Option(
            "--exact-packing", help="Keep every setup that fits, not only those first-fit places."
        ),
    ] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Route only setups that may be best; no median, no worst."),
    ] = False,
    jobs: Jobs = 0,
    overrides: Overrides = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print counts and spread alone; no progress, no notices."),
    ] = False,
) -> None:
    """Route every setup and compare them.

    Best routing and quality of each, and how far the best and the worst lie apart.

    Exit codes: 0 done, 2 bad input, 3 no setup is feasible, 4 stopped with some setups routed, 5
    stopped without one.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.setups import SetupsOptions, run_setups

        code = run_setups(
            scenario,
            list(overrides or []),
            SetupsOptions(
                csv=csv,
                top=top,
                exact_packing=exact_packing,
                prune=prune,
                jobs=jobs,
                quiet=quiet,
            ),
            interrupt,
        )
    raise typer.Exit(code)


@study_app.command(epilog=f"Example: {PROGRAM} check scenario.yaml")
def check(
    scenario: ScenarioPath,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")
    ] = False,
) -> None:
    """Check the joint plan by an independent method.

    It shares no mathematics with the optimiser: all setups, each routed by dual prices. Of several
    classes in a case, and where money counts, it has bounds alone.

    Exit codes: 0 agree or brackets, 2 bad input, 5 stopped before there was anything to compare, 6
    disagree or contradicts.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.check import run_check

        code = run_check(scenario, list(overrides or []), interrupt, quiet=quiet)
    raise typer.Exit(code)


@study_app.command(
    epilog=(
        f"Example: {PROGRAM} sweep scenario.yaml --vary arrival_rate_rps=40:80:5 --csv rates.csv"
    )
)
def sweep(
    scenario: ScenarioPath,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=...",
            help="KEY=START:STOP:STEP or KEY=V1,V2,...; several = product.",
            show_default=False,
        ),
    ],
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write .csv or .parquet as points finish; an interrupted sweep resumes from it.",
            show_default=False,
        ),
    ] = None,
    jobs: Jobs = 0,
    dask: Dask = None,
    ray: Ray = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the counts alone; no progress, no notices.")
    ] = False,
) -> None:
    """Plan a scenario at every point of a grid.

    Gives frontiers of quality or cost against rate, SLO, nodes, prices.

    Exit codes: 0 done (also with infeasible rows), 2 bad input, 4 stopped with some points, 5
    stopped without one.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.sweep import SweepOptions, run_sweep

        code = run_sweep(
            scenario,
            list(overrides or []),
            SweepOptions(vary=tuple(vary), out=csv, jobs=jobs, dask=dask, ray=ray, quiet=quiet),
            interrupt,
        )
    raise typer.Exit(code)


@study_app.command(epilog=f"Example: {PROGRAM} tornado scenario.yaml --csv tornado.csv")
def tornado(
    scenario: ScenarioPath,
    percent: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=90,
            metavar="P",
            help="Move every input by P per cent; nodes by whole ones.",
        ),
    ] = 10.0,
    csv: TableOfStudy = None,
    jobs: Jobs = 0,
    dask: Dask = None,
    ray: Ray = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print today's plan alone; no progress, no notices.")
    ] = False,
) -> None:
    """Rank the inputs by how much they move the plan.

    Rate, SLO limits, prices, scores and latencies of each LLM, nodes, headroom, required quality,
    budget: each lower and higher, planned again.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 stopped with some ends, 5 stopped without a
    plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.tornado import TornadoOptions, run_tornado

        options = TornadoOptions(
            percent=percent, csv=csv, jobs=jobs, dask=dask, ray=ray, quiet=quiet
        )
        code = run_tornado(scenario, list(overrides or []), options, interrupt)
    raise typer.Exit(code)


@study_app.command(epilog=f"Example: {PROGRAM} thresholds scenario.yaml --precision 0.5")
def thresholds(
    scenario: ScenarioPath,
    precision: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=50,
            metavar="P",
            help="Find each threshold to P per cent of today's value.",
        ),
    ] = 1.0,
    csv: TableOfStudy = None,
    jobs: Jobs = 0,
    dask: Dask = None,
    ray: Ray = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the thresholds alone; no progress, no notices.")
    ] = False,
) -> None:
    """Find how far rate and prices may move with the same setup.

    By bisection over plans made again. Prices only where cost is minimised or bounded.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 stopped with some thresholds, 5 stopped without
    a plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.thresholds import ThresholdsOptions, run_thresholds

        options = ThresholdsOptions(
            precision=precision, csv=csv, jobs=jobs, dask=dask, ray=ray, quiet=quiet
        )
        code = run_thresholds(scenario, list(overrides or []), options, interrupt)
    raise typer.Exit(code)
