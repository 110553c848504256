"""TODO: planner.export.input_workbook."""

from collections.abc import Callable, Sequence
from pathlib import Path

from planner.errors import DataError
from planner.scenario.templates import workbook_inputs
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, put_whole
from profiles.workbook_layout import WorkbookInputs

__all__ = ["scenario_to_workbook"]


def scenario_to_workbook(source: Path, overrides: Sequence[str], target: Path) -> tuple[str, ...]:
    """Write a scenario after overrides as a workbook, read it back, and compare the hashes;
    notices.

    DataError when the scenario is bad, or when a text of it cannot stand in a workbook; then
    nothing is written.
    """
    # Imported here to keep templates quick.
    from planner.scenario.assemble import load_instance

    check_new_workbook(target)
    loaded = load_instance(source, overrides)
    inputs = workbook_inputs(loaded.scenario, target.parent)

    def check(written: Path) -> None:
        if load_instance(written).sha256 != loaded.sha256:
            raise DataError(
                [
                    Fault(
                        str(source),
                        "",
                        "",
                        "the workbook does not give the scenario back exactly",
                        "keep the scenario as YAML",
                    )
                ]
            )

    write_input_workbook(target, inputs, check)
    return inputs.notes


def check_new_workbook(path: Path) -> None:
    """Raise DataError unless `path` can be written as a new workbook."""
    if path.suffix.lower() != ".xlsx":
        raise DataError(
            [
                Fault(
                    str(path),
                    "",
                    "",
                    "a workbook's name ends in .xlsx",
                    f"name it {path.stem or 'scenario'}.xlsx",
                )
            ]
        )
    if path.exists():
        raise DataError(
            [
                Fault(
                    str(path),
                    "",
                    "",
                    "the file exists already, and nothing is overwritten",
                    "name another file",
                )
            ]
        )
    check_writable(path, "--xlsx")


def write_input_workbook(
    path: Path, inputs: WorkbookInputs, check: Callable[[Path], None] | None = None
) -> None:
    """Write the workbook whole or not at all: beside its place first, where it is read back."""
    # Imported here because only workbooks need XlsxWriter.
    from reports.workbook.input_sheets import write_input_book

    with put_whole(path, ".xlsx") as temporary:
        notes = write_input_book(str(temporary), inputs)
        if notes:
            raise DataError(
                [
                    Fault(str(path), "", "", note, "keep the scenario as YAML, or rename it")
                    for note in notes[:20]
                ]
            )
        if check is not None:
            check(temporary)
