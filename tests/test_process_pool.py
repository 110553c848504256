"""Work over processes: results in order, one start for each process, and an early stop."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from planner.errors import ProcessEndedError
from planner.process_pool import spread_over_processes
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S, usually

known: list[int] = []


def begin(number: int) -> None:
    known.append(number)


def work(number: int) -> tuple[int, int, int]:
    return number, known[-1], os.getpid()


def test_results_come_in_order_from_other_processes() -> None:
    results = list(spread_over_processes(work, range(6), 2, None, begin, (7,)))
    assert [number for number, *_ in results] == list(range(6))
    assert {shared for _, shared, _ in results} == {7}
    assert os.getpid() not in {process for *_, process in results}


def test_one_job_stays_in_this_process() -> None:
    results = list(spread_over_processes(work, range(3), 1, None, begin, (8,)))
    assert {process for *_, process in results} == {os.getpid()}


def test_a_stop_keeps_what_is_done() -> None:
    cancel = threading.Event()
    done = []
    for result in spread_over_processes(work, range(9), 1, cancel, begin, (9,)):
        done.append(result[0])
        if len(done) == 2:
            cancel.set()
    assert done == [0, 1]


def end(number: int) -> None:
    os._exit(number)


def test_work_whose_process_is_gone_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(ProcessEndedError, match="out of memory"):
        list(spread_over_processes(end, [1, 2, 3], 2))


HALF = """
import gc, os, struct, threading, time
from multiprocessing.connection import Connection
from planner.process_pool import spread_over_processes
def work(number):
    for one in gc.get_objects():
        if isinstance(one, Connection) and one.writable:
            os.write(one.fileno(), struct.pack("!i", 100))
    time.sleep(3600)
if __name__ == "__main__":
    cancel = threading.Event()
    threading.Timer(1.0, cancel.set).start()
    print(list(spread_over_processes(work, [1, 2], 2, cancel)))
"""


def test_a_stop_while_a_result_is_sent_ends(tmp_path: Path) -> None:
    """A process that is ended then leaves the head of a message without the rest."""
    (tmp_path / "half.py").write_text(HALF)
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    line = [sys.executable, "half.py"]
    done = subprocess.run(
        line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=UNHURRIED_S
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


SLOW = """
from planner.process_pool import spread_over_processes
def work(number):
    while True:
        number += 1
if __name__ == "__main__":
    list(spread_over_processes(work, [1, 2], 2))
"""


@pytest.mark.parametrize("kind", usually(["pool", "sweep"], (0,)))
def test_processes_end_when_their_parent_is_killed(tmp_path: Path, kind: str) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    rates = ",".join(str(rate) for rate in range(40, 75))
    sweep = f"sweep {HOME}/examples/paper-trio/scenario.yaml --jobs 2 --quiet --vary"
    line = ["slow.py"] if kind == "pool" else ["-m", "planner", *sweep.split()]
    line += [] if kind == "pool" else [f"arrival_rate_rps={rates}"]
    parent = psutil.Popen(
        [sys.executable, *line],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + UNHURRIED_S
        while len(workers := working(parent)) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        parent.kill()
        parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=UNHURRIED_S)
    for process in alive:
        process.kill()
    assert not alive


def working(parent: psutil.Process) -> list[psutil.Process]:
    """Its processes that do work: they have imported what they need."""
    found = []
    for child in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.cpu_times().user > 0.5:
                found.append(child)
    return found
