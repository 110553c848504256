"""A scenario with its tables in one zip archive: made for somebody to keep, and taken apart again within bounds when it is handed over."""

import io
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePath

from planner.errors import DataError
from planner.scenario.load import Scenario
from planner.scenario_files import write_folder
from profiles.io.faults import Fault

__all__ = ["unpacked", "zipped"]

ENDING = ".zip"
MOST_MEMBERS = 100
MOST_BYTES = 200_000_000
"""Of all members together, unpacked."""
_BLOCK = 1 << 20


def zipped(scenario: Scenario) -> bytes:
    """A scenario as scenario.yaml, profiles and scores in one archive. OSError, DataError as `write_folder`."""
    target = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as folder, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(write_folder(scenario, Path(folder)).parent.iterdir()):
            archive.write(path, path.name)
    return target.getvalue()


def unpacked(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files, an archive among them replaced by what it holds. DataError with every fault."""
    found: dict[str, bytes] = {}
    faults: list[Fault] = []
    for name, content in files.items():
        inner = _members(name, content, faults) if PurePath(name).suffix.lower() == ENDING else {name: content}
        for one in sorted(found.keys() & inner.keys()):
            faults.append(Fault(name, one, "", "there are two files of this name", "hand over one of them"))
        found |= inner
    if faults:
        raise DataError(faults)
    return found


def _members(name: str, content: bytes, faults: list[Fault]) -> dict[str, bytes]:
    """Files of an archive by their last names; folders, hidden files and what a Mac adds are passed over."""
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and not _added(one.filename)]
            if len(members) > MOST_MEMBERS:
                faults.append(Fault(name, "", str(len(members)), "too many files", "put in the scenario and its tables alone"))
                return {}
            for member in members:
                last = PurePath(member.filename).name
                raw = _read(archive, member, left)
                if raw is None:
                    faults.append(Fault(name, last, "", f"it holds more than {MOST_BYTES:,} bytes", "hand over smaller tables, or Parquet"))
                    return {}
                if last in found:
                    faults.append(Fault(name, last, "", "there are two files of this name", "hand over one of them"))
                found[last], left = raw, left - len(raw)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OSError):
        faults.append(Fault(name, "", "", "this is no zip archive that can be read", "pack the files anew, without a password"))
        return {}
    return found


def _added(path: str) -> bool:
    return PurePath(path).name.startswith(".") or path.startswith("__MACOSX/")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes | None:
    """What a member really unpacks to, whatever its header says; None when that is more than `most` bytes."""
    blocks: list[bytes] = []
    with archive.open(member) as stream:
        while block := stream.read(_BLOCK):
            most -= len(block)
            if most < 0:
                return None
            blocks.append(block)
    return b"".join(blocks)
