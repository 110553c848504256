"""What is known of the option that every benchmark file measured, and what a person adds to it.

A file's runs are of one option (`tp`: one number for all of them), or of several, which each run
then names itself. What no run says may stand in the file's name (`-tp2-`, `share50`): a suggestion,
to be looked at before it is used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from profiles.importers.discover import Read
from profiles.importers.formats.record import Run
from profiles.importers.identify import Given, checked_identity, own_identity
from profiles.io.faults import Fault

__all__ = [
    "FileOption",
    "file_option_faults",
    "file_options",
    "given_of_file_options",
    "gpu_of_file_option",
]

KEYS: Mapping[str, str] = {
    "llm": "LLM",
    "gpu": "GPU type",
    "tp": "tensor-parallel degree",
    "share": "MPS share",
}
IN_NAMES = {
    "tp": re.compile(r"(?:^|[-_.])tp[-_=]?(\d{1,4})(?=$|[-_.])", re.IGNORECASE),
    "share": re.compile(r"(?:^|[-_.])(?:mps|share)[-_=]?(\d{1,3})(?=$|[-_.])", re.IGNORECASE),
}
DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class FileOption:
    """One file. tools: what wrote it; runs: how many it holds.

    own: key of KEYS -> what all its runs say; None where none says it, DIFFERS where each says its
    own. named: key -> what the file's name seems to say, where no run says it.
    """

    file: str
    tools: str
    runs: int
    own: Mapping[str, Any]
    named: Mapping[str, Any]

    def differs(self, key: str) -> bool:
        """Whether its runs say different things of a key."""
        return bool(self.own[key] == DIFFERS)


def file_options(read: Read) -> list[FileOption]:
    """One row for each file with runs, in the order of the files."""
    runs: dict[str, list[Run]] = {}
    for run in read.runs:
        runs.setdefault(run.file, []).append(run)
    return [
        _file_option(file, of_file, ", ".join(read.files[file].kinds))
        for file, of_file in runs.items()
    ]


def _file_option(file: str, runs: Sequence[Run], tools: str) -> FileOption:
    own: dict[str, Any] = {}
    for key in KEYS:
        said = {own_identity(run, key, Given(), [])[0] for run in runs}
        own[key] = next(iter(said)) if len(said) == 1 else DIFFERS
    named: dict[str, Any] = {}
    for key, pattern in IN_NAMES.items():
        found = pattern.search(Path(file).stem)
        if own[key] is None and found:
            named |= checked_identity({key: int(found[1])}, file, "", [])
    return FileOption(file=file, tools=tools, runs=len(runs), own=own, named=named)


def gpu_of_file_option(option: FileOption, gpus: Sequence[str]) -> str | None:
    """The one of some GPU types whose first word stands in the file's name, such as H100-SXM-80GB
    for `-h100-`, where no run names any; None where none or several do.
    """
    if option.own["gpu"] is not None:
        return None
    words = re.split(r"[-_. ]+", Path(option.file).stem.casefold())
    named = [gpu for gpu in gpus if re.split(r"[-_. ]+", gpu.casefold())[0] in words]
    return named[0] if len(named) == 1 else None


def given_of_file_options(
    options: Sequence[FileOption],
    stated: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Any],
    faults: list[Fault],
) -> Given:
    """What a person says about files, as the importer takes it.

    stated: file -> key -> value, also replicas; what repeats the file is left out. defaults: for
    runs of which neither the file nor `stated` says a key, also neighbours. Faults are added for
    values that are none.
    """
    entries = []
    for option in options:
        of_file = stated.get(option.file, {})
        new = {key: value for key, value in of_file.items() if value != option.own.get(key)}
        name = Path(option.file).name
        sound = checked_identity(new, name, "", faults)
        entries.append((escape(option.file), sound))
    return Given(defaults=checked_identity(dict(defaults), "all files", "", faults), files=entries)


def file_option_faults(options: Sequence[FileOption], given: Given) -> list[Fault]:
    """One fault for each key that nothing says of some file."""
    faults = []
    for key, words in KEYS.items():
        lacking = [
            Path(option.file).name
            for option in options
            if option.own[key] is None
            and given.of_file(option.file, key) is None
            and key not in given.defaults
        ]
        if lacking:
            more = f" and {len(lacking) - 1} more files" if len(lacking) > 1 else ""
            problem = f"nothing says the {words} that was measured"
            fix = "fill in the table, or choose one for all files that name none"
            faults.append(Fault(f"{lacking[0]}{more}", "", "", problem, fix))
    return faults
