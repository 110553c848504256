"""The commands `scores ...`: arguments and exit codes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.program import PROGRAM

__all__ = ["scores_app"]

scores_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Scores tables: check by grades, import of grades.",
    epilog=f"Example: {PROGRAM} scores check scores.csv --grades grades.csv",
)


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
            help="Write the calibrated table (.csv or .parquet); - prints it alone.",
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


@scores_app.command(
    "import",
    epilog=f"Example: {PROGRAM} scores import results/ --metric acc --out grades.parquet",
)
def scores_import(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...", help="Files of grades, or folders of them.", show_default=False
        ),
    ],
    llm: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=NEW]",
            help="Take this LLM, and call it NEW; may be repeated. Default: all.",
            show_default=False,
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Metric of lm-evaluation-harness; may be repeated: the first that a task has.",
            show_default=False,
        ),
    ] = None,
    answer_filter: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="NAME",
            help="Filter of lm-evaluation-harness, e.g. strict-match.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str,
        typer.Option(metavar="PATH|-", help="Write the table (.csv or .parquet); - prints it."),
    ] = "-",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no notices.")] = False,
) -> None:
    """Make a table of grades from files of benchmarks.

    Formats: LLMRouterBench, lm-evaluation-harness samples, semantic-router, RouterBench, and those
    of plug-ins (see `plugins`).

    Formats are detected by content. The table says that its scores were graded; prompts that some
    LLM has no grade of are left out.
    Exit codes: 0 done, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.scores.scores_import import ScoresImportOptions, run_scores_import

    options = ScoresImportOptions(
        llms=tuple(llm or ()),
        metrics=tuple(metric or ()),
        answer_filter=answer_filter,
        out=out,
        quiet=quiet,
    )
    raise typer.Exit(run_scores_import(files, options))
