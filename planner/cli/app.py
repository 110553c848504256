"""The command line: arguments, exit codes and calls, nothing else.

Exit codes: 0 done, 1 a bug, 2 bad input or usage, 3 infeasible, 4 stopped by a limit with a plan, 5
stopped without one. Results go to standard output, progress and warnings to standard error.

Everything but typer is imported inside the commands: `--help` is to answer within 0.3 s of Python's
own start, and pandas and Pyomo alone take longer.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import ItsScenario, Overrides, PlanPath, ReportPath, ScenarioPath
from planner.cli.checkout import foreign_packages
from planner.cli.profile_app import profile_app
from planner.cli.terminal.interrupt import Interrupt
from planner.version import VERSION

__all__ = ["app", "run"]

# numpy's products here are small: threads only wait for each other. Nothing imported so far has
# imported numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BAD_INPUT = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Plans how several LLMs share one GPU cluster and which prompt goes where, with a proof.",
    epilog="Example: python -m planner plan examples/paper-trio/scenario.yaml",
)

app.add_typer(profile_app, name="profile")


def _version(asked: bool) -> None:
    if asked:
        print(f"planner {VERSION}")
        raise typer.Exit


@app.callback()
def refuse_foreign_packages(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Refuse to run when another package of one of our names would be taken."""
    faults = foreign_packages()
    for fault in faults:
        _warn(fault)
    if faults:
        raise typer.Exit(BAD_INPUT)


@app.command(
    epilog=(
        "Example: python -m planner plan scenario.yaml --set arrival_rate_rps=80 --json plan.json"
    )
)
def plan(
    scenario: ScenarioPath,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-", help="Write plan.json; - prints nothing but JSON.", show_default=False
        ),
    ] = None,
    xlsx: ReportPath = None,
    charts: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write charts as PNG and SVG files.", show_default=False),
    ] = None,
    overrides: Overrides = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Seconds for the search, as --set solver.time_limit_s=S.",
            show_default=False,
        ),
    ] = None,
    rel_gap: Annotated[
        float | None,
        typer.Option(
            metavar="G",
            help="Relative gap to close, as --set solver.rel_gap=G.",
            show_default=False,
        ),
    ] = None,
    marginals: Annotated[
        bool,
        typer.Option(
            "--marginals",
            help=(
                "Plan again with one node, 10 ms, 1 req/s more and less, and tell what it is worth."
            ),
        ),
    ] = False,
    near: Annotated[
        int,
        typer.Option(
            min=0,
            max=50,
            metavar="N",
            help="Tell the N next best setups, and the one on fewest GPUs.",
        ),
    ] = 0,
    near_loss: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            metavar="PCT",
            help="What they may lose of the objective, in per cent.",
        ),
    ] = 1.0,
    current: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN",
            help="The plan that runs: seats are kept; with --near, fewest changes from it.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", help="Print the verdict and repairs alone; no progress, no notices."
        ),
    ] = False,
) -> None:
    """Find the best plan of a scenario: setup, placement and routing, with a bound that proves how
    good it is.

    Exit codes: 0 gap closed, 2 bad input, 3 infeasible (conflict and repairs are told), 4 stopped
    by a limit with a plan, 5 without one.
    """
    changes = list(overrides or [])
    changes += [] if time_limit is None else [f"solver.time_limit_s={time_limit!r}"]
    changes += [] if rel_gap is None else [f"solver.rel_gap={rel_gap!r}"]
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.plan import Further, Outputs, run_plan

        code = run_plan(
            scenario,
            changes,
            Outputs(json, xlsx, charts),
            quiet,
            interrupt,
            Further(marginals, near, near_loss, current),
        )
    raise typer.Exit(code)


