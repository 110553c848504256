"""The command `app`: the page, served by Streamlit in place of this process."""

import os
import sys

from planner.cli.terminal.frame import framed_command
from planner.packed_files import PAGE_SCRIPT

__all__ = ["page_command", "run_page"]


def page_command(host: str, port: int) -> list[str]:
    """The command that serves the page. host: address to listen on."""
    flags = [f"--server.address={host}", f"--server.port={port}"]
    return [sys.executable, "-m", "streamlit", "run", str(PAGE_SCRIPT), *flags]


@framed_command
def run_page(host: str, port: int) -> int:
    """Serve the page until Ctrl-C; does not return unless Streamlit cannot be started.

    The process is replaced, so that signals reach the server and no parent is left behind.
    """
    command = page_command(host, port)
    # Python leaves the current folder off the path: a `models` there is not ours.
    os.execve(command[0], command, {**os.environ, "PYTHONSAFEPATH": "1"})  # noqa: S606
