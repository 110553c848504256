"""The commands `profile ...`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import Overrides, ScenarioPath
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["profile_app"]

profile_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=("Profile tables: import, estimate, check, what to measure next."),
    epilog=f"Example: {PROGRAM} profile check profiles.csv",
)


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
        from planner.cli.commands.profile_gaps import run_profile_gaps

        code = run_profile_gaps(scenario, list(overrides or []), csv, top, quiet, interrupt)
    raise typer.Exit(code)


@profile_app.command(
    "estimate",
    epilog=(
        f"Example: {PROGRAM} profile estimate --llm llama-3.1-8b --gpu H100-SXM-80GB --tp"
        " 1,2 --out profiles.csv"
    ),
)
def profile_estimate(
    llm: Annotated[
        list[str],
        typer.Option(
            metavar="NAME", help="LLM of the catalogue; may be repeated.", show_default=False
        ),
    ],
    gpu: Annotated[
        list[str],
        typer.Option(
            metavar="NAME", help="GPU type of the catalogue; may be repeated.", show_default=False
        ),
    ],
    tp: Annotated[str, typer.Option(metavar="LIST", help="Tensor-parallel degrees.")] = "1,2,4,8",
    share: Annotated[
        str, typer.Option(metavar="LIST", help="MPS shares in per cent, e.g. 10,20,...,100.")
    ] = "100",
    input_tokens: Annotated[int, typer.Option(metavar="N", help="Mean tokens of a prompt.")] = 1000,
    output_tokens: Annotated[
        int, typer.Option(metavar="N", help="Mean tokens of a response.")
    ] = 250,
    lengths: Annotated[
        str, typer.Option(metavar="fixed|lognormal|TRACE.csv", help="How lengths vary.")
    ] = "lognormal",
    cv: Annotated[
        float,
        typer.Option(
            metavar="C", help="Coefficient of variation of the gaps between requests; 1 = Poisson."
        ),
    ] = 1.0,
    rates: Annotated[
        int,
        typer.Option(
            metavar="N", help="Rates of a curve, from 5 % of the capacity to --highest-load."
        ),
    ] = 8,
    requests: Annotated[
        int, typer.Option(metavar="N", help="Requests simulated at a rate, over all seeds.")
    ] = 5000,
    seeds: Annotated[
        int,
        typer.Option(metavar="N", help="Independent runs; the intervals come from their spread."),
    ] = 4,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="chunked|prefill_first|slots|single",
            help="How prompts are batched; chunked, or as a fit shows.",
        ),
    ] = None,
    weight_bits: Annotated[int, typer.Option(metavar="16|8|4", help="Bits of a weight.")] = 16,
    kv_bits: Annotated[int, typer.Option(metavar="16|8", help="Bits of a cached number.")] = 16,
    max_sequences: Annotated[
        int, typer.Option(metavar="N", help="Most sequences that run at once.")
    ] = 256,
    step_tokens: Annotated[int, typer.Option(metavar="N", help="Token budget of a step.")] = 8192,
    neighbours: Annotated[
        float,
        typer.Option(metavar="F", help="Assumed slowdown by busy neighbours on shared GPUs."),
    ] = 1.08,
    highest_load: Annotated[
        float,
        typer.Option(metavar="PCT", help="Highest rate of a curve, in per cent of the capacity."),
    ] = 97.0,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            metavar="MEASURED.csv", help="Fit on these measured points first.", show_default=False
        ),
    ] = None,
    harness: Annotated[
        str, typer.Option(metavar="closed|open", help="How rows with a concurrency were measured.")
    ] = "closed",
    out: Annotated[
        str, typer.Option(metavar="PATH|-", help="Write the profile table; - prints it.")
    ] = "-",
    intervals: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write the half widths of 95 % intervals.", show_default=False
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, metavar="N", help="Processes; 0 = one per core.")] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress, no notices, no tables.")
    ] = False,
) -> None:
    """Estimate curves of options that are not measured.

    Step times come from the catalogues and run in a simulation of continuous batching.

    Accuracy: docs/accuracy.md. Exit codes: 0 done, 2 bad input, 5 stopped, with
    nothing written.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.profile_estimate import Asked, run_profile_estimate

        work = (
            llm,
            gpu,
            tp,
            share,
            input_tokens,
            output_tokens,
            lengths,
            cv,
            rates,
            requests,
            seeds,
            scheduler,
        )
        server = (weight_bits, kv_bits, max_sequences, step_tokens, neighbours, highest_load)
        code = run_profile_estimate(
            Asked(*work, *server, calibrate, harness, out, intervals, jobs, quiet), interrupt
        )
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
        list[Path],
        typer.Argument(
            metavar="FILES...", help="Benchmark files, or folders of them.", show_default=False
        ),
    ],
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
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="MAPPING",
            help="YAML file with these values for each file.",
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
    """Make a profile table from benchmark files.

    Formats: vLLM, SGLang, GuideLLM, inference-perf, aiperf, genai-perf, llm-d, or our own.

    Formats are detected by content. A missing value is a fault; doubtful runs are left out, with
    the reason.
    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.profile_import import Wanted, run_profile_import

    path = None if out == "-" else Path(out)
    raise typer.Exit(
        run_profile_import(
            files, Wanted(llm, gpu, tp, share, replicas, mapping, path, append, quiet)
        )
    )


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
    from planner.cli.commands.profile_check import run_profile_check

    raise typer.Exit(run_profile_check(profiles, scenario, quiet))
