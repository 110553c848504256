"""The commands on one plan: make it, report it, compare it with another, export it."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import (
    ItsScenario,
    KeepAs,
    KeepNote,
    KeepPlan,
    KeepTags,
    Overrides,
    PlanPath,
    ReportPath,
    ScenarioPath,
    Unverified,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["plan_app"]

plan_app = typer.Typer()


@plan_app.command(
    epilog=(f"Example: {PROGRAM} plan scenario.yaml --set arrival_rate_rps=80 --json plan.json")
)
def plan(
    scenario: ScenarioPath,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-", help="Write plan.json; - prints JSON alone.", show_default=False
        ),
    ] = None,
    xlsx: ReportPath = None,
    charts: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Write charts as PNG and SVG files.", show_default=False),
    ] = None,
    write_model: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write the last program for other solvers (.mps or .lp).",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="Time limit of the search in seconds, as --set solver.time_limit_s=S.",
            show_default=False,
        ),
    ] = None,
    rel_gap: Annotated[
        float | None,
        typer.Option(
            metavar="G",
            help="Relative gap at which the search ends, as --set solver.rel_gap=G.",
            show_default=False,
        ),
    ] = None,
    marginals: Annotated[
        bool,
        typer.Option(
            "--marginals",
            help=(
                "Plan again with one node, 10 ms, 1 req/s more and less, and show the difference."
            ),
        ),
    ] = False,
    near: Annotated[
        int,
        typer.Option(
            min=0,
            max=50,
            metavar="N",
            help="Show the N next best setups, and the best one on the fewest GPUs.",
        ),
    ] = 0,
    near_loss: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            metavar="PCT",
            help="Largest loss of the objective for --near, in per cent.",
        ),
    ] = 1.0,
    current: Annotated[
        str | None,
        typer.Option(
            metavar="PLAN",
            help="The plan that runs now: replicas stay on their GPUs where possible.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PLAN",
            help="Start from this plan: the search begins with what runs, and keeps it in a tie.",
            show_default=False,
        ),
    ] = None,
    most_changes: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="With --from: at most N replicas start or stop.",
            show_default=False,
        ),
    ] = None,
    change_usd: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            help="With --from: the price of each GPU on which a replica has to start, once.",
            show_default=False,
        ),
    ] = None,
    change_hours: Annotated[
        float | None,
        typer.Option(
            metavar="H",
            help="With --change-usd: the hours that this price is spread over.",
            show_default=False,
        ),
    ] = None,
    robust_to: Annotated[
        str | None,
        typer.Option(
            metavar="TRACE|cv=C",
            help=(
                "Find the smallest headroom with which 95 % of simulated replays keep every SLO:"
                " of a trace, or of bursts, e.g. cv=3."
            ),
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            min=0,
            max=1024,
            metavar="N",
            help="With --robust-to: processes that replay; 0 = one per core.",
        ),
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --robust-to: replay on the Dask cluster there.",
            show_default=False,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="With --robust-to: replay on the Ray cluster there.",
            show_default=False,
        ),
    ] = None,
    what_if_lost: Annotated[
        bool,
        typer.Option(
            "--what-if-lost",
            help="What the loss of any one node does to the setup, with requests routed anew.",
        ),
    ] = False,
    save: KeepPlan = False,
    save_as: KeepAs = None,
    tags: KeepTags = None,
    note: KeepNote = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", help="Print the verdict and repairs alone; no progress, no notices."
        ),
    ] = False,
) -> None:
    """Find the best plan of a scenario, with a proof.

    Setup, placement and routing are decided together; a bound proves how good the plan is.

    Exit codes: 0 gap closed, 2 bad input, 3 infeasible (conflict and repairs are shown), 4
    stopped by a limit with a plan, 5 without one, 6 no headroom makes it robust (--robust-to).
    """
    changes = list(overrides or [])
    changes += [] if time_limit is None else [f"solver.time_limit_s={time_limit!r}"]
    changes += [] if rel_gap is None else [f"solver.rel_gap={rel_gap!r}"]
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.plan import PlanOptions, PlanOutputs, run_plan
        from planner.cli.terminal.command_options import KeepOptions, ReplayOptions

        is_kept = save or save_as is not None or bool(tags) or note is not None
        keep = KeepOptions(save_as or "", tuple(tags or ()), note or "") if is_kept else None
        code = run_plan(
            scenario,
            changes,
            PlanOutputs(json, xlsx, charts, write_model, keep),
            interrupt,
            PlanOptions(
                marginals=marginals,
                near=near,
                loss_pct=near_loss,
                current=current,
                robust_to=robust_to,
                replays=ReplayOptions(jobs=jobs, dask=dask, ray=ray),
                what_if_lost=what_if_lost,
                start=start,
                most_changes=most_changes,
                change_usd=change_usd,
                change_hours=change_hours,
            ),
            quiet=quiet,
        )
    raise typer.Exit(code)


@plan_app.command(
    epilog=(f"Example: {PROGRAM} report plan.json --xlsx report.xlsx --with baselines,frontier")
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
            help="Compute too, of setups,baselines,frontier,sensitivity.",
            show_default=False,
        ),
    ] = "",
    unverified: Unverified = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the names of the files alone; no progress.")
    ] = False,
) -> None:
    """Write a plan's workbook and charts.

    The workbook has live costs and checks; on request also baselines, frontiers and the study of
    setups.

    Exit codes: 0 done, 2 bad input, 4 stopped with part of it computed.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.report import ReportOptions, run_report

        code = run_report(
            plan, ReportOptions(xlsx, charts, scenario, kinds, quiet, unverified), interrupt
        )
    raise typer.Exit(code)


@plan_app.command(epilog=f"Example: {PROGRAM} diff old.json new.json")
def diff(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN", help="The plan that runs now (plan.json).", show_default=False
        ),
    ],
    new: Annotated[
        Path, typer.Argument(metavar="PLAN", help="The plan to change to.", show_default=False)
    ],
    unverified: Unverified = False,
) -> None:
    """Show the steps from one plan to another.

    What stays, starts, stops and moves; where possible no LLM loses capacity meanwhile.

    Exit codes: 0 done, 2 bad input, 3 or 5 a plan has no setup.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.diff import run_diff

    raise typer.Exit(run_diff(old, new, unverified=unverified))


@plan_app.command(epilog=f"Example: {PROGRAM} export plan.json --to deploy --only compose,litellm")
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
            help="Of shell,compose,kubernetes,kserve,llm-d,keda,production-stack,litellm,router,"
            "routellm and kinds of plug-ins (see `plugins`); default: all that fit.",
            show_default=False,
        ),
    ] = None,
    scenario: ItsScenario = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print no list of files; no progress.")
    ] = False,
) -> None:
    """Write the files that run a plan.

    Servers (scripts, docker compose, Kubernetes) and routing (LiteLLM, router policy).

    Exit codes: 0 done, 2 bad input, or something is in the folder already (nothing is overwritten),
    3 or 5 the plan has no setup.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.export import run_export
        from planner.cli.terminal.command_options import ExportOptions

        code = run_export(plan, ExportOptions(to, only, scenario, quiet), interrupt)
    raise typer.Exit(code)
