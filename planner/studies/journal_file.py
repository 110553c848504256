"""A journal beside a table that takes long to compute: what is done so far, so that an interrupted
study goes on where it was.

The first line is the head: a JSON object that says of which study. Every further line is one piece
of work in JSON. A last line that was broken off is left out when the journal is read.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from profiles.io.faults import DataError, Fault
from profiles.io.output_target import TargetKind, find_target
from profiles.io.writing import append_text, write_whole_file

__all__ = ["JournalFile", "journal_path"]

MARK = "journal_of"
"""Key of the head that every journal has; files without it are not overwritten."""


def journal_path(table: Path) -> Path | None:
    """Where the journal of a table lies, None where the table goes to a device or a descriptor."""
    replaced = find_target(table).kind == TargetKind.REPLACED
    return table.with_name(f"{table.name}.partial") if replaced else None


class JournalFile:
    """The file of a journal; without a path it holds nothing and writes nothing."""

    def __init__(self, path: Path | None, of: str, key: Mapping[str, Any]) -> None:
        """of: what it is a journal of, "sweep". key: what must be the same to go on from it.

        DataError when another file bears the name: nothing is overwritten that is no journal.
        """
        self.path, self.head = path, {MARK: of, **key}
        self.lines = [] if path is None else self._read(path)

    def _read(self, path: Path) -> list[Any]:
        """What an earlier run of this very study wrote."""
        try:
            # A FIFO would be waited for.
            if path.exists() and not path.is_file():
                raise ValueError("not a regular file")
            texts = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            head = json.loads(texts[0]) if texts else {MARK: ""}
            is_journal = isinstance(head, dict) and (MARK in head or "key" in head)
        except (OSError, ValueError):
            is_journal = False
        if not is_journal:
            problem = "a file of this name is there, and it is no journal of an earlier run"
            raise DataError(
                [Fault(str(path), "", "", problem, "move it away, or name another file")]
            )
        if head != self.head:
            return []
        lines = []
        for text in texts[1:]:
            try:
                lines.append(json.loads(text))
            except ValueError:
                break
        return lines

    def begin(self, lines: Iterable[Any]) -> None:
        """Write the head and what is taken over. WriteError when that is not possible."""
        if self.path is not None:
            text = "".join(f"{json.dumps(line)}\n" for line in (self.head, *lines))
            write_whole_file(self.path, lambda stream: stream.write(text))

    def append(self, line: Any) -> None:
        """Add a piece of work. WriteError when that is not possible."""
        if self.path is not None:
            append_text(self.path, f"{json.dumps(line)}\n")

    def remove(self) -> None:
        """The journal is not needed any more."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
