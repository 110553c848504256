"""Long computations in processes of their own: a desk takes jobs, runs a few at once, tells how far
they are, and stops them.

A worker is `python -m app_pages.jobs.worker`, started afresh (never forked) with a socket pair to
talk over, and warm before its first job. The desk asks a worker to stop and ends it after GRACE_S
when it does not. A worker whose desk is gone reads the end of its socket and ends itself with all
its children, so nothing is left behind when the server is killed.
"""

import atexit
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app_pages.jobs.messages import Outcome, Status

__all__ = ["Desk"]

HOME = Path(__file__).resolve().parents[2]
GRACE_S = 0.5
"""After a polite request to stop; together with the round trips it stays below a second."""
STEP_S = 0.05
LOWEST = "19"
"""Niceness of the process for spare jobs: it computes with what all others leave idle."""
UNWATCHED_S = 60.0
"""A job that nobody asks about for so long is stopped: its page is gone."""
KEPT_S = 600.0
"""What was computed and never fetched is forgotten after so long."""
MOST_WAITING = 100
FALSE_STARTS = 3
"""Workers that end one after the other before they are ready: then waiting jobs are told so."""

DIED = (
    "The process that computed this ended unexpectedly, perhaps for want of memory. Try again, or a"
    " smaller question."
)
STOPPED = "Stopped."
NO_WORKER = "No process for computations could be started; the server's log says why."
BUSY = f"There are {MOST_WAITING} computations waiting already; try again in a while."


@dataclass(eq=False)
class _Job:
    """One call, from its arrival until it is fetched or forgotten.

    Times in s of time.monotonic. spare: nobody waits for it.
    """

    name: str
    call: str
    args: tuple[Any, ...]
    key: str
    asked: float
    seen: float
    begun: float | None = None
    stopping: float | None = None
    spare: bool = False
    told: tuple[str, float | None, float | None] = ("starting", None, None)
    parts: list[Any] = field(default_factory=list)
    outcome: Outcome | None = None
    ended: float = 0.0


@dataclass(eq=False)
class _Worker:
    """One process.

    spare: for jobs that nobody waits for; key: of its last job, whose scores it knows already.
    """

    process: subprocess.Popen
    pipe: Connection
    spare: bool
    ready: bool = False
    job: _Job | None = None
    key: str = ""
    used: float = 0.0


