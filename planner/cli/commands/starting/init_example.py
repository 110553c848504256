"""The command `init --example`: a copy of an example in the current folder."""

import sys
from collections.abc import Sequence
from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_write
from planner.errors import DataError
from planner.packed_files import EXAMPLES, packed_example_path
from planner.program import PROGRAM
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.output_folder import put_folder

__all__ = ["run_init_example"]


@framed_command
def run_init_example(name: str, folder: Path | None, refused: Sequence[str] = ()) -> int:
    """Copy an example; return the exit code. folder: default, one of the example's name here.

    refused: other options given, which have no meaning for a copy.
    """
    target = folder or Path(name)
    if faults := _init_example_faults(name, target, refused):
        raise DataError(faults)
    if code := framed_write(target, lambda: _copy_example(name, target)):
        return code
    for path in sorted(target.rglob("*")):
        if path.is_file():
            print(f"wrote {path}")
    print(f"next: {PROGRAM} plan {target / 'scenario.yaml'}", file=sys.stderr)
    return 0


def _copy_example(name: str, target: Path) -> None:
    source = packed_example_path(name).parent
    with put_folder(target) as place:
        for path in sorted(source.rglob("*")):
            copy = place / path.relative_to(source)
            if path.is_dir():
                copy.mkdir()
            else:
                copy.write_bytes(path.read_bytes())


def _init_example_faults(name: str, target: Path, refused: Sequence[str]) -> list[Fault]:
    """Everything that prevents the copy."""
    faults = [
        Fault("init", option, "", f"{option} has no meaning with --example", "leave it out")
        for option in refused
    ]
    if name not in EXAMPLES:
        fix = f"{fault_spelling_guess(name, EXAMPLES)}the examples are {', '.join(EXAMPLES)}"
        faults.append(Fault("init", "--example", repr(name), "there is no such example", fix))
    elif target.exists():
        problem = "it exists already, and nothing is overwritten"
        faults.append(Fault(str(target), "", "", problem, f"name a new folder: {_folder(name)}"))
    return faults


def _folder(name: str) -> str:
    return f"init DIR --example {name}"
