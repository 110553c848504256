"""The fuzzer itself: what it found stays fixed, it finds what is planted, and a seed gives the
same cases whatever else differs.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.cases import Case
from tests.fuzz.child import Outcome
from tests.fuzz.corpus import read_corpus
from tests.fuzz.judge import judge, look_at
from tests.fuzz.libraries import LIBRARY, damaged_library
from tests.support.paths import HOME
from tests.support.walls import wall_size

SOUND = {
    **{"code": 0, "signal": 0, "hung": False, "left": False, "cpu_s": 1.0, "wall_s": 1.0},
    **{"peak_mib": 200.0, "out": "done", "err": ""},
}
TRACEBACK = 'Traceback (most recent call last):\n  File "a/b.py", line 1, in f\nKeyError: 1\n'


def fuzz(*args: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    """A process of its own: the fuzzer forks, which a test process with threads must not."""
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *args],
        cwd=HOME,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "FUZZ_PATIENCE": "10"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_was_found_stays_fixed() -> None:
    run = fuzz("--corpus")
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(f"{len(read_corpus())} cases")


@pytest.mark.slow
def test_a_seed_gives_the_same_cases_under_every_hash_seed() -> None:
    """Cases by their command lines and files, told by a digest."""
    cases = wall_size(15, 150)
    one, other = (fuzz("--seed", "5", "--list", str(cases), hash_seed=seed) for seed in ("1", "2"))
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout
    assert len(set(one.stdout.splitlines())) == cases


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"code": 1, "err": "x"}, "exit code 1"),
        ({"code": 7, "err": "x"}, "exit code 7"),
        ({"code": None, "signal": 11}, "signal 11"),
        ({"code": None, "signal": 9, "hung": True}, "hangs"),
        ({"left": True}, "processes left"),
        ({"cpu_s": 10.1}, "CPU"),
        ({"peak_mib": 501.0}, "memory"),
        ({"code": 2}, "no message"),
        ({"code": 2, "err": TRACEBACK}, "traceback KeyError a/b.py f"),
        ({"err": "a.py:3: RuntimeWarning: overflow\n"}, "python warning"),
    ],
)
def test_a_planted_outcome_is_reported(
    changes: dict[str, object], kind: str | None, tmp_path: Path
) -> None:
    outcome = Outcome(**{**SOUND, **changes})  # type: ignore[arg-type]
    found = judge(Case("0/0", ["plan"]), outcome, look_at(tmp_path), tmp_path, tmp_path / "logs")
    assert [finding.kind for finding in found] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("made.json", '{"x": NaN}', "not whole"),
        ("made.csv", "a,b\n1", "not whole"),
        ("made.xlsx", "PK", "not whole"),
        (".made.json.tmp", "{}", "unfinished file"),
        ("input", "other", "file changed"),
        ("input", None, "file changed"),
        ("made.json", '{"x": 1}', None),
    ],
)
def test_a_planted_file_is_reported(
    name: str, content: str | None, kind: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "input").write_text("kept")
    before = look_at(folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    case = Case("0/0", ["plan"], outputs=["made.json", "made.csv"])
    found = judge(case, Outcome(**SOUND), before, folder, tmp_path)  # type: ignore[arg-type]
    assert [finding.kind for finding in found] == ([] if kind is None else [kind])


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    before = look_at(tmp_path)
    (tmp_path / "made.json").write_text("{}")
    outcome = Outcome(**{**SOUND, "code": 2, "err": "x"})  # type: ignore[arg-type]
    case = Case("0/0", ["plan"], outputs=["made.json"])
    found = judge(case, outcome, before, tmp_path, tmp_path / "logs")
    assert [finding.kind for finding in found] == ["file of a failure"]


@pytest.mark.parametrize(
    ("damage", "is_reported"),
    [
        ("DELETE FROM a", True),  # a row of `b` refers to it
        ("DELETE FROM b", False),
    ],
)
def test_a_library_in_which_a_reference_is_broken_is_reported(
    damage: str, is_reported: bool, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    (logs / "library").mkdir(parents=True)
    with closing(sqlite3.connect(logs / "library" / LIBRARY)) as database:
        database.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE b (a INTEGER REFERENCES a)")
        database.execute("INSERT INTO a VALUES (1)")
        database.execute("INSERT INTO b VALUES (1)")
        database.execute(damage)
        database.commit()
    outcome = Outcome(**SOUND)  # type: ignore[arg-type]
    found = judge(Case("0/0", ["library", "rm"]), outcome, look_at(tmp_path), tmp_path, logs)
    assert [finding.kind for finding in found] == ["library damaged"] * is_reported


def test_damage_to_a_library_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    path = tmp_path / LIBRARY
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE planner_a (id INTEGER PRIMARY KEY, text)")
        database.executemany("INSERT INTO planner_a (text) VALUES (?)", [("x",), (b"y",), (3,)])
        database.commit()
    content = path.read_bytes()
    made = [damaged_library(content, Random(seed)) for seed in (*range(20), *range(20))]
    assert made[:20] == made[20:]
    assert len(set(made)) > 10
