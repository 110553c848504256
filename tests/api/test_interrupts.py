"""The first interrupt asks the work to end, the second one is raised."""

import subprocess
import sys

import pytest

from planner.api.interrupts import with_interrupts
from tests.support.paths import HOME

CODE = """
import os, signal, threading, time
from planner.api.interrupts import with_interrupts
for k in range({times}):
    threading.Timer(0.2 * (k + 1), os.kill, (os.getpid(), signal.SIGINT)).start()
def work(cancel):
    cancel.wait(20)
    {then}
    return "so far"
print(with_interrupts(work))
"""


def interrupted(times: int, then: str) -> tuple[int, str, str]:
    code = CODE.format(times=times, then=then)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_first_interrupt_ends_with_what_there_is() -> None:
    assert interrupted(1, "pass") == (0, "so far\n", "")


def test_the_second_interrupt_is_raised() -> None:
    _, said, errors = interrupted(2, "time.sleep(20)")
    assert said == ""
    assert "KeyboardInterrupt" in errors


def test_results_and_errors_come_through() -> None:
    assert with_interrupts(lambda cancel: cancel.is_set()) is False
    with pytest.raises(ZeroDivisionError):
        with_interrupts(lambda cancel: 1 / 0)
