"""The page's server as a separate process, and the memory that it takes."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

__all__ = ["memories", "memory", "served"]

HOME = Path(__file__).resolve().parents[1]
MIB = 2**20


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """A server that has solved its first example, as it is some seconds after its start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        address.rpartition(":")[2],
    ]
    process = subprocess.Popen(
        command,
        cwd=HOME,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait(lambda: urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).status == 200)  # noqa: S310 - our own server
        time.sleep(15)
        yield address, psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait(ready: Callable[[], bool]) -> None:
    """Ask until it is so, for a minute."""
    for _ in range(600):
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the page's server did not start")


def memory(process: psutil.Process) -> float:
    """MiB of the server and its workers."""
    return sum(memories(process))


def memories(process: psutil.Process) -> tuple[float, float]:
    """MiB of the server, and of its workers together."""
    workers = sum(one.memory_info().rss for one in process.children(recursive=True))
    return process.memory_info().rss / MIB, workers / MIB
