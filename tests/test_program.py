"""Commands in messages are those that the reader can run."""

import subprocess
import sys
from pathlib import Path

import pytest

from planner.program import COMMAND, PROGRAM
from tests.support.paths import HOME


def test_a_checkout_is_run_as_a_module() -> None:
    assert PROGRAM == "python -m planner"


@pytest.mark.parametrize("called", [COMMAND, f"/somewhere/bin/{COMMAND}", f"{COMMAND}.exe"])
def test_the_console_command_of_an_editable_install_is_recognised(called: str) -> None:
    code = f"import sys; sys.argv = [{called!r}]; import planner.program as m; print(m.PROGRAM)"
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, check=True, capture_output=True)
    assert done.stdout.decode().strip() == Path(COMMAND).name
