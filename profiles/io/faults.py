"""What is wrong with the input: one record per fault, and the errors that carry all faults of a run
at once.

    DataError                 any bad input; front ends catch this one (exit code 2)
    +-- ScenarioError         the scenario file and its overrides
    +-- ProfileError          the profile table
    +-- ScoresError           the scores table
    +-- CatalogueError        the GPU and LLM catalogues

An error whose faults come from several of these files is a plain `DataError`.
"""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "SHOWN_PER_FILE",
    "CatalogueError",
    "DataError",
    "Fault",
    "ProfileError",
    "ScenarioError",
    "ScoresError",
    "fault_spelling_guess",
    "file_bytes_or_fault",
    "file_text_or_fault",
    "shown_in_fault",
]

SHOWN_PER_FILE = 50
"""So many faults of one file are printed; the others are counted."""

MOST_GUESSES = 4
"""So many known words that begin with the word given are suggested."""


@dataclass(frozen=True)
class Fault:
    """One thing to fix.

    file: as the user named it; where: row, column or dotted path ("" = the whole file).

    value: the content there, as `shown_in_fault` renders it ("" = nothing to show); problem and
    fix: sentences without a full stop.
    """

    file: str
    where: str
    value: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """One line: file:place: problem, got VALUE; fix."""
        place = f"{self.file}:{self.where[:300]}" if self.where else self.file
        got = f", got {self.value}" if self.value else ""
        line = (
            f"{place}: {self.problem}{got}; {self.fix}"
            if self.fix
            else f"{place}: {self.problem}{got}"
        )
        return (
            line
            if line.isprintable()
            else "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
        )


class DataError(Exception):
    """Bad input.

    faults: all, in the order of reading; notices: what else the reader should know.
    """

    def __init__(self, faults: Iterable[Fault], notices: Iterable[str] = ()) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.notices: tuple[str, ...] = tuple(notices)
        super().__init__(self.faults, self.notices)

    def __str__(self) -> str:
        """One line a fault, at most `SHOWN_PER_FILE` a file, every kind of problem among them."""
        files: dict[str, list[Fault]] = defaultdict(list)
        for fault in self.faults:
            files[fault.file].append(fault)
        lines: list[str] = []
        for file, faults in files.items():
            picked = _pick_for_fault(faults, SHOWN_PER_FILE)
            lines += [str(fault) for fault in picked]
            if len(faults) > len(picked):
                lines.append(f"{file}: and {len(faults) - len(picked)} more")
        return "\n".join(lines)


class ScenarioError(DataError):
    """The scenario file or an override is bad."""


class ProfileError(DataError):
    """The profile table is bad."""


class ScoresError(DataError):
    """The scores table is bad."""


class CatalogueError(DataError):
    """A catalogue is bad."""


def shown_in_fault(value: object, width: int = 60) -> str:
    """A value on one line in at most `width` characters: text in quotes, null, true and false
    as in YAML.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    text = (
        repr(value)
        if isinstance(value, str | bytes | dict | list | tuple)
        else str(value).replace("\n", " ")
    )
    return text if len(text) <= width else text[: width - 4] + "..." + text[-1]


def fault_spelling_guess(word: str, known: Iterable[str]) -> str:
    """`did you mean X? ` when a known word is close or goes on where this one ends (`X, Y or Z` of
    several), else "".
    """
    given, words = word.casefold()[:200], {k.casefold(): k for k in known}
    longer = [
        k for k in words if given and k.startswith(given) and not k[len(given) :][:1].isalnum()
    ]
    close = difflib.get_close_matches(given, list(words), n=1, cutoff=0.7) or longer[:MOST_GUESSES]
    *first, last = [words[k] for k in close] or [""]
    return f"did you mean {', '.join(first) + ' or ' if first else ''}{last}? " if last else ""


def file_text_or_fault(path: Path, size_limit: int | None = None) -> tuple[str, Fault | None]:
    """Text of a UTF-8 file without its byte-order mark, or the fault that kept it from being
    read.
    """
    raw, fault = file_bytes_or_fault(path, size_limit)
    if fault:
        return "", fault
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "", Fault(str(path), "", "", "the file is UTF-16 text", "save it as UTF-8")
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        return "", Fault(
            str(path),
            f"row {row}",
            shown_in_fault(raw[error.start : error.end]),
            "the file is not UTF-8 text",
            "save it as UTF-8",
        )


def file_bytes_or_fault(path: Path, size_limit: int | None = None) -> tuple[bytes, Fault | None]:
    """Bytes of a regular file, or the fault that kept it from being read."""

    def no(problem: str, fix: str) -> tuple[bytes, Fault]:
        return b"", Fault(str(path), "", "", problem, fix)

    try:
        if not path.exists():
            return no("there is no such file", _fault_neighbours(path))
        if path.is_dir():
            return no("this is a folder, not a file", "name the file inside it")
        if not path.is_file():
            return no("this is not a regular file", "name a regular file")
        if size_limit is not None and path.stat().st_size > size_limit:
            return no(
                f"the file has {path.stat().st_size} bytes, more than {size_limit}",
                "name the right file; none of this kind is so large",
            )
        return path.read_bytes(), None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return no(f"the file cannot be read ({reason})", "check its name and permissions")


def _fault_neighbours(path: Path) -> str:
    """Fix of a name that does not exist: the closest name in the same folder."""
    try:
        names: Sequence[str] = sorted(p.name for p in path.parent.iterdir())[:1000]
    except OSError:
        return f"there is no folder {path.parent}; check the path"
    return (
        fault_spelling_guess(path.name, names)
        + "check the name (tables are relative to the scenario file)"
    )


def _pick_for_fault(faults: Sequence[Fault], limit: int) -> list[Fault]:
    """At most `limit` faults in their order, the first of every kind of problem before the second
    of any.
    """
    turn: dict[tuple[str, str], int] = defaultdict(int)
    ranked = []
    for i, fault in enumerate(faults):
        column = fault.where.rpartition("column ")[2]
        kind = (fault.problem, column.rstrip("0123456789") if "!" in column else column)
        ranked.append((turn[kind], i))
        turn[kind] += 1
    return [faults[i] for i in sorted(i for _, i in sorted(ranked)[:limit])]
