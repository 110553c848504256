"""`app`: the command that serves the page. It answers in tests/install/test_wheel.py."""

import os
from collections.abc import Mapping, Sequence

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.packed_files import PAGE_SCRIPT


def test_the_process_becomes_streamlit_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Sequence[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda program, command, env: started.append((command, env)))
    CliRunner().invoke(app, ["app", "--port", "8600", "--host", "0.0.0.0"])  # noqa: S104
    [(command, environment)] = started
    assert command[1:] == [
        *("-m", "streamlit", "run", str(PAGE_SCRIPT)),
        *("--server.address=0.0.0.0", "--server.port=8600"),
    ]
    assert environment["PYTHONSAFEPATH"] == "1"
    assert PAGE_SCRIPT.is_file()


@pytest.mark.parametrize("port", ["0", "65536", "page"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    assert CliRunner().invoke(app, ["app", "--port", port]).exit_code == 2
