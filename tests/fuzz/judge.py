"""What is wrong with an outcome: nothing of this may happen, whatever a command is given."""

import json
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.fuzz.cases import Case
from tests.fuzz.child import PATIENCE, Outcome
from tests.fuzz.libraries import LIBRARY, library_is_sound

__all__ = ["EXIT_CODES", "MOST_CPU_S", "MOST_MIB", "Finding", "judge", "look_at"]

EXIT_CODES = (0, 2, 3, 4, 5, 6)
"""1 is a bug."""
MOST_CPU_S = 10.0 * PATIENCE
MOST_MIB = 500.0
WARNING = re.compile(r"^\S+\.py:\d+: \w*Warning: .*", re.MULTILINE)
UNFINISHED = re.compile(r"(^|/)\.|\.tmp$|/\.writing-")
"""Names of files that are being written."""

Look = Mapping[str, tuple[int, str]]
"""Path below a folder -> kind and permissions, and what tells its content."""


@dataclass(frozen=True)
class Finding:
    """kind: a word or two, by which findings are told apart; detail: what was seen."""

    kind: str
    detail: str


def look_at(folder: Path) -> Look:
    """What lies in a folder; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = ""
        if stat.S_ISREG(mode):
            content = sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(mode):
            content = str(path.readlink())
        found[path.relative_to(folder).as_posix()] = (stat.S_IFMT(mode), content)
    return found


def judge(case: Case, outcome: Outcome, before: Look, folder: Path, logs: Path) -> list[Finding]:
    """Everything that is wrong."""
    findings = [*_of_process(outcome), *_of_messages(outcome)]
    findings += _of_files(case, outcome, before, folder)
    left = [path.name for path in (logs / "temporary").rglob("*") if path.is_file()]
    if left and not outcome.signal:
        findings.append(Finding("temporary file", ", ".join(left[:3])))
    kept = logs / "library" / LIBRARY
    if LIBRARY not in case.files and kept.exists() and not library_is_sound(kept):
        findings.append(Finding("library damaged", str(case.args)))
    return findings


def _of_process(outcome: Outcome) -> list[Finding]:
    """How it ended and what it cost."""
    findings = []
    if outcome.hung:
        findings.append(Finding("hangs", f"{outcome.wall_s:.0f} s, {outcome.cpu_s:.1f} s of CPU"))
    elif outcome.signal:
        findings.append(Finding(f"signal {outcome.signal}", f"{outcome.cpu_s:.1f} s of CPU"))
    elif outcome.code not in EXIT_CODES:
        findings.append(Finding(f"exit code {outcome.code}", outcome.err[-300:]))
    if outcome.left:
        findings.append(Finding("processes left", "they lived on five seconds later"))
    if outcome.cpu_s > MOST_CPU_S:
        findings.append(Finding("CPU", f"{outcome.cpu_s:.1f} s"))
    if outcome.peak_mib > MOST_MIB:
        findings.append(Finding("memory", f"{outcome.peak_mib:.0f} MiB"))
    return findings


def _of_messages(outcome: Outcome) -> list[Finding]:
    """What it said."""
    findings = []
    printed = outcome.out + outcome.err
    if "Traceback (most recent call last)" in printed:
        last = [line for line in printed.splitlines() if line.strip()][-1]
        place = re.findall(r'File "[^"]*?([^/"]+/[^/"]+)", line \d+, in (\S+)', printed)
        where = " ".join(place[-1]) if place else ""
        findings.append(Finding(f"traceback {last.split(':')[0][:60]} {where}", last[:300]))
    if warned := WARNING.search(printed):
        findings.append(Finding("python warning", warned.group()[:300]))
    silent = not outcome.err.strip() if outcome.code == 2 else not printed.strip()
    if outcome.code not in (0, None) and silent:
        findings.append(Finding("no message", f"exit code {outcome.code}"))
    return findings


def _of_files(case: Case, outcome: Outcome, before: Look, folder: Path) -> list[Finding]:
    """What became of the files: what was there is as it was, unless it was named for output; what
    is new is whole, and nothing where the command failed over its only output.
    """
    after = look_at(folder)
    named = {Path(output).as_posix() for output in case.outputs}
    named |= {"a-linked-file"} if "a-link" in named else set()
    findings = []
    for name, was in before.items():
        now = after.get(name)
        if now is None or now[0] != was[0] or (now != was and name not in named):
            findings.append(Finding("file changed", name))
    new = [name for name in after if name not in before]
    findings += [Finding("unfinished file", name) for name in new if UNFINISHED.search(name)]
    findings += [Finding("not whole", name) for name in new if not _is_whole(folder / name)]
    if outcome.code in (1, 2, None) and new and len(case.outputs) < 2:
        findings.append(Finding("file of a failure", ", ".join(new[:3])))
    return findings


def _is_whole(path: Path) -> bool:
    """Whether an output can be read."""
    if path.is_symlink() or not path.is_file():
        return True
    try:
        if path.suffix == ".json":
            json.loads(path.read_bytes(), parse_constant=_refuse)
        elif path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                return book.testzip() is None
        elif path.suffix == ".csv":
            content = path.read_bytes().decode("utf-8")
            return content.endswith("\n")
        return path.stat().st_size > 0
    except (ValueError, zipfile.BadZipFile):
        return False


def _refuse(word: str) -> None:
    raise ValueError(word)
