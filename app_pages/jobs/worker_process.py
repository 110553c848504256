"""A job, and a worker process as the pool sees it: started afresh with a socket pair, sent
messages, ended with all its children.
"""

import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app_pages.jobs.messages import JobOutcome

__all__ = ["Job", "WorkerProcess", "start_worker"]

HOME = Path(__file__).resolve().parents[2]
LOWEST = "19"
"""Niceness of the process for spare jobs: it computes with what all others leave idle."""


@dataclass(eq=False, kw_only=True)
class Job:
    """One call, from its arrival until its result is fetched or forgotten.

    Times in s of time.monotonic. wanted: whether its page is still open; seen: when it last was, or
    its status was read; spare: nobody waits for it; reading_limit: s that it may run until it has
    read all files; progress: phase, value and bound.
    """

    name: str
    call: str
    args: tuple[Any, ...]
    key: str
    arrived: float
    seen: float
    wanted: Callable[[], bool]
    begun: float | None = None
    stopping: float | None = None
    spare: bool = False
    reading_limit: float = math.inf
    progress: tuple[str, float | None, float | None] = ("starting", None, None)
    parts: list[Any] = field(default_factory=list)
    outcome: JobOutcome | None = None
    ended: float = 0.0


@dataclass(eq=False, kw_only=True)
class WorkerProcess:
    """A process, its pipe, and what it does.

    spare: it takes spare jobs alone; ready: it has imported what jobs need; job: that it runs; key:
    of its last job, whose scores it knows already; used: s of time.monotonic, when that ended;
    killed: it gets no more jobs.
    """

    process: subprocess.Popen
    pipe: Connection
    spare: bool
    ready: bool = False
    job: Job | None = None
    key: str = ""
    used: float = 0.0
    killed: bool = False

    def send(self, *message: Any) -> None:
        """Send a message; that a worker is gone is noticed by the thread that listens to it."""
        try:
            self.pipe.send(message)
        except OSError:
            return

    def kill(self) -> None:
        """End the process and its children."""
        self.killed = True
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def start_worker(*, spare: bool) -> WorkerProcess:
    """Start `app_pages.jobs.worker` in a separate session, one for spare jobs at lowest priority.

    It is a fresh interpreter, never a fork: the server's threads hold locks that a fork would copy.
    """
    ours, theirs = socket.socketpair()
    descriptor = theirs.fileno()
    command = [sys.executable, "-m", "app_pages.jobs.worker", str(descriptor)]
    process = subprocess.Popen(  # noqa: S603 - the command is ours alone
        [*command, *([LOWEST] if spare else [])],
        cwd=HOME,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": ""},
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()
    return WorkerProcess(process=process, pipe=Connection(ours.detach()), spare=spare)
