"""The command `init`: templates to start from, and a scenario as a workbook."""

import sys
from collections.abc import Sequence
from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_write, notify
from planner.errors import DataError
from planner.export.input_workbook import (
    check_new_input_workbook,
    write_input_workbook,
    write_scenario_input_workbook,
)
from planner.program import PROGRAM
from planner.scenario.templates import TEMPLATE_TEXTS, template_inputs
from profiles.io.faults import Fault
from profiles.io.output_folder import put_folder

__all__ = ["run_init"]


@framed_command
def run_init(
    folder: Path | None, xlsx: Path | None, source: Path | None, overrides: Sequence[str]
) -> int:
    """Write a folder or a workbook, overwriting nothing; list the files, return the exit code."""
    if (folder is None) == (xlsx is None):
        raise DataError(
            [
                Fault(
                    "init",
                    "",
                    "",
                    "one thing is to be written",
                    "name a folder (init DIR) or a workbook (init --xlsx PATH)",
                )
            ]
        )
    if xlsx is None and (source is not None or overrides):
        raise DataError(
            [
                Fault(
                    "init",
                    "",
                    "",
                    "--from and --set go with --xlsx",
                    "name the workbook: init --from SCENARIO --xlsx PATH",
                )
            ]
        )
    if source is None and overrides:
        raise DataError(
            [
                Fault(
                    "init",
                    "--set",
                    "",
                    "there is no scenario to change",
                    "name it: init --from SCENARIO --xlsx PATH",
                )
            ]
        )
    written: list[Path] = []
    if code := framed_write(
        folder or xlsx, lambda: written.extend(_written_by_init(folder, xlsx, source, overrides))
    ):
        return code
    for path in written:
        print(f"wrote {path}")
    print(f"next: {PROGRAM} plan {written[0]}", file=sys.stderr)
    return 0


def _written_by_init(
    folder: Path | None, xlsx: Path | None, source: Path | None, overrides: Sequence[str]
) -> list[Path]:
    """Write a folder, a scenario as a workbook, or the template; the files.

    WriteError when that is not possible.
    """
    if folder is not None:
        return _write_init_folder(folder)
    assert xlsx is not None  # noqa: S101  (one of the two is there)
    if source is not None:
        notify(write_scenario_input_workbook(source, overrides, xlsx))
    else:
        check_new_input_workbook(xlsx)
        write_input_workbook(xlsx, template_inputs())
    return [xlsx]


def _write_init_folder(folder: Path) -> list[Path]:
    paths = [folder / name for name in TEMPLATE_TEXTS]
    for path in paths:
        if path.exists():
            raise DataError(
                [
                    Fault(
                        str(path),
                        "",
                        "",
                        "the file exists already, and nothing is overwritten",
                        "name another folder",
                    )
                ]
            )
    if folder.exists() and not folder.is_dir():
        raise DataError(
            [Fault(str(folder), "", "", "this is a file, not a folder", "name a folder")]
        )
    with put_folder(folder) as place:
        for name, text in TEMPLATE_TEXTS.items():
            (place / name).write_text(text, encoding="utf-8")
    return paths
