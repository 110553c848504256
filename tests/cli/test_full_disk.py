"""A disk that is full: every command that writes says so in one message, ends with 2, leaves what
was there whole and nothing half done.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.paths import HOME
from tests.support.plans.old_examples import OLD_PLANS, old_example
from tests.support.walls import usually

TRIO = ("plan.json", "--scenario", str(old_example("paper-trio")), "--quiet")
LIMIT = 40
"""Bytes that a file may have."""
COMMANDS = (
    ("plan", "s/scenario.yaml", "--quiet", "--json", "old.json"),
    ("plan", "s/scenario.yaml", "--quiet", "--xlsx", "old.xlsx"),
    ("plan", "s/scenario.yaml", "--quiet", "--charts", "charts"),
    ("plan", "s/scenario.yaml", "--quiet", "--write-model", "old.mps"),
    ("plan", "s/scenario.yaml", "--quiet", "--write-model", "old.lp"),
    ("sweep", "s/scenario.yaml", "--quiet", "--vary", "arrival_rate_rps=5,10", "--csv", "old.csv"),
    ("setups", "s/scenario.yaml", "--quiet", "--jobs", "1", "--csv", "old.csv"),
    ("baselines", "s/scenario.yaml", "--quiet", "--csv", "old.csv"),
    ("report", *TRIO, "--xlsx", "old.xlsx"),
    ("report", *TRIO, "--charts", "charts"),
    ("export", *TRIO, "--to", "bundle"),
    ("init", "new"),
    ("init", "above/new"),
    ("init", "--xlsx", "new.xlsx"),
    ("init", "--example", "paper-trio"),
)
FEW = [COMMANDS[k] for k in (0, 8, 11)]
"""A plan, a workbook and a new folder."""
OLD = ("old.json", "old.xlsx", "old.csv", "old.mps", "old.lp")


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("commands", usually([FEW, list(COMMANDS)], (0,)))
def test_a_full_disk_is_one_message_and_leaves_nothing_half_done(
    tmp_path: Path, commands: Sequence[Sequence[str]]
) -> None:
    (tmp_path / "s").mkdir()
    for name, text in TEMPLATE_TEXTS.items():
        (tmp_path / "s" / name).write_text(text, encoding="utf-8")
    for name in OLD:
        (tmp_path / name).write_text("old")
    (tmp_path / "charts").mkdir()
    shutil.copy(OLD_PLANS / "paper-trio.json", tmp_path / "plan.json")
    before = files(tmp_path)
    answers = run(tmp_path, commands)
    for command, (code, errors) in zip(commands, answers, strict=True):
        assert code == 2, (command, code, errors)
        # HiGHS writes models itself and does not say why it failed.
        reason = "the file ends early" if "--write-model" in command else "File too large"
        assert f"cannot be written ({reason}" in errors, (command, errors)
        assert "Traceback" not in errors, (command, errors)
    assert files(tmp_path) == before


def run(folder: Path, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    program = HOME / "tests" / "support" / "full_disk_run.py"
    # No bytecode: CPython 3.11 would keep the half of a module.
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(program), str(LIMIT), *map(json.dumps, commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)
