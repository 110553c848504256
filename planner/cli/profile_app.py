"""The commands `profile ...`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.cli.arguments import SHARING_LOSS_PCT, Overrides, ScenarioPath, SharingLoss
from planner.cli.estimate_app import estimate_app
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["profile_app"]

profile_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=("Profile tables: import, estimate, check, what to measure next."),
    epilog=f"Example: {PROGRAM} profile check profiles.csv",
)
profile_app.add_typer(estimate_app)


@profile_app.command(epilog=f"Example: {PROGRAM} profile gaps scenario.yaml")
def gaps(
    scenario: ScenarioPath,
    csv: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write one row per option.", show_default=False),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Show the N most valuable.")] = 10,
    overrides: Overrides = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no notices.")] = False,
) -> None:
    """Show what to measure next.

    Options whose curves are not measured and matter to the decision, with the benchmark command
    of each.

    Exit codes: 0 done, 2 bad input, 3 infeasible, 4 the plan's gap is open, 5 stopped without a
    plan.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.profiles.profile_gaps import run_profile_gaps

        code = run_profile_gaps(scenario, list(overrides or []), csv, top, interrupt, quiet=quiet)
    raise typer.Exit(code)


@profile_app.command(
    "import",
    epilog=(
        f"Example: {PROGRAM} profile import results/ --gpu H100-SXM-80GB --tp 2 --share 100"
        " --out profiles.csv"
    ),
)
def profile_import(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="Benchmark files, or folders of them.", show_default=False
        ),
    ] = None,
    prometheus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL|FILE",
            help="Metrics of running vLLM and SGLang servers in place of benchmark files: the"
            " address of a Prometheus, files of /metrics or of answers, folders; may be repeated.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="With --prometheus: take metrics from here on, e.g. 2026-11-27T09:00Z"
            " (a Prometheus: a day before --to).",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TIME",
            help="With --prometheus: take metrics up to here (a Prometheus: now).",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="With --prometheus: servers with this label alone; may be repeated.",
            show_default=False,
        ),
    ] = None,
    widest_bucket: Annotated[
        float,
        typer.Option(
            min=1,
            max=100,
            metavar="PCT",
            help="With --prometheus: take a percentile, as the upper edge of its bucket, where the"
            " bucket is at most so wide.",
        ),
    ] = 20.0,
    llm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the LLM, where the files name the model otherwise.",
            show_default=False,
        ),
    ] = None,
    gpu: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="GPU type, e.g. H100-SXM-80GB.", show_default=False),
    ] = None,
    tp: Annotated[
        int | None, typer.Option(metavar="N", help="Tensor-parallel degree.", show_default=False)
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(metavar="PCT", help="MPS share; 100 = whole GPUs.", show_default=False),
    ] = None,
    replicas: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Replicas behind the benchmarked endpoint; rates are divided by it.",
            show_default=False,
        ),
    ] = None,
    gpus_per_replica: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="GPUs of one replica, prefill and decode servers together: tools do not record"
            " it. Runs where it is not the tensor-parallel degree are left out.",
            show_default=False,
        ),
    ] = None,
    neighbours: Annotated[
        str | None,
        typer.Option(
            metavar="busy|idle|unknown",
            help="What the other shards of a shared GPU did during the benchmark.",
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="MAPPING",
            help="YAML file with these values for each file or server.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str, typer.Option(metavar="PATH|-", help="Write the profile table; - prints it.")
    ] = "-",
    append: Annotated[
        bool, typer.Option("--append", help="Keep the rows that --out has already.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no line per file.")] = False,
) -> None:
    """Make a profile table from benchmark files or server metrics.

    Formats of benchmarks: vLLM, SGLang, GuideLLM, inference-perf, aiperf, genai-perf, llm-d, our
    own, or a plug-in's (see `plugins`).

    Formats are detected by content. A missing value is a fault; doubtful runs are left out, with
    the reason.
    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.profiles.metrics_import import MetricsOptions, run_metrics_import
    from planner.cli.commands.profiles.profile_import import ImportOptions, run_profile_import

    options = ImportOptions(
        llm=llm,
        gpu=gpu,
        tp=tp,
        share=share,
        replicas=replicas,
        gpus_per_replica=gpus_per_replica,
        neighbours=neighbours,
        mapping=mapping,
        out=None if out == "-" else Path(out),
        append=append,
        quiet=quiet,
    )
    if bool(files) == bool(prometheus):
        raise typer.BadParameter("name benchmark FILES or metrics (--prometheus), one of the two")
    if prometheus:
        metrics = MetricsOptions(
            start=start, end=end, labels=label or (), widest_bucket_pct=widest_bucket
        )
        raise typer.Exit(run_metrics_import(prometheus, metrics, options))
    if start or end or label:
        raise typer.BadParameter("--from, --to and --label are of metrics (--prometheus)")
    raise typer.Exit(run_profile_import(files or [], options))


@profile_app.command("check", epilog=f"Example: {PROGRAM} profile check profiles.csv")
def profile_check(
    profiles: Annotated[
        Path,
        typer.Argument(
            metavar="PROFILES", help="The profile table (.csv or .parquet).", show_default=False
        ),
    ],
    scenario: Annotated[
        Path | None,
        typer.Option(
            metavar="SCENARIO",
            help="Check only what this scenario may use, and against its SLOs.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the warnings alone, no table of curves.")
    ] = False,
) -> None:
    """Check a profile table.

    Looks at shapes of curves, gaps, outliers, percentile order, Little's law, compute.

    Exit codes: 0 also with warnings, 2 when the table cannot be read.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.profiles.profile_check import run_profile_check

    raise typer.Exit(run_profile_check(profiles, scenario, quiet=quiet))


