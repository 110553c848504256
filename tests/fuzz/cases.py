"""A seed and a number -> a case: a command line with its files.

A case is a sound one and some steps of damage, each with randomness of its own, so that one that
finds something can be tried again without each of them.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from tests.fuzz.commands import COMMANDS, is_output, sane_value, strange_argument
from tests.fuzz.libraries import damaged_library
from tests.fuzz.raw import damaged_bytes, damaged_text, damaged_workbook
from tests.fuzz.seeds import NEEDS
from tests.fuzz.tables import Rows, csv_bytes, damaged_rows, parquet_bytes, rows_of_csv
from tests.fuzz.trees import damaged_tree, json_text, yaml_block

__all__ = ["MOST_STEPS", "Case", "make_case", "write_case"]

MOST_STEPS = 5
DEVICES = {"a-null-device": 3, "a-full-device": 7}
"""Minor numbers of the devices of memory."""


@dataclass
class Case:
    """name: SEED/NUMBER; args: after `python -m planner`; files: name -> content of those that are
    not as the seeds are, None where there is none; outputs: those of `args` that name one.
    """

    name: str
    args: list[str]
    files: dict[str, bytes | None] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    @property
    def command(self) -> str:
        return " ".join(self.args[: 2 if " ".join(self.args[:2]) in COMMANDS else 1])


@dataclass
class _Draft:
    """A case that is being made. slots: option or "" -> its arguments, in order; words: of their
    values; reads: files that the command reads unnamed; trees, tables: files that are held as
    such, to be damaged again.
    """

    seeds: Mapping[str, bytes]
    slots: list[tuple[str, str, list[str]]]
    reads: tuple[str, ...] = ()
    files: dict[str, bytes | None] = field(default_factory=dict)
    trees: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Rows] = field(default_factory=dict)

    def inputs(self) -> list[str]:
        """Names of the files that the command line leads to."""
        named = [token for _, _, tokens in self.slots for token in tokens if token in self.seeds]
        needed = [more for name in named for more in NEEDS.get(name, ())]
        return list(dict.fromkeys([*named, *needed, *self.reads]))

    def content(self, name: str) -> bytes:
        return self.files.get(name, self.seeds[name]) or b""


def make_case(
    seeds: Mapping[str, bytes],
    seed: int,
    number: int,
    only: str = "",
    skip: frozenset[int] = frozenset(),
) -> Case:
    """The case of this seed and number. only: a command; skip: steps that are left out."""
    name = f"{seed}/{number}"
    rng = Random(name)
    command = only or rng.choice(list(COMMANDS))
    draft = _Draft(seeds, _sound_line(command, rng), COMMANDS[command].reads)
    for step in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 3, MOST_STEPS))):
        if step not in skip:
            _damage(draft, command, Random(f"{name}/{step}"))
    _render(draft, Random(f"{name}/render"))
    args = command.split()
    for option, _, tokens in draft.slots:
        args += ([option] if option else []) + tokens
    outputs = [token for _, word, tokens in draft.slots if is_output(word) for token in tokens]
    return Case(name, args, draft.files, outputs)


def _sound_line(command: str, rng: Random) -> list[tuple[str, str, list[str]]]:
    """Arguments, some options, and those that are always there."""
    made = COMMANDS[command]
    slots = [("", word, sane_value(word, rng)) for word in made.positional]
    share = rng.choice((0.0, 0.15, 0.4))
    chosen = [option for option in made.options if rng.random() < share]
    for option in chosen:
        word = made.options[option]
        slots.append((option.strip("@"), word, sane_value(word, rng)))
    slots += [("", "folder" if word == "deploy" else "", [word]) for word in made.always]
    return slots


def _damage(draft: _Draft, command: str, rng: Random) -> None:
    """One step: of a file, of the command line, or of what is at a place."""
    inputs, kind = draft.inputs(), rng.random()
    if inputs and kind < 0.7:
        _damage_file(draft, rng.choice(inputs), rng)
    elif kind < 0.95:
        _damage_line(draft, command, rng)
    elif inputs:
        draft.files[rng.choice(inputs)] = rng.choice((None, b"", draft.content(rng.choice(inputs))))


def _damage_line(draft: _Draft, command: str, rng: Random) -> None:
    """A value that is strange, an option more, twice or gone, or a stray argument."""
    kind, options = rng.randrange(8), COMMANDS[command].options
    at = rng.randrange(len(draft.slots)) if draft.slots else 0
    if kind < 3 and draft.slots:
        option, word, tokens = draft.slots[at]
        if tokens and not is_output(word):
            draft.slots[at] = (option, word, [strange_argument(rng)])
    elif kind < 6 and options:
        option = rng.choice(list(options))
        tokens = sane_value(options[option], rng)
        if tokens and rng.random() < 0.5 and not is_output(options[option]):
            tokens = [strange_argument(rng)]
        draft.slots.append((option.strip("@"), options[option], tokens))
    elif kind == 6 and draft.slots:
        del draft.slots[at]
    else:
        draft.slots.insert(at, ("", "", [strange_argument(rng)]))


def _damage_file(draft: _Draft, name: str, rng: Random) -> None:
    """Damage by structure while the file has one, else as text or bytes, which then it stays."""
    suffix = Path(name).suffix
    if suffix == ".xlsx":
        draft.files[name] = damaged_workbook(draft.content(name), rng)
    elif suffix == ".db":
        draft.files[name] = damaged_library(draft.content(name), rng)
    elif name in draft.files or rng.random() < 0.25:
        _render(draft, rng)
        damage = (
            damaged_bytes if suffix == ".parquet" else rng.choice((damaged_text, damaged_bytes))
        )
        draft.files[name] = damage(draft.content(name), rng)
    elif suffix in (".csv", ".parquet"):
        known = draft.tables.get(name) or _rows_of(draft, name)
        draft.tables[name] = damaged_rows(known, rng)
    elif suffix in (".json", ".yaml"):
        if name not in draft.trees:
            load = json.loads if suffix == ".json" else YAML(typ="safe", pure=True).load
            draft.trees[name] = load(draft.content(name).decode())
        draft.trees[name] = damaged_tree(draft.trees[name], rng)
    else:
        draft.files[name] = damaged_text(draft.content(name), rng)


def _rows_of(draft: _Draft, name: str) -> Rows:
    return rows_of_csv(draft.seeds[f"{Path(name).stem}.csv"].decode())


def _render(draft: _Draft, rng: Random) -> None:
    """Trees and tables as bytes."""
    for name, rows in draft.tables.items():
        write = parquet_bytes if name.endswith(".parquet") else csv_bytes
        draft.files[name] = write(rows, rng)
    for name, tree in draft.trees.items():
        text = yaml_block(tree) if name.endswith(".yaml") else json_text(tree)
        draft.files[name] = text.encode("utf-8", "surrogatepass")
    draft.tables.clear()
    draft.trees.clear()


def write_case(case: Case, seeds: Mapping[str, bytes], folder: Path) -> None:
    """Fill a folder with all that a case may lead to."""
    folder.mkdir()
    for name, content in {**seeds, **case.files}.items():
        if content is not None:
            (folder / name).write_bytes(content)
    _write_places(folder)


def _write_places(folder: Path) -> None:
    """Places that outputs may be sent to; devices where they may be made, else plain files."""
    (folder / "a-folder").mkdir()
    (folder / "a-folder" / "kept").write_text("kept", encoding="utf-8")
    (folder / "a-file").write_text("kept", encoding="utf-8")
    (folder / "a-link").symlink_to("a-linked-file")
    (folder / "a-linked-file").write_text("kept", encoding="utf-8")
    (folder / "a-dead-link").symlink_to("nothing")
    (folder / "a-circle").symlink_to("a-circle")
    os.mkfifo(folder / "a-fifo")
    for name, minor in DEVICES.items():
        try:
            os.mknod(folder / name, stat.S_IFCHR | 0o600, os.makedev(1, minor))
        except PermissionError:
            (folder / name).write_text("kept", encoding="utf-8")
