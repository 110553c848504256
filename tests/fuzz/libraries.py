"""A library of kept work as a seed, and damage to the cells of one.

seed     plans with their scenarios and a study, kept at a time that stands still
damage   another value in one cell, a row less, a table less; or bytes of the file
"""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from random import Random

from tests.fuzz.raw import damaged_bytes
from tests.fuzz.values import strange_number, strange_text, twisted

__all__ = ["LIBRARY", "damaged_library", "library_is_sound", "write_library_seed"]

LIBRARY = "library.db"
"""Name of the seed, and of the file in the folder of PLANNER_LIBRARY."""


def write_library_seed(folder: Path, plans: tuple[str, ...]) -> None:
    """Keep the plans of a folder, and a study of the last, in its file `LIBRARY`."""
    # Imported here: the fuzzer sets what numpy reads before the program is imported.
    from planner import read_plan, save
    from planner.library.library_database import open_library_database
    from planner.library.record_keeping import keep_study

    for number, name in enumerate(plans):
        save(folder / name, f"kept {number}", tags=("a",), note="why")
    loaded = read_plan(folder / plans[-1]).scenario.result
    library = open_library_database()
    keep_study(library, "sweep", {"rows": [{"rate": 1.0, "quality": 0.5}]}, loaded)
    assert library.location.file is not None
    with closing(sqlite3.connect(library.location.file)) as database:
        database.execute("UPDATE planner_record SET created_s = 1, changed_s = 1")
        lines = list(database.iterdump())
    # The order in which indices are made is that of a set.
    indices = sorted(line for line in lines if " INDEX " in line[:24])
    script = [line for line in lines[:-1] if line not in indices] + indices + lines[-1:]
    with closing(sqlite3.connect(folder / LIBRARY)) as database:
        database.executescript("\n".join(script))


def damaged_library(content: bytes, rng: Random) -> bytes:
    """One damage to a table; of what is no database (any more), one of `damaged_bytes`."""
    if rng.random() < 0.3:
        return damaged_bytes(content, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / LIBRARY
        path.write_bytes(content)
        try:
            with closing(sqlite3.connect(path)) as database:
                _damage_tables(database, rng)
                database.commit()
        except (sqlite3.Error, OverflowError, UnicodeDecodeError):
            return damaged_bytes(content, rng)
        return path.read_bytes()


def _damage_tables(database: sqlite3.Connection, rng: Random) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'planner%'"
    names = sorted(name for (name,) in database.execute(query))
    if not names:
        raise sqlite3.DatabaseError("no table is left")
    table = rng.choice(names)
    rows = [row for (row,) in database.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
    kind = rng.randrange(10)
    if kind == 0:
        database.execute(f'DROP TABLE "{table}"')
    elif kind == 1 and rows:
        database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rng.choice(rows),))
    elif rows:
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        column, row = rng.choice(columns), rng.choice(rows)
        select = f'SELECT "{column}" FROM "{table}" WHERE rowid = ?'
        (was,) = database.execute(select, (row,)).fetchone()
        update = f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?'
        database.execute(update, (_strange_cell(was, rng), row))


def _strange_cell(was: object, rng: Random) -> object:
    """A value of another kind, or one near what was there; of content, damaged bytes."""
    if isinstance(was, bytes) and rng.random() < 0.7:
        return damaged_bytes(was, rng)
    near = twisted(was, rng) if isinstance(was, str | int | float) else strange_number(rng)
    value = rng.choice((near, strange_number(rng), strange_text(rng), None, b"\x00\xff"))
    if value is None or isinstance(value, bytes | float):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    text = value if isinstance(value, str) else json.dumps(str(value))
    return text.encode("utf-8", "replace").decode()


def library_is_sound(path: Path) -> bool:
    """Whether a database is whole, and no row refers to one that is gone."""
    try:
        with closing(sqlite3.connect(path)) as database:
            broken = database.execute("PRAGMA foreign_key_check").fetchall()
            return database.execute("PRAGMA integrity_check").fetchone() == ("ok",) and not broken
    except sqlite3.Error:
        return False
