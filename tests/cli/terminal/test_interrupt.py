"""Ctrl-C in a separate process: the best plan so far, at once before the search and twice."""

import gc
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planner.cli.terminal.interrupt import Interrupt
from tests.support.paths import HOME
from tests.support.scenarios.small_scenarios import write_hard_scenario, write_scenario
from tests.support.walls import UNHURRIED_S, first_fast

FAKE_PROCESS = """
import time
from planner.postponed_imports import postpone_imports
postpone_imports()
import planner.joint.solve as joint
from planner.cli.app import app
from tests.support.instances.stand_in_search import hand_made_plan, no_plan
def solve(instance, settings, progress, cancel, **_):
    print("searching", flush=True)
    cancel.wait() if {listens} else time.sleep(3600)
    return hand_made_plan(instance, "feasible", 0.95) if {found} else no_plan("unknown")
joint.solve_joint = solve
app(["plan", {path!r}], prog_name="planner")
"""

TALKATIVE_PROCESS = """
from planner.cli.app import run
from planner.cli.terminal import progress
progress.LINE_EVERY_S = 0.1
run()
"""
"""The planner, which tells at once that its search has begun."""


def interrupted(path: Path, *, found: bool = True, listens: bool = True) -> tuple[int, str]:
    """Exit code and standard output of a process that got Ctrl-C once, or, where its search does
    not listen, until it has ended.
    """
    code = FAKE_PROCESS.format(path=str(path), found=found, listens=listens)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "searching\n"
    process.send_signal(signal.SIGINT)
    while not listens and process.poll() is None:
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=UNHURRIED_S)
    return process.returncode, stdout


def test_what_is_left_after_ctrl_c_is_done_without_looking_for_garbage() -> None:
    assert gc.isenabled()
    with Interrupt().handled() as interrupt:
        interrupt.guard()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.cancel.is_set()
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize(("found", "code"), first_fast([(True, 4), (False, 5)]))
def test_ctrl_c_keeps_the_best_plan(tmp_path: Path, found: bool, code: int) -> None:
    returned, stdout = interrupted(write_scenario(tmp_path), found=found)
    assert returned == code, stdout
    assert "stopped by" in stdout


@pytest.mark.slow
def test_ctrl_c_before_the_search(tmp_path: Path) -> None:
    """In the middle of the imports, when an exception might be swallowed, turned into another or
    end the process by SIGINT.
    """
    for delay in (0.2, 0.4):
        command = [sys.executable, "-m", "planner", "plan", str(write_scenario(tmp_path))]
        with subprocess.Popen(
            command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=UNHURRIED_S)
        if process.returncode not in (
            0,
            130,
            -signal.SIGINT,
        ):  # a fast machine is done, a slow one has not reached our code
            assert (process.returncode, stdout, "before the search" in stderr) == (5, "", True)


@pytest.mark.slow
def test_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    returned, _ = interrupted(write_scenario(tmp_path), listens=False)
    assert returned == 5


def test_real_ctrl_c(tmp_path: Path) -> None:
    words = ["plan", str(write_hard_scenario(tmp_path)), "--json", "-"]
    command = [sys.executable, "-c", TALKATIVE_PROCESS, *words]
    with subprocess.Popen(
        command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("search") for line in iter(process.stderr.readline, "")), (
            "it ended before its search"
        )
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=UNHURRIED_S)
    content = json.loads(stdout)
    assert (process.returncode, content["status"]) in {(4, "feasible"), (5, "unknown")}, stderr
    assert content["solver"]["termination"] == "interrupt"
