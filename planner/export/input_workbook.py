"""A scenario as an input workbook: written whole, read back, and only kept when it gives the same
scenario.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import DataError
from planner.scenario.templates import template_workbook_inputs
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, writing_whole_file
from profiles.workbook_layout import WorkbookInputs

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult

__all__ = [
    "check_new_input_workbook",
    "write_input_workbook",
    "write_loaded_input_workbook",
    "write_scenario_input_workbook",
]


def write_scenario_input_workbook(
    source: Path, overrides: Sequence[str], target: Path
) -> tuple[str, ...]:
    """Write a scenario's file after overrides as a new workbook; notices.

    DataError when the scenario is bad, or when `target` cannot be a new workbook.
    """
    # Imported here to keep templates quick.
    from planner.scenario.assemble import assemble_instance

    check_new_input_workbook(target)
    loaded = assemble_instance(source, overrides, cells=True, sizing=True)
    return write_loaded_input_workbook(loaded, target)


def write_loaded_input_workbook(loaded: "LoadResult", target: Path) -> tuple[str, ...]:
    """Write a loaded scenario as a workbook, read it back, and compare the hashes; notices.

    DataError when one of its texts cannot be stored in a workbook; then nothing is written.
    """
    # Imported here to keep templates quick.
    from planner.scenario.assemble import assemble_instance

    scenario = loaded.scenario
    inputs = template_workbook_inputs(scenario, loaded.tables, target.parent, demand=loaded.demand)

    def check_input_workbook(written: Path) -> None:
        if assemble_instance(written, cells=True, sizing=True).sha256 != loaded.sha256:
            problem = "the workbook does not give the scenario back exactly"
            fault = Fault(str(scenario.path), "", "", problem, "keep the scenario as YAML")
            raise DataError([fault])

    write_input_workbook(target, inputs, check_input_workbook)
    return inputs.notes


def check_new_input_workbook(path: Path) -> None:
    """Raise DataError unless `path` can be written as a new workbook."""
    if path.suffix.lower() != ".xlsx":
        problem = "a workbook's name ends in .xlsx"
        fix = f"name it {path.stem or 'scenario'}.xlsx"
        raise DataError([Fault(str(path), "", "", problem, fix)])
    if path.exists():
        problem = "the file exists already, and nothing is overwritten"
        raise DataError([Fault(str(path), "", "", problem, "name another file")])
    check_writable(path, "--xlsx")


def write_input_workbook(
    path: Path, inputs: WorkbookInputs, check: Callable[[Path], None] | None = None
) -> None:
    """Write the workbook whole or not at all: to a temporary file first, which is read back.

    check: raises when what was written is not what was to be written.
    """
    # Imported here because only workbooks need XlsxWriter.
    from reports.workbook.input_sheets import write_input_book

    with writing_whole_file(path, ".xlsx") as temporary:
        notes = write_input_book(temporary, inputs)
        if notes:
            fix = "keep the scenario as YAML, or rename it"
            raise DataError([Fault(str(path), "", "", note, fix) for note in notes[:20]])
        if check is not None:
            check(temporary)
