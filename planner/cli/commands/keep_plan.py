"""`plan --save`: the plan is kept in the library. Only this needs SQLAlchemy, which takes a third
of a second to import.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.cli.terminal.command_options import KeepOptions
from planner.cli.terminal.frame import BAD_INPUT, warn
from planner.errors import DataError, LibraryError
from planner.scenario.assemble import LoadResult

if TYPE_CHECKING:
    from planner.cli.commands.plan import PlanOutputs

__all__ = ["check_library_for_plan", "keep_plan_in_library"]

WITHOUT = "; to plan without keeping, leave out --save, --save-as, --tag and --note"


def check_library_for_plan(keep: KeepOptions | None) -> None:
    """Raise DataError where a plan could not be kept, before the search, which says how to plan all
    the same. keep: None = it is not to be.
    """
    if keep is None:
        return
    # Imported here because only plans that are kept need it.
    from planner.library.kept_record import KeptAs
    from planner.library.library_database import open_library_database

    KeptAs(keep.name, keep.tags, keep.note)
    try:
        open_library_database().check_library_writable()
    except LibraryError as error:
        faults = [replace(one, fix=f"{one.fix}{WITHOUT}") for one in error.faults]
        raise LibraryError(faults) from None


def keep_plan_in_library(
    content: Mapping[str, Any], loaded: LoadResult, outputs: "PlanOutputs"
) -> tuple[int, dict[str, str]]:
    """Keep the plan where that is wanted: 0 and what was written where, or BAD_INPUT and a message
    when it could not be kept after all: what was computed is still printed.

    content: of plan.json; loaded: the scenario that it was made of.
    """
    keep = outputs.keep
    if keep is None:
        return 0, {}
    # Imported here because only plans that are kept need it.
    from planner.library.kept_record import KeptAs
    from planner.library.library_database import open_library_database
    from planner.library.record_keeping import keep_plan

    kept_as = KeptAs(keep.name, keep.tags, keep.note)
    try:
        record = keep_plan(open_library_database(), content, loaded, kept_as)
    except DataError as error:
        warn([*str(error).splitlines(), "The plan was not kept; --json PATH writes it to a file."])
        return BAD_INPUT, {}
    where = f"the library as {record.number} ({record.name})"
    if outputs.json == "-":
        warn([f"plan written to {where}"])
    return 0, {"plan": where}
