"""The command `profile estimate`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import SHARING_LOSS_PCT, Jobs, SharingLoss
from planner.cli.terminal.interrupt import Interrupt
from planner.program import PROGRAM

__all__ = ["estimate_app"]

estimate_app = typer.Typer()


@estimate_app.command(
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
    cached_tokens: Annotated[
        int,
        typer.Option(
            metavar="N", help="Mean tokens of a prompt that are in the prefix cache already."
        ),
    ] = 0,
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
        str,
        typer.Option(metavar="busy|idle", help="What the other shards of a shared GPU do."),
    ] = "busy",
    sharing_loss: SharingLoss = SHARING_LOSS_PCT,
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
    jobs: Jobs = 0,
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
        from planner.cli.commands.profiles.estimate_options import EstimateOptions
        from planner.cli.commands.profiles.profile_estimate import run_profile_estimate

        code = run_profile_estimate(
            EstimateOptions(
                llms=llm,
                gpus=gpu,
                tp_degrees=tp,
                shares=share,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                cached_tokens=cached_tokens,
                lengths=lengths,
                cv=cv,
                rates=rates,
                requests=requests,
                seeds=seeds,
                scheduler=scheduler,
                weight_bits=weight_bits,
                kv_bits=kv_bits,
                sequences=max_sequences,
                step_tokens=step_tokens,
                neighbours=neighbours,
                sharing_loss_pct=sharing_loss,
                highest_load_pct=highest_load,
                calibrate=calibrate,
                harness=harness,
                out=out,
                intervals=intervals,
                jobs=jobs,
                quiet=quiet,
            ),
            interrupt,
        )
    raise typer.Exit(code)