@app.command(
    epilog=(
        "Example: python -m planner report plan.json --xlsx report.xlsx --with baselines,frontier"
    )
)
def report(
    plan: PlanPath,
    xlsx: ReportPath = None,
    charts: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write charts as PNG and SVG files.", show_default=False),
    ] = None,
    scenario: ItsScenario = None,
    kinds: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="LIST",
            help="Compute too: setups,baselines,frontier,sensitivity.",
            show_default=False,
        ),
    ] = "",
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell only where the files are; no progress.")
    ] = False,
) -> None:
    """Report a plan: a workbook with live costs and checks, and charts; on demand with baselines,
    frontiers and the study of setups.

    Exit codes: 0 done, 2 bad input, 4 stopped with part of it computed.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.report import ReportAsked, run_report

        code = run_report(plan, ReportAsked(xlsx, charts, scenario, kinds, quiet), interrupt)
    raise typer.Exit(code)


@app.command(
    epilog=(
        "Example: python -m planner baselines examples/paper-trio/scenario.yaml --csv baselines.csv"
    )
)
def baselines(
    scenario: ScenarioPath,
    csv: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write the table as CSV.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print verdict and table alone; no progress, no notices."),
    ] = False,
) -> None:
    """Compare the joint plan with simpler ways to decide: equal split, size-proportional, isolated,
    two-stage, single LLM, cascade.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 stopped by a limit or Ctrl-C with what there
    was until then, 5 stopped without a plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.baselines import run_baselines

        code = run_baselines(scenario, list(overrides or []), csv, quiet, interrupt)
    raise typer.Exit(code)


@app.command(
    epilog=(
        "Example: python -m planner setups examples/paper-trio/scenario.yaml --csv setups.csv"
        " --top 5"
    )
)
def setups(
    scenario: ScenarioPath,
    csv: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write one row a setup; an interrupted study goes on there.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, metavar="N", help="Show the N best setups.")] = 10,
    exact_packing: Annotated[
        bool,
        typer.Option(
            "--exact-packing", help="Retain what any placement holds, not first-fit alone."
        ),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Route only what may be the best; no median, no worst.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=0, metavar="N", help="Processes; 0 = one a core.")] = 0,
    overrides: Overrides = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print counts and spread alone; no progress, no notices."),
    ] = False,
) -> None:
    """Study every retained setup: its best routing and quality, and how far the best and the worst
    lie apart.

    Exit codes: 0 done, 2 bad input, 3 no setup is feasible, 4 stopped with some setups routed, 5
    stopped without one.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.setups import Wanted, run_setups

        code = run_setups(
            scenario,
            list(overrides or []),
            Wanted(csv, top, exact_packing, prune, jobs, quiet),
            interrupt,
        )
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner check examples/paper-trio/scenario.yaml")
def check(
    scenario: ScenarioPath,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")
    ] = False,
) -> None:
    """Check the joint plan against a second road that shares no mathematics with it: all setups,
    each routed by dual prices.

    Exit codes: 0 agree or brackets, 2 bad input, 5 stopped before there was anything to compare, 6
    disagree or contradicts.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.check import run_check

        code = run_check(scenario, list(overrides or []), quiet, interrupt)
    raise typer.Exit(code)


@app.command(
    epilog=(
        "Example: python -m planner sweep scenario.yaml --vary arrival_rate_rps=40:80:5 --csv"
        " rates.csv"
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
            help="Write .csv or .parquet as points finish; resumable.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, metavar="N", help="Processes; 0 = one a core.")] = 0,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Plan on the Dask cluster there.", show_default=False),
    ] = None,
    overrides: Overrides = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the counts alone; no progress, no notices.")
    ] = False,
) -> None:
    """Plan a scenario at every point of a grid: frontiers of quality or cost against rate, SLO,
    nodes, prices.

    Exit codes: 0 done (also with infeasible rows), 2 bad input, 4 stopped with some points, 5
    stopped without one.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.sweep import Grid, run_sweep

        code = run_sweep(
            scenario, list(overrides or []), Grid(tuple(vary), csv, jobs, dask, quiet), interrupt
        )
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner diff old.json new.json")
def diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="PLAN", help="The plan that runs (plan.json).", show_default=False),
    ],
    new: Annotated[
        Path, typer.Argument(metavar="PLAN", help="The plan to go to.", show_default=False)
    ],
) -> None:
    """What changes from one plan to another: what stays, starts, stops, moves, in an order in which
    no LLM falls short where one is found.

    Exit codes: 0 done, 2 bad input, 3 or 5 a plan has no setup.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.diff import run_diff

    raise typer.Exit(run_diff(old, new))


