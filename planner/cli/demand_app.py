"""The commands `demand ...`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.program import PROGRAM

__all__ = ["demand_app"]

demand_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Demand: cases of a day from logs of requests.",
    epilog=f"Example: {PROGRAM} demand import requests.jsonl --to day",
)


@demand_app.callback()
def demand_commands() -> None:
    """Keep `import` a command of its own while it is the only one."""


@demand_app.command(
    "import",
    epilog=f"Example: {PROGRAM} demand import chat=chat.csv code=code.csv --to day --bin 15",
)
def demand_import(
    traces: Annotated[
        list[str],
        typer.Argument(
            metavar="[CLASS=]TRACE...",
            help="Logs, or folders of them; CLASS names all their requests.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="Write cases.yaml, demand.csv and rates.csv there.",
            show_default=False,
        ),
    ],
    class_by: Annotated[
        Literal["class", "model", "none"],
        typer.Option(metavar="class|model|none", help="Field of the log that tells classes apart."),
    ] = "class",
    class_: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="NAME[=NEW]",
            help="Take this class, and call it NEW; may be repeated. Default: all.",
            show_default=False,
        ),
    ] = None,
    length_classes: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Make N classes of as many requests by the length of prompts instead.",
            show_default=False,
        ),
    ] = 0,
    length_borders: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Make classes of prompts up to A, up to B, ... input tokens instead.",
            show_default=False,
        ),
    ] = None,
    bin_min: Annotated[
        float, typer.Option("--bin", metavar="MIN", help="Length of a bin, in minutes.")
    ] = 60.0,
    by: Annotated[
        Literal["time", "hour-of-day", "period"],
        typer.Option(
            metavar="time|hour-of-day|period",
            help="Every bin by itself, bins of the same time of day together, or periods of the"
            " day without a break, in their order.",
        ),
    ] = "time",
    utc_offset: Annotated[
        float, typer.Option(metavar="H", help="Hours of local time ahead of UTC, for times of day.")
    ] = 0.0,
    levels: Annotated[int, typer.Option(metavar="K", help="Most cases.")] = 4,
    quantile: Annotated[
        float,
        typer.Option(
            metavar="Q", help="A case plans for this quantile of its bins; 1 is the highest."
        ),
    ] = 1.0,
    scale: Annotated[float, typer.Option(metavar="X", help="Multiply all rates by X.")] = 1.0,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="SCENARIO",
            help="Also write FOLDER/scenario.yaml: this scenario with the cases in it.",
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
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the headline alone; no notices.")
    ] = False,
) -> None:
    """Make the cases of a day from logs of requests.

    Formats: OpenTelemetry GenAI spans, Mooncake and semantic-router JSON lines, Azure and BurstGPT
    CSV, CSV with a time, class and tokens, tables of rates.

    Formats are detected by content. Texts of messages are not kept.
    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.demand.demand_import import DemandImportOptions, run_demand_import

    options = DemandImportOptions(
        to=to,
        class_by=class_by,
        classes=tuple(class_ or ()),
        length_classes=length_classes,
        length_borders=length_borders,
        bin_min=bin_min,
        by=by,
        utc_offset_h=utc_offset,
        levels=levels,
        quantile=quantile,
        scale=scale,
        into=into,
        json=json,
        quiet=quiet,
    )
    raise typer.Exit(run_demand_import(traces, options))
