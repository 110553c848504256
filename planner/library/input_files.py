"""The files of a scenario as they are kept: the bytes of its file and of every table that it names,
and what has to be overridden for them to be that scenario again.

Nothing is written anew: comments, order and a workbook's sheets come back as they were. A table
that lies in the scenario's folder keeps its name; one that lies elsewhere is put beside the
scenario, and an override leads to it there: names of files are no part of the hash.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from planner.errors import DataError
from planner.scenario.load import Scenario, load_scenario_with_content
from planner.scenario.schema.faults import schema_fault_entries
from profiles.io.faults import Fault, file_bytes_or_fault
from profiles.io.workbook_guard import is_workbook

__all__ = [
    "MOST_INPUT_BYTES",
    "KeptInput",
    "collect_input_files",
    "read_input_files",
    "write_input_files",
]

MOST_INPUT_BYTES = 200_000_000
"""Of all files of a scenario together, as planner.scenario.archive takes."""
MOST_INPUT_FILES = 100
TABLES = ("profiles", "scores", "demand")


@dataclass(frozen=True)
class KeptInput:
    """files: name relative to the scenario's folder (with /) -> bytes; scenario_file: the one that
    is the scenario; overrides: dotted path -> value.
    """

    files: Mapping[str, bytes] = field(repr=False)
    scenario_file: str
    overrides: Mapping[str, Any]


def read_input_files(scenario: Scenario) -> KeptInput:
    """Read all files of a scenario; DataError for one that is gone, and where they are too
    large.
    """
    faults: list[Fault] = []
    _, content = load_scenario_with_content(scenario.path, scenario.overrides, faults)
    if faults:
        raise DataError(faults)
    return collect_input_files(scenario.path, content, scenario.overrides)


def collect_input_files(
    scenario: Path, content: Mapping[str, Any], overrides: Mapping[str, Any]
) -> KeptInput:
    """As `read_input_files`, of a scenario's file whose content, overrides in it, is at hand: no
    file is parsed.
    """
    sources = {scenario.name: scenario}
    moved: dict[str, str] = {}
    for key, stated in _tables_of_input(content, scenario):
        path = scenario.parent / stated
        if path not in sources.values():
            name = _inside_folder(stated) or f"{key.replace('.', '-')}{path.suffix.lower()}"
            sources[_free_name(name, sources)] = path
        name = next(name for name, one in sources.items() if one == path)
        if name != stated:
            moved[key] = name
    files = _read_sources(sources, str(scenario))
    return KeptInput(files, scenario.name, {**overrides, **moved})


def write_input_files(kept: KeptInput, folder: Path) -> Path:
    """Write the files into a folder; the scenario's file there. OSError when that is not
    possible, DataError for a name that leads out of the folder.
    """
    for name, content in kept.files.items():
        # SQLite keeps values of any kind in a column of texts.
        if not isinstance(name, str) or not name or _inside_folder(name) != name:
            problem = "the name of a kept file is none, or leads out of its folder"
            raise DataError([Fault(str(name)[:100], "", "", problem, "keep the scenario again")])
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / kept.scenario_file


def _tables_of_input(content: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str]]:
    """Dotted path and name of every table that is a file; sheets of the workbook itself are
    not.
    """
    named = {key: content.get(key) for key in TABLES}
    for c, one in enumerate(schema_fault_entries(content, "classes")):
        named[f"classes.{c}.scores"] = one.get("scores")
    for key, value in named.items():
        own = is_workbook(path) and Path(str(value).partition("#")[0]).name == path.name
        # A table that no class needs may be missing: nothing has read it.
        if isinstance(value, str) and value and not own and (path.parent / value).exists():
            yield key, value


def _inside_folder(stated: str) -> str:
    """The name of a table within the scenario's folder, in one spelling; "" of one elsewhere."""
    pure = PurePosixPath(stated)
    plain = "\\" not in stated and stated.isprintable() and not pure.is_absolute()
    return str(pure) if plain and pure.name and ".." not in pure.parts else ""


def _free_name(name: str, taken: Mapping[str, Path]) -> str:
    """The name, or the first of it with a number that is free."""
    pure = PurePosixPath(name)
    others = (str(pure.with_stem(f"{pure.stem}-{k}")) for k in range(2, MOST_INPUT_FILES + 3))
    return next(one for one in (str(pure), *others) if one not in taken)


def _read_sources(sources: Mapping[str, Path], scenario: str) -> dict[str, bytes]:
    """The bytes of every file, of which no more is read than may be kept."""
    files: dict[str, bytes] = {}
    left = MOST_INPUT_BYTES
    for name, path in sources.items():
        raw, fault = file_bytes_or_fault(path)
        if fault is not None:
            raise DataError([fault])
        files[name], left = raw, left - len(raw)
        if left < 0 or len(files) > MOST_INPUT_FILES:
            problem = (
                f"its files are too large to be kept (at most {MOST_INPUT_BYTES / 1e6:,.0f} MB and"
                f" {MOST_INPUT_FILES} files)"
            )
            fix = "keep the scores as Parquet, or a sample of the prompts"
            raise DataError([Fault(scenario, "", "", problem, fix)])
    return files
