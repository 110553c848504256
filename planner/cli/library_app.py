"""The commands on the library of kept work."""

from pathlib import Path
from typing import Annotated

import typer

from planner.cli.arguments import Dask, Jobs, Overrides, Ray, Unverified
from planner.cli.terminal.interrupt import Interrupt
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


@library_app.command("replan", epilog=f"Example: {PROGRAM} library replan --tag july --json -")
def library_replan(
    text: Annotated[
        str,
        typer.Argument(
            metavar="[TEXT]",
            help="A part of the name, note, tag or scenario, or how its hash begins.",
            show_default=False,
        ),
    ] = "",
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="TAG",
            help="Plans with this tag; may be repeated.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    save: Annotated[
        bool,
        typer.Option("--save", help="Keep the new plans, by the old names, tagged `replanned`."),
    ] = False,
    jobs: Jobs = 0,
    dask: Dask = None,
    ray: Ray = None,
    json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Write every record as JSON; - prints it alone.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the counts alone; no progress, no notices.")
    ] = False,
) -> None:
    """Plan kept scenarios again and compare.

    After an update of the planner, its catalogues, or with --set after a change of prices or
    demand. Better or worse is what lies beyond the other plan's bound. Plans that this command has
    kept are left out, unless their tag `replanned` is asked for.

    Exit codes: 0 done, 2 no such plan, or a library that cannot be used, 4 stopped with some plans,
    5 stopped without one, 6 some plan is worse than it was, or is none any more.
    """
    with Interrupt().handled() as interrupt:
        # Imported here to keep --help fast.
        from planner.cli.commands.library.library_replan import (
            LibraryReplanOptions,
            run_library_replan,
        )

        options = LibraryReplanOptions(
            text=text,
            tags=tuple(tags or ()),
            changes=tuple(overrides or ()),
            save=save,
            jobs=jobs,
            dask=dask,
            ray=ray,
            json=json,
            quiet=quiet,
        )
        code = run_library_replan(options, interrupt)
    raise typer.Exit(code)


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