@profile_app.command(
    "derate",
    epilog=f"Example: {PROGRAM} profile derate measured.csv --out profiles.csv",
)
def profile_derate(
    profiles: Annotated[
        Path,
        typer.Argument(
            metavar="PROFILES", help="The profile table (.csv or .parquet).", show_default=False
        ),
    ],
    sharing_loss: SharingLoss = SHARING_LOSS_PCT,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Derate curves too whose neighbours are not known.")
    ] = False,
    out: Annotated[
        str, typer.Option(metavar="PATH|-", help="Write the profile table; - prints it.")
    ] = "-",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no notices.")] = False,
) -> None:
    """Slow down shares measured beside idle neighbours.

    Rows whose column neighbours says `idle` become what is to be expected beside busy ones.

    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.profiles.profile_derate import DerateOptions, run_profile_derate

    options = DerateOptions(sharing_loss_pct=sharing_loss, unknown=unknown, out=out, quiet=quiet)
    raise typer.Exit(run_profile_derate(profiles, options))


@profile_app.command(
    "merge",
    epilog=f"Example: {PROGRAM} profile merge estimated.csv measured.csv --out profiles.csv",
)
def profile_merge(
    profiles: Annotated[
        list[Path],
        typer.Argument(
            metavar="PROFILES...", help="Profile tables (.csv or .parquet).", show_default=False
        ),
    ],
    prefer: Annotated[
        Literal["measured", "first", "last"],
        typer.Option(
            metavar="measured|first|last",
            help="Whose curve is taken where tables have the same option.",
        ),
    ] = "measured",
    out: Annotated[
        str, typer.Option(metavar="PATH|-", help="Write the profile table; - prints it.")
    ] = "-",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no notices.")] = False,
) -> None:
    """Put profile tables together.

    An option that several tables have gets the whole curve of one of them: the measured one, or
    that of the first or last table.

    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.profiles.profile_merge import MergeOptions, run_profile_merge

    raise typer.Exit(run_profile_merge(profiles, MergeOptions(prefer=prefer, out=out, quiet=quiet)))
