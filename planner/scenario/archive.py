"""A scenario with its tables in one zip archive: made for a user to keep, and unpacked
within bounds when it is uploaded.
"""

import io
import json
import math
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from planner.errors import DataError
from planner.scenario.demand.rates import DEMAND_COLUMNS, assemble_rates, read_demand_table
from planner.scenario.inputs import (
    InputFindings,
    InputTables,
    open_input_book,
    read_input_tables,
)
from planner.scenario.load import Scenario
from planner.scenario.templates import template_score_frame, template_workbook_inputs
from profiles.io.faults import Fault
from profiles.io.table_files import read_table_file
from profiles.io.tables import Table
from profiles.io.workbook_guard import is_workbook

__all__ = [
    "archived_scenario_text",
    "unpack_archive_folder",
    "unpack_scenario_archives",
    "write_archive_folder",
    "zip_scenario",
]

ENDING = ".zip"
MOST_MEMBERS = 100
MOST_IN_FOLDERS = 10_000
"""Files of an archive of benchmark results."""
MOST_BYTES = 200_000_000
"""Of all members together, unpacked."""
_BLOCK = 1 << 20
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
YAML_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_NOT_READABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OSError,
)
"""What zipfile raises for archives that are damaged, encrypted or packed by other methods."""


def zip_scenario(scenario: Scenario) -> bytes:
    """A scenario as scenario.yaml, profiles and scores in one archive.

    OSError, DataError as `write_archive_folder`.
    """
    target = io.BytesIO()
    with (
        tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as folder,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in sorted(write_archive_folder(scenario, Path(folder)).parent.iterdir()):
            archive.write(path, path.name)
    return target.getvalue()


def unpack_scenario_archives(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files, an archive among them replaced by what it holds.

    DataError with every fault.
    """
    unpacked: dict[str, bytes] = {}
    faults: list[Fault] = []
    for name, content in files.items():
        inner = (
            _archive_members(name, content, faults)
            if PurePath(name).suffix.lower() == ENDING
            else {name: content}
        )
        for one in sorted(unpacked.keys() & inner.keys()):
            faults.append(_repeated(name, one))
        unpacked |= inner
    if faults:
        raise DataError(faults)
    return unpacked


def unpack_archive_folder(name: str, content: bytes, folder: Path, faults: list[Fault]) -> None:
    """Unpack an archive of benchmark results with its folders into a new one, and nowhere else.
    Faults as of an archive of a scenario.
    """
    fix = f"include at most {MOST_IN_FOLDERS:,} files"
    members = _archive_members(name, content, faults, (MOST_IN_FOLDERS, fix), with_folders=True)
    folder.mkdir()
    for member, raw in members.items():
        try:
            (folder / member).parent.mkdir(parents=True, exist_ok=True)
            (folder / member).write_bytes(raw)
        except OSError as error:  # a name that is too long, or a file's and a folder's
            problem = f"this file cannot be unpacked ({error.strerror})"
            faults.append(Fault(name, member, "", problem, "give it another name"))


def _archive_members(
    name: str,
    content: bytes,
    faults: list[Fault],
    most: tuple[int, str] = (MOST_MEMBERS, "include only the scenario and its tables"),
    *,
    with_folders: bool = False,
) -> dict[str, bytes]:
    """Files of an archive by their last names; folders, hidden files and what a Mac adds are passed
    over. {} with a fault for an archive that cannot be taken.

    most: files, and what to do about more; with_folders: by their paths in the archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [
                one for one in archive.infolist() if not one.is_dir() and not _added(one.filename)
            ]
            if len(members) > most[0]:
                faults.append(Fault(name, "", str(len(members)), "too many files", most[1]))
                return {}
            return _unpack_archive(name, archive, members, faults, with_folders=with_folders)
    except _NOT_READABLE:
        problem = "this is no zip archive that can be read"
        fix = "pack the files again without a password"
        faults.append(Fault(name, "", "", problem, fix))
        return {}


def _unpack_archive(
    name: str,
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    faults: list[Fault],
    *,
    with_folders: bool,
) -> dict[str, bytes]:
    """The members' bytes by their names, at most MOST_BYTES in all."""
    unpacked: dict[str, bytes] = {}
    left = MOST_BYTES
    for member in members:
        last = _name_in_folder(member) if with_folders else PurePath(member.filename).name
        raw = _read_archive(archive, member, left)
        if raw is None:
            problem = f"it holds more than {MOST_BYTES:,} bytes"
            faults.append(Fault(name, last, "", problem, "hand over smaller tables, or Parquet"))
            return {}
        if last in unpacked:
            faults.append(_repeated(name, last))
        unpacked[last], left = raw, left - len(raw)
    return unpacked


def _name_in_folder(member: zipfile.ZipInfo) -> str:
    """A member's path that leads to nowhere outside."""
    parts = PureWindowsPath(member.filename).parts
    names = ("".join(s for s in part if s.isprintable() and s not in "/\\:") for part in parts)
    return "/".join(name for name in names if name.strip(".")) or "file"


def _repeated(archive: str, name: str) -> Fault:
    problem = "there are two files of this name"
    return Fault(archive, name, "", problem, "hand over one of them")


def _added(path: str) -> bool:
    return PurePath(path).name.startswith(".") or path.startswith("__MACOSX/")


def _read_archive(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | None:
    """What a member really unpacks to, regardless of its header; None when that is more than `most`
    bytes.
    """
    blocks: list[bytes] = []
    with archive.open(member) as stream:
        while block := stream.read(_BLOCK):
            most -= len(block)
            if most < 0:
                return None
            blocks.append(block)
    return b"".join(blocks)


def archived_scenario_text(content: Mapping[str, Any]) -> str:
    """YAML of a scenario's content, blank values left out; entries of lists on one line each."""
    return (
        "\n".join(
            line for key, value in content.items() for line in _archived_yaml_lines(key, value)
        )
        + "\n"
    )


def _archived_yaml_lines(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [f"{key}:", *(f"  - {_flow_in_archive(entry)}" for entry in value)]
    return [f"{key}: {_flow_in_archive(value)}"]


def _flow_in_archive(value: Any) -> str:
    """A value on one line; JSON's scalars mean the same in YAML 1.2."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(
                f"{_key_in_archive(key)}: {_flow_in_archive(one)}"
                for key, one in value.items()
                if one is not None
            )
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow_in_archive(one) for one in value) + "]"
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 1e15:
        return f"{int(value)}"
    return json.dumps(value, ensure_ascii=False)


def _key_in_archive(key: str) -> str:
    """A key of the schema as it is; a name in quotes where YAML could read something else."""
    safe = PLAIN_KEY.fullmatch(key) and key.lower() not in YAML_WORDS
    return key if safe else json.dumps(key, ensure_ascii=False)


def _copy_class_scores(
    scenario: Scenario, content: dict[str, Any], folder: Path, sheets: Mapping[str, Table]
) -> None:
    """Copy the score tables of classes, each once, and name the copies; sheets become CSV.

    sheets: by the names that the scenario has for them.
    """
    copied: dict[str, str] = {}
    for one in content["classes"] or ():
        name = one["scores"]
        if name is None:
            continue
        if name not in copied:
            ending = ".csv" if name in sheets else PurePath(name).suffix.lower()
            copied[name] = f"scores-{len(copied) + 1}{ending}"
            if name in sheets:
                frame = template_score_frame(scenario, sheets[name])
                frame.to_csv(folder / copied[name], index=False)
            else:
                shutil.copyfile(scenario.path.parent / name, folder / copied[name])
        one["scores"] = copied[name]


def _write_rates_into_cases(scenario: Scenario, content: dict[str, Any]) -> None:
    """Put the rates of the table `demand` into the cases: overrides of some of them are there
    already, and both is a fault of a file.
    """
    spec, faults = scenario.spec, list[Fault]()
    if spec.demand is None:
        return
    table = _rates_table(scenario, spec.demand, faults)
    stated = None if table is None else read_demand_table(table, spec, faults)
    rates = None if faults else assemble_rates(spec, stated, str(scenario.path), faults)
    if rates is None:
        raise DataError(faults)
    names = [one.name for one in spec.classes or ()]
    for t, case in enumerate(content["cases"]):
        case["arrival_rate_rps"] = dict(zip(names, map(float, rates[:, t]), strict=True))
    content["demand"] = None


def _rates_table(scenario: Scenario, name: str, faults: list[Fault]) -> Table | None:
    """The table `demand`, of a file or of the scenario's own workbook."""
    findings = InputFindings()
    if is_workbook(scenario.path):
        open_input_book(scenario.path, findings)
    table, faulty = findings.table("demand", name, None)
    if table is None and not faulty:
        return read_table_file(scenario.path.parent / name, faults, only=DEMAND_COLUMNS)
    return table


def write_archive_folder(
    scenario: Scenario, folder: Path, tables: InputTables | None = None
) -> Path:
    """Write scenario.yaml, profiles and scores into a folder; the scenario's file.

    Tables are copied, those of a workbook become CSV. tables: of the scenario, where they were read
    already.

    OSError when that is not possible, DataError when a workbook or a table of rates cannot be read
    any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = scenario.spec.model_dump(mode="json")
    book = None
    if is_workbook(scenario.path):
        tables = tables or read_input_tables(scenario)
        book = template_workbook_inputs(scenario, tables, folder, most_prompts=10**9)
    for key, path in (("profiles", scenario.profiles_path), ("scores", scenario.scores_path)):
        frame = getattr(book, key, None)
        content[key] = f"{key}.csv" if frame is not None else f"{key}{path.suffix.lower()}"
        if frame is not None:
            frame.to_csv(folder / content[key], index=False)
        else:
            shutil.copyfile(path, folder / content[key])
    sheets = {} if book is None or tables is None else tables.class_scores
    own = {name: table for name, table in sheets.items() if "#" in name}
    _copy_class_scores(scenario, content, folder, own)
    _write_rates_into_cases(scenario, content)
    target = folder / "scenario.yaml"
    target.write_text(archived_scenario_text(content), encoding="utf-8")
    return target