class Desk:
    """Runs at most `workers` jobs at once, and beside them one spare job at lowest priority; safe
    to use from any thread.
    """

    def __init__(self, workers: int = 2) -> None:
        self._lock = threading.Condition()
        self._jobs: dict[str, _Job] = {}
        self._waiting: list[_Job] = []
        self._workers: list[_Worker] = []
        self._false_starts = 0
        self._closed = False
        with self._lock:
            for _ in range(workers):
                self._hire()
        threading.Thread(target=self._keep_house, name="desk", daemon=True).start()
        atexit.register(self.close)

    def start(self, call: str, args: Sequence[Any], key: str = "", spare: bool = False) -> str:
        """Queue `module:function` of plain arguments; the job's name.

        key: jobs of one key share what a worker has learned. spare: nobody waits for it; one at a
        time, with what others leave idle.
        """
        now = time.monotonic()
        job = _Job(secrets.token_hex(8), call, tuple(args), key, now, now, spare=spare)
        with self._lock:
            self._jobs[job.name] = job
            if len(self._waiting) >= MOST_WAITING or self._closed:
                self._end(job, Outcome("failed", message=BUSY))
            else:
                self._waiting.append(job)
                if all(worker.spare != spare for worker in self._workers):
                    self._false_starts = 0
                    self._hire(spare)
                self._hand_out()
        return job.name

    def status(self, name: str) -> Status | None:
        """How far a job is; None for one that is not (or no more) known."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None:
                return None
            job.seen = now = time.monotonic()
            place = self._waiting.index(job) + 1 if job in self._waiting else 0
            state = "done" if job.outcome else "waiting" if place else "running"
            elapsed = (job.ended if job.outcome else now) - (job.begun or job.asked)
            return Status(state, place, elapsed, *job.told, len(job.parts))

    def parts(self, name: str, since: int = 0) -> list[Any]:
        """What a job handed over on its way, from number `since` on."""
        with self._lock:
            job = self._jobs.get(name)
            return [] if job is None else job.parts[since:]

    def outcome(self, name: str) -> Outcome | None:
        """What a job came to, None while it goes on; a job that is not known has failed."""
        with self._lock:
            job = self._jobs.get(name)
            return Outcome("failed", message=DIED) if job is None else job.outcome

    def wait(self, name: str, seconds: float) -> Outcome | None:
        """`outcome`, after waiting for it up to `seconds`."""
        with self._lock:
            self._lock.wait_for(
                lambda: name not in self._jobs or self._jobs[name].outcome is not None, seconds
            )
        return self.outcome(name)

    def cancel(self, name: str) -> None:
        """Ask a job to stop with what it has; it ends within a second, one that waits at once."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None or job.outcome is not None or job.stopping is not None:
                return
            job.stopping = time.monotonic()
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, Outcome("stopped", message=STOPPED))
                return
            for worker in self._workers:
                if worker.job is job:
                    _send(worker, ("cancel",))

    def forget(self, name: str) -> None:
        """Drop a job and what it came to; stop it where it still goes on."""
        self.cancel(name)
        with self._lock:
            job = self._jobs.pop(name, None)
            if job is not None:
                self._lock.notify_all()

    def counts(self) -> tuple[int, int, int]:
        """Jobs known, jobs waiting, workers."""
        with self._lock:
            return len(self._jobs), len(self._waiting), len(self._workers)

    def close(self) -> None:
        """End all workers at once."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, []
            for worker in workers:
                _kill(worker)
            for job in self._jobs.values():
                if job.outcome is None:
                    self._end(job, Outcome("stopped", message=STOPPED))
            self._waiting.clear()

    # ------------------------------------------------------------ with the lock held

    def _hire(self, spare: bool = False) -> None:
        ours, theirs = socket.socketpair()
        command = [
            sys.executable,
            "-m",
            "app_pages.jobs.worker",
            str(theirs.fileno()),
            *([LOWEST] if spare else []),
        ]
        surroundings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": ""}
        process = subprocess.Popen(  # noqa: S603 - the command is ours alone
            command,
            cwd=HOME,
            env=surroundings,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        worker = _Worker(process, Connection(ours.detach()), spare)
        self._workers.append(worker)
        threading.Thread(
            target=self._listen, args=(worker,), name="desk-worker", daemon=True
        ).start()

    def _hand_out(self) -> None:
        """Give waiting jobs to idle workers of their kind, to one that had a job of the same key
        where there is one.
        """
        for job in list(self._waiting):
            idle = [
                worker
                for worker in self._workers
                if worker.ready and worker.job is None and worker.spare == job.spare
            ]
            if not idle:
                continue
            self._waiting.remove(job)
            worker = max(idle, key=lambda one: (one.key == job.key, -one.used))
            worker.job, worker.key, job.begun = job, job.key, time.monotonic()
            _send(worker, ("run", job.call, job.args))

    def _end(self, job: _Job, outcome: Outcome) -> None:
        job.outcome, job.ended = outcome, time.monotonic()
        self._lock.notify_all()

    # ------------------------------------------------------------ threads

    def _listen(self, worker: _Worker) -> None:
        """Take in what one worker tells, until it is gone."""
        while True:
            try:
                word, *rest = worker.pipe.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                self._take(worker, word, rest)
        _kill(worker)
        worker.process.wait()
        worker.pipe.close()
        with self._lock:
            self._replace(worker)

    def _take(self, worker: _Worker, word: str, rest: list[Any]) -> None:
        job = worker.job
        if word == "ready":
            worker.ready, self._false_starts = True, 0
            self._hand_out()
        elif job is not None and word == "progress":
            job.told = (rest[0], rest[1], rest[2])
        elif job is not None and word == "part":
            job.parts.append(rest[0])
        elif job is not None and word == "done":
            worker.job, worker.used = None, time.monotonic()
            self._end(job, rest[0])
            self._hand_out()

    def _replace(self, worker: _Worker) -> None:
        """A worker is gone: tell its job, and start another unless workers do not start at all."""
        if worker.job is not None and worker.job.outcome is None:
            stopped = worker.job.stopping is not None
            self._end(
                worker.job,
                Outcome("stopped", message=STOPPED) if stopped else Outcome("failed", message=DIED),
            )
        if worker in self._workers:
            self._workers.remove(worker)
        if self._closed:
            return
        self._false_starts += not worker.ready
        if self._false_starts < FALSE_STARTS:
            self._hire(worker.spare)
            return
        for job in [
            job for job in self._waiting if all(one.spare != job.spare for one in self._workers)
        ]:
            self._waiting.remove(job)
            self._end(job, Outcome("failed", message=NO_WORKER))

    def _keep_house(self) -> None:
        """End what does not stop, stop what nobody watches, forget what nobody fetched."""
        while not self._closed:
            time.sleep(STEP_S)
            now = time.monotonic()
            with self._lock:
                for worker in self._workers:
                    if (
                        worker.job is not None
                        and worker.job.stopping is not None
                        and now - worker.job.stopping > GRACE_S
                    ):
                        _kill(worker)
                going = [
                    job
                    for job in self._jobs.values()
                    if job.outcome is None and now - job.seen > UNWATCHED_S
                ]
                for job in [
                    job
                    for job in self._jobs.values()
                    if job.outcome is not None and now - max(job.ended, job.seen) > KEPT_S
                ]:
                    del self._jobs[job.name]
            for job in going:
                self.cancel(job.name)


def _send(worker: _Worker, message: tuple[Any, ...]) -> None:
    """Tell a worker; one that is gone is found out by its listener."""
    try:
        worker.pipe.send(message)
    except OSError:
        return


def _kill(worker: _Worker) -> None:
    """End a worker and its children."""
    try:
        os.killpg(worker.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
