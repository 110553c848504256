"""The commands `scores ...`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.program import PROGRAM

__all__ = ["scores_app"]

scores_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Scores tables: put to the test by grades, and calibrated.",
    epilog=f"Example: {PROGRAM} scores check scores.csv --grades grades.csv",
)


@scores_app.callback()
def scores_commands() -> None:
    """Scores tables: put to the test by grades, and calibrated."""


@scores_app.command(
    "check",
    epilog=f"Example: {PROGRAM} scores check scores.csv --grades grades.csv --out calibrated.csv",
)
def scores_check(
    scores: Annotated[
        Path,
        typer.Argument(
            metavar="SCORES", help="The scores table (.csv or .parquet).", show_default=False
        ),
    ],
    grades: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="True grades of the same prompts, in the shape of scores.",
            show_default=False,
        ),
    ] = None,
    fit: Annotated[
        Literal["shrinkage", "isotonic"],
        typer.Option(metavar="shrinkage|isotonic", help="How the table of --out is calibrated."),
    ] = "shrinkage",
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write the calibrated table (.csv or .parquet); - prints it.",
            show_default=False,
        ),
    ] = None,
    charts: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Write the calibration chart as PNG and SVG.", show_default=False
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
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the two halves.")] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict alone; no notices.")
    ] = False,
) -> None:
    """Put scores to the test by grades.

    Shows what scores promise and grades give, by LLM and for the best score of every prompt, and
    what calibration takes away of a false promise.

    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.scores.scores_check import ScoresCheckOptions, run_scores_check

    options = ScoresCheckOptions(
        grades=grades, fit=fit, out=out, charts=charts, json=json, seed=seed, quiet=quiet
    )
    raise typer.Exit(run_scores_check(scores, options))
