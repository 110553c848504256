"""The command `init`: templates to start from, and a scenario as a workbook."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from planner.cli.terminal.frame import check_writable, framed, notify, put
from planner.errors import DataError
from planner.scenario.templates import TEMPLATE_TEXTS, inputs_of, template_inputs
from profiles.io.faults import Fault
from profiles.io.writing import put_whole, write_whole
from profiles.workbook_layout import Inputs

__all__ = ["run_init", "scenario_to_workbook"]


@framed
def run_init(folder: Path | None, xlsx: Path | None, source: Path | None, overrides: Sequence[str]) -> int:
    """Write what is asked for and tell it; the exit code. Nothing that exists is overwritten."""
    if (folder is None) == (xlsx is None):
        raise DataError([Fault("init", "", "", "one thing is to be written", "name a folder (init DIR) or a workbook (init --xlsx PATH)")])
    if xlsx is None and (source is not None or overrides):
        raise DataError([Fault("init", "", "", "--from and --set go with --xlsx", "name the workbook: init --from SCENARIO --xlsx PATH")])
    if source is None and overrides:
        raise DataError([Fault("init", "--set", "", "there is no scenario to change", "name it: init --from SCENARIO --xlsx PATH")])
    written: list[Path] = []
    if code := put(folder or xlsx, lambda: written.extend(_written(folder, xlsx, source, overrides))):
        return code
    for path in written:
        print(f"wrote {path}")
    print(f"next: python -m planner plan {written[0]}", file=sys.stderr)
    return 0


def _written(folder: Path | None, xlsx: Path | None, source: Path | None, overrides: Sequence[str]) -> list[Path]:
    """Write a folder, a scenario as a workbook, or the template; the files. OSError when that is not possible."""
    if folder is not None:
        return _write_folder(folder)
    assert xlsx is not None  # noqa: S101  (one of the two is there)
    if source is not None:
        notify(scenario_to_workbook(source, overrides, xlsx))
    else:
        _check_new(xlsx)
        _write_book(xlsx, template_inputs())
    return [xlsx]


def scenario_to_workbook(source: Path, overrides: Sequence[str], target: Path) -> tuple[str, ...]:
    """Write a scenario after overrides as a workbook, read it back, and compare the hashes; notices.

    DataError when the scenario is bad, or when a text of it cannot stand in a workbook; then nothing is written.
    """
    # Imported here to keep templates quick.
    from planner.scenario.assemble import load_instance

    _check_new(target)
    loaded = load_instance(source, overrides)
    inputs = inputs_of(loaded.scenario, target.parent)

    def check(written: Path) -> None:
        if load_instance(written).sha256 != loaded.sha256:
            raise DataError(
                [Fault(str(source), "", "", "the workbook does not give the scenario back exactly", "keep the scenario as YAML")]
            )

    _write_book(target, inputs, check)
    return inputs.notes


def _write_folder(folder: Path) -> list[Path]:
    paths = [folder / name for name in TEMPLATE_TEXTS]
    for path in paths:
        if path.exists():
            raise DataError([Fault(str(path), "", "", "the file exists already, and nothing is overwritten", "name another folder")])
    if folder.exists() and not folder.is_dir():
        raise DataError([Fault(str(folder), "", "", "this is a file, not a folder", "name a folder")])
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        write_whole(path, partial(_write_text, TEMPLATE_TEXTS[path.name]))
    return paths


def _write_text(text: str, stream: TextIO) -> None:
    stream.write(text)


def _check_new(path: Path) -> None:
    """Raise DataError unless `path` can be written as a new workbook."""
    if path.suffix.lower() != ".xlsx":
        raise DataError([Fault(str(path), "", "", "a workbook's name ends in .xlsx", f"name it {path.stem or 'scenario'}.xlsx")])
    if path.exists():
        raise DataError([Fault(str(path), "", "", "the file exists already, and nothing is overwritten", "name another file")])
    check_writable(path, "--xlsx")


def _write_book(path: Path, inputs: Inputs, check: Callable[[Path], None] | None = None) -> None:
    """Write the workbook whole or not at all: beside its place first, where it is read back."""
    # Imported here because only workbooks need XlsxWriter.
    from reports.workbook.input_sheets import write_input_book

    with put_whole(path, ".xlsx") as temporary:
        notes = write_input_book(str(temporary), inputs)
        if notes:
            raise DataError([Fault(str(path), "", "", note, "keep the scenario as YAML, or rename it") for note in notes[:20]])
        if check is not None:
            check(temporary)