@app.command(
    epilog="Example: python -m planner route plan.json --scores other.csv --grades grades.csv"
)
def route(
    plan: PlanPath,
    scores: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Scores of other prompts; default: those of the plan.",
            show_default=False,
        ),
    ] = None,
    grades: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="True grades of the same prompts, in the shape of scores.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            help="Compute prices on this part, report the rest.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of the split and of the intervals.")
    ] = 0,
    rates: Annotated[
        bool,
        typer.Option(
            "--rates", help="Tell prices for 50 to 150 % of the rate, and how far the SLOs hold."
        ),
    ] = False,
    scenario: ItsScenario = None,
    csv: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write one row a routing as CSV.", show_default=False),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write everything as JSON; - prints nothing else.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")
    ] = False,
) -> None:
    """Route other prompts by a plan's prices: realised fractions, latency, quality, and what is
    gained over a single LLM.

    Exit codes: 0 the limits hold or it is open, 2 bad input, 3 or 5 no setup or stopped, 6 these
    prompts break a limit.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.route import RouteAsked, run_route

        code = run_route(
            plan,
            RouteAsked(scores, grades, split, seed, scenario, rates, csv, json, quiet),
            interrupt,
        )
    raise typer.Exit(code)


@app.command(epilog="Example: python -m planner simulate plan.json --cv 3")
def simulate(
    plan: PlanPath,
    scenario: ItsScenario = None,
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Replay the gaps of a trace (arrival_s).", show_default=False
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, max=1440.0, metavar="M", help="Length of one run.")
    ] = 10.0,
    cv: Annotated[
        float,
        typer.Option(min=0.1, max=20.0, metavar="C", help="Burstiness of arrivals; 1 = Poisson."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed.")] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress.")
    ] = False,
) -> None:
    """Replay a plan in a discrete-event simulation: predicted beside simulated latencies, realised
    fractions, and a verdict.

    Exit codes: 0 holds or open, 2 bad input, 3 or 5 the plan has no setup, 6 the plan misses its
    SLOs.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.simulate import Replay, run_simulate

        code = run_simulate(plan, Replay(scenario, trace, minutes, cv, seed, quiet), interrupt)
    raise typer.Exit(code)


@app.command(
    epilog="Example: python -m planner export plan.json --to deploy --only compose,litellm"
)
def export(
    plan: PlanPath,
    to: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder to write to; new or empty.", show_default=False),
    ],
    only: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of shell,compose,kubernetes,litellm,router,routellm; default: all that fit.",
            show_default=False,
        ),
    ] = None,
    scenario: ItsScenario = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Do not list the files; no progress.")
    ] = False,
) -> None:
    """Export a plan: what starts its servers (scripts, docker compose, Kubernetes) and what routes
    requests (LiteLLM, router policy).

    Exit codes: 0 done, 2 bad input, or something is in the folder already (nothing is overwritten),
    3 or 5 the plan has no setup.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.export import Asked, run_export

        code = run_export(plan, Asked(to, only, scenario, quiet), interrupt)
    raise typer.Exit(code)


@app.command(
    epilog=(
        "Example: python -m planner init my-cluster (a folder), or: python -m planner init --xlsx"
        " my-cluster.xlsx"
    )
)
def init(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Write scenario.yaml, profiles.csv and scores.csv there.",
            show_default=False,
        ),
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write a workbook instead.", show_default=False),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="SCENARIO",
            help="Fill the workbook with this scenario.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Write an example to start from, as files or as a workbook; with --from, a scenario as a
    workbook of the same hash.

    Exit codes: 0 done, 2 bad input, or something is there already (nothing is overwritten).
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.init import run_init

    raise typer.Exit(run_init(folder, xlsx, source, list(overrides or [])))


def _warn(text: str) -> None:
    print(text, file=sys.stderr)


def run(program: str = "llm-planner") -> None:
    """Run the command line. program: the name it was called by."""
    app(prog_name=program)
