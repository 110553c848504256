"""The commands on a plan in operation: route other prompts, simulate requests, look for drift."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.cli.arguments import ItsScenario, PlanPath, Unverified
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["operation_app"]

operation_app = typer.Typer()


@operation_app.command(
    epilog=f"Example: {PROGRAM} route plan.json --scores other.csv --grades grades.csv"
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
            help="Compute prices on this share of the prompts, report the rest.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of the split and of the intervals.")
    ] = 0,
    rates: Annotated[
        bool,
        typer.Option(
            "--rates",
            help="Show prices at 50 to 150 % of the rate, and where SLOs break.",
        ),
    ] = False,
    request_class: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            help="Class whose prices are used (plans with classes).",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            metavar="CASE",
            help="Case whose prices are used (plans with cases).",
            show_default=False,
        ),
    ] = None,
    loss: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="K",
            help="Loss of nodes of that case, by its position in the plan.",
            show_default=False,
        ),
    ] = None,
    scenario: ItsScenario = None,
    csv: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write one row per routing as CSV.", show_default=False),
    ] = None,
    choices: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write the LLM of every prompt as CSV.", show_default=False
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write everything as JSON; - prints JSON alone.",
            show_default=False,
        ),
    ] = None,
    unverified: Unverified = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress, no notices.")
    ] = False,
) -> None:
    """Route other prompts by a plan's prices.

    Shows realised fractions, latency and quality, and the gain over a single LLM.

    Exit codes: 0 the limits hold or the sample is too small to say, 2 bad input, 3 or 5 no setup or
    stopped, 6 these prompts break a limit.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.route import run_route
        from planner.cli.terminal.command_options import RouteOptions

        code = run_route(
            plan,
            RouteOptions(
                scores=scores,
                grades=grades,
                split=split,
                seed=seed,
                scenario=scenario,
                rates=rates,
                csv=csv,
                json=json,
                quiet=quiet,
                unverified=unverified,
                choices=choices,
                request_class=request_class,
                case=case,
                loss=loss,
            ),
            interrupt,
        )
    raise typer.Exit(code)


@operation_app.command(epilog=f"Example: {PROGRAM} simulate plan.json --cv 3")
def simulate(
    plan: PlanPath,
    scenario: ItsScenario = None,
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Replay the arrivals of a trace (arrival_s).", show_default=False
        ),
    ] = None,
    scale: Annotated[
        Literal["superpose", "compress"],
        typer.Option(
            metavar="superpose|compress",
            help="How a trace gets the plan's rate: copies in real time, or a faster clock.",
        ),
    ] = "superpose",
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=1440.0,
            metavar="M",
            help="Length of one run in minutes; default 10, less in cases of many requests.",
            show_default=False,
        ),
    ] = None,
    cv: Annotated[
        float,
        typer.Option(min=0.1, max=20.0, metavar="C", help="Burstiness of arrivals; 1 = Poisson."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the arrivals.")] = 0,
    case: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CASE",
            help="Replay this case alone; may be repeated (plans with cases).",
            show_default=False,
        ),
    ] = None,
    request_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            help="Report this class alone; may be repeated (plans with classes).",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write everything as JSON; - prints JSON alone.",
            show_default=False,
        ),
    ] = None,
    unverified: Unverified = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no progress.")
    ] = False,
) -> None:
    """Replay a plan's requests in a simulation.

    Shows predicted and simulated latencies, realised fractions, and a verdict; of a plan with
    classes and cases for every class in every case.

    Exit codes: 0 holds or uncertain, 2 bad input, 3 or 5 the plan has no setup, 6 the plan misses
    its SLOs.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.simulate import run_simulate
        from planner.cli.terminal.command_options import SimulateOptions

        code = run_simulate(
            plan,
            SimulateOptions(
                scenario=scenario,
                trace=trace,
                scale=scale,
                minutes=minutes,
                cv=cv,
                seed=seed,
                quiet=quiet,
                unverified=unverified,
                json=json,
                classes=tuple(request_class or ()),
                cases=tuple(case or ()),
            ),
            interrupt,
        )
    raise typer.Exit(code)


@operation_app.command(
    epilog=f"Example: {PROGRAM} drift plan.json --prometheus http://prometheus:9090 --quiet"
)
def drift(
    plan: PlanPath,
    prometheus: Annotated[
        list[str],
        typer.Option(
            metavar="URL|FILE",
            help="Metrics of the plan's vLLM and SGLang servers: the address of a Prometheus, files"
            " of /metrics or of answers, folders; may be repeated.",
            show_default=False,
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Take metrics from here on, e.g. 2026-11-27T09:00Z (a Prometheus: a day before"
            " --to).",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TIME",
            help="Take metrics up to here (a Prometheus: now).",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Servers with this label alone; may be repeated.",
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="MAPPING",
            help="YAML file that says by labels what each server runs, as of `profile import`.",
            show_default=False,
        ),
    ] = None,
    worth: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            metavar="PCT",
            help="Gain from which planning again pays, of today's quality or cost.",
        ),
    ] = 1.0,
    curve_error: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1000.0,
            metavar="PCT",
            help="How far every curve may be off; default: what its table states.",
            show_default=False,
        ),
    ] = None,
    with_price_table: Annotated[
        bool,
        typer.Option(
            "--with-price-table",
            help="The gateway takes its prices from the price table of `export`, by the rate.",
        ),
    ] = False,
    scenario: ItsScenario = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write everything as JSON; - prints JSON alone.",
            show_default=False,
        ),
    ] = None,
    unverified: Unverified = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="Print nothing but the verdict, and that only of a drift."),
    ] = False,
) -> None:
    """Say whether a plan still fits what its servers do.

    Holds rate, curves and SLOs against the metrics of the last day, and plans again with what has
    changed.

    Exit codes: 0 nothing to do, 2 bad input, 3 or 5 the plan has no setup, 6 something is to be
    done.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.monitoring.drift import DriftOptions, run_drift
        from planner.cli.commands.profiles.metrics_import import MetricsOptions

        code = run_drift(
            plan,
            prometheus,
            MetricsOptions(start=start, end=end, labels=label or ()),
            DriftOptions(
                scenario=scenario,
                mapping=mapping,
                worth_pct=worth,
                curve_error_pct=curve_error,
                with_price_table=with_price_table,
                json=json,
                quiet=quiet,
                unverified=unverified,
            ),
            interrupt,
        )
    raise typer.Exit(code)
