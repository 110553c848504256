"""The commands to start with: an example or template in a folder, the page, and what is
installed beside the planner.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import Overrides
from planner.packed_files import EXAMPLES
from planner.program import PROGRAM

__all__ = ["start_app"]

start_app = typer.Typer()


def _matching_examples(incomplete: str) -> list[str]:
    """Names of examples that a shell may complete."""
    return [name for name in EXAMPLES if name.startswith(incomplete)]


@start_app.command(epilog=f"Example: {PROGRAM} init --example paper-trio")
def init(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Folder to write to; with --example, default: the example's name.",
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Copy an example: {', '.join(EXAMPLES)}.",
            show_default=False,
            autocompletion=_matching_examples,
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
    tables: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--from-tables",
            metavar="PROFILES SCORES",
            help="Write a scenario around your profile table and score table, in DIR or here.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Write an example, a template or a first scenario to start from.

    A folder, or a workbook; with --from, a scenario as a workbook of the same hash; with
    --from-tables, a scenario of the GPU types and LLMs of your own tables.

    Exit codes: 0 done, 2 bad input, or something is there already (nothing is overwritten).
    """
    if example is not None:
        # Imported here to keep --help fast.
        from planner.cli.commands.starting.init_example import run_init_example

        others = {
            **{"--xlsx": xlsx, "--from": source, "--set": overrides},
            **{"--from-tables": tables},
        }
        refused = [option for option, value in others.items() if value]
        raise typer.Exit(run_init_example(example, folder, refused))
    if tables is not None:
        # Imported here to keep --help fast.
        from planner.cli.commands.starting.init_tables import run_init_from_tables

        refused = [
            option
            for option, value in {"--xlsx": xlsx, "--from": source, "--set": overrides}.items()
            if value
        ]
        raise typer.Exit(run_init_from_tables(*tables, folder, refused))
    # Imported here to keep --help fast.
    from planner.cli.commands.starting.init import run_init

    raise typer.Exit(run_init(folder, xlsx, source, list(overrides or [])))


@start_app.command("app", epilog=f"Example: {PROGRAM} app --port 8600")
def start_page(
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="Port of the page.")
    ] = 8501,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Address to serve on; 0.0.0.0 opens the page to the network."
        ),
    ] = "127.0.0.1",
) -> None:
    """Serve the page in a browser.

    Inputs, plans, what-if studies, exports. Ctrl-C ends it.

    Exit codes: 0 ended, 2 bad input.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.starting.page import run_page

    raise typer.Exit(run_page(host, port))


@start_app.command("plugins", epilog=f"Example: {PROGRAM} plugins")
def list_plugins(
    json: Annotated[
        bool, typer.Option("--json", help="Print the list as JSON, with what was left out.")
    ] = False,
) -> None:
    """List importers, exporters and scorers, with those of plug-ins.

    What `profile import`, `export --only` and `scores import` know, and which distribution each
    one is of; what could not be loaded, with the reason.

    Exit codes: 0 done, 6 a plug-in is left out.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.starting.plugins import run_plugins

    raise typer.Exit(run_plugins(as_json=json))
