"""The first interrupt asks the work to end, the second one is raised."""

import subprocess
import sys

import pytest

from planner.api.interrupts import with_interrupts
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

CODE = """
import os, signal, time
from planner.api.interrupts import with_interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
def work(cancel):
    os.kill(os.getpid(), signal.SIGINT)
    cancel.wait()
    {then}
    return "so far"
print(with_interrupts(work))
"""


def interrupted(then: str) -> tuple[int, str, str]:
    code = CODE.format(then=then)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=UNHURRIED_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_first_interrupt_ends_with_what_there_is() -> None:
    assert interrupted("pass") == (0, "so far\n", "")


def test_the_second_interrupt_is_raised() -> None:
    _, said, errors = interrupted("os.kill(os.getpid(), signal.SIGINT); time.sleep(3600)")
    assert said == ""
    assert "KeyboardInterrupt" in errors


def test_results_and_errors_come_through() -> None:
    assert with_interrupts(lambda cancel: cancel.is_set()) is False
    with pytest.raises(ZeroDivisionError):
        with_interrupts(lambda cancel: 1 / 0)
