"""The commands on the library of kept work."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import Unverified
from planner.program import PROGRAM

__all__ = ["library_app"]

library_app = typer.Typer(
    no_args_is_help=True, help="Scenarios, plans and studies that were kept (plan --save)."
)

Reference = Annotated[
    str,
    typer.Argument(
        metavar="RECORD",
        help="Number or name of a record, or how the hash of its scenario begins.",
        show_default=False,
    ),
]


@library_app.command("list", epilog=f"Example: {PROGRAM} library list --tag july")
def library_list(
    text: Annotated[
        str,
        typer.Argument(
            metavar="[TEXT]",
            help="A part of the name, note, tag or scenario, or how its hash begins.",
            show_default=False,
        ),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help="scenario, plan or study alone.", show_default=False),
    ] = "",
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="TAG",
            help="Records with this tag; may be repeated.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=0, metavar="N", help="List the newest N; 0 = all.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print JSON alone.")] = False,
) -> None:
    """List what was kept, the newest first.

    Exit codes: 0 done, 2 the library cannot be read.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_list import LibraryListOptions, run_library_list

    options = LibraryListOptions(text=text, kind=kind, tags=tuple(tags or ()), top=top, json=json)
    raise typer.Exit(run_library_list(options))


@library_app.command("show", epilog=f"Example: {PROGRAM} library show 12")
def library_show(
    record: Reference,
    json: Annotated[
        bool, typer.Option("--json", help="Print plan.json (or the study) alone.")
    ] = False,
    unverified: Unverified = False,
) -> None:
    """Print the report of a kept plan.

    The plan is checked anew against the scenario that it was kept with.

    Exit codes: 0 done, 2 no such record, or one that fails its checks.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_show import run_library_show

    raise typer.Exit(run_library_show(record, as_json=json, unverified=unverified))


@library_app.command("compare", epilog=f"Example: {PROGRAM} library compare 12 15")
def library_compare(old: Reference, new: Reference, unverified: Unverified = False) -> None:
    """Show the steps from one kept plan to another.

    As `diff` does with two plan.json.

    Exit codes: 0 done, 2 no such plan, 3 or 5 a plan has no setup.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_show import run_library_compare

    raise typer.Exit(run_library_compare(old, new, unverified=unverified))


@library_app.command("tag", epilog=f"Example: {PROGRAM} library tag 12 july --remove draft")
def library_tag(
    record: Reference,
    tags: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TAG]...", help="Tags to add.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help="Take this tag away; may be repeated.", show_default=False
        ),
    ] = None,
) -> None:
    """Add tags to a record, or take some away.

    Exit codes: 0 done, 2 no such record.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_changes import run_library_tag

    raise typer.Exit(run_library_tag(record, tags or (), remove or ()))


@library_app.command("rename", epilog=f"Example: {PROGRAM} library rename 12 'two nodes'")
def library_rename(
    record: Reference,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The new name.", show_default=False)
    ] = None,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The new note.", show_default=False)
    ] = None,
) -> None:
    """Give a record another name or note.

    Exit codes: 0 done, 2 no such record.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_changes import run_library_rename

    raise typer.Exit(run_library_rename(record, name, note))


@library_app.command("export", epilog=f"Example: {PROGRAM} library export 12 --to from-library")
def library_export(
    record: Reference,
    to: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder to write to; new or empty.", show_default=False),
    ],
) -> None:
    """Write a record as files again.

    The scenario with its tables as they were kept, and plan.json or study.json.

    Exit codes: 0 done, 2 no such record, or something is in the folder already.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_export import run_library_export

    raise typer.Exit(run_library_export(record, to))


@library_app.command("rm", epilog=f"Example: {PROGRAM} library rm 12 15 --yes")
def library_remove(
    records: Annotated[
        list[str],
        typer.Argument(metavar="RECORD...", help="Numbers or names.", show_default=False),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Remove without a question.")] = False,
) -> None:
    """Remove records for good.

    All of them or, where one is not there, none. A plan does not need the record of its scenario.

    Exit codes: 0 done, 2 no such record, or not confirmed.
    """
    # Imported here to keep --help fast.
    from planner.cli.commands.library.library_changes import run_library_remove

    raise typer.Exit(run_library_remove(records, is_confirmed=yes))
