"""Long computations in separate processes: a pool queues jobs, runs a few at once, reports how
far they are, and stops them.

A worker is `python -m app_pages.jobs.worker`, warm before its first job. The pool asks a worker to
stop and ends it after GRACE_S when it does not. A worker whose pool is gone reads the end of its
socket and ends itself with all its children, so nothing is left behind when the server is killed.
"""

import atexit
import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from app_pages.jobs.messages import JobOutcome, JobState, JobStatus, OutcomeKind
from app_pages.jobs.worker_process import Job, WorkerProcess, start_worker

__all__ = ["WorkerPool"]

GRACE_S = 0.5
"""After a polite request to stop; together with the round trips it stays below a second."""
STEP_S = 0.05
ABANDONED_S = 5.0
"""A job whose page was closed is stopped after this time; a page that lost its connection is back
sooner.
"""
KEPT_S = 600.0
"""A result that is never fetched is dropped after this time."""
MOST_WAITING = 100
FALSE_STARTS = 3
"""Workers that end one after the other before they are ready: then waiting jobs fail."""

DIED = (
    "The process that computed this ended unexpectedly, perhaps out of memory. Try again, or try a"
    " smaller scenario."
)
TOO_LONG = (
    "Reading the files took longer than {limit:g} s and was stopped. Try again with smaller tables,"
    " or with Parquet in place of CSV."
)
NO_WORKER = "No worker process could be started. The server's log says why."
BUSY = f"{MOST_WAITING} computations are waiting already. Try again later."
STOPPED = JobOutcome(OutcomeKind.STOPPED, message="Stopped.")


def _failed(message: str) -> JobOutcome:
    return JobOutcome(OutcomeKind.FAILED, message=message)


class WorkerPool:
    """Runs at most `workers` jobs at once, and in addition one spare job at lowest priority; safe
    to use from any thread.
    """

    def __init__(self, workers: int = 2) -> None:
        self._lock = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._waiting: list[Job] = []
        self._workers: list[WorkerProcess] = []
        self._false_starts = 0
        self._closed = False
        with self._lock:
            for _ in range(workers):
                self._add_worker(spare=False)
        threading.Thread(target=self._tidy_up_pool, name="pool", daemon=True).start()
        atexit.register(self.close)

    def start(
        self,
        call: str,
        args: Sequence[Any],
        key: str = "",
        *,
        spare: bool = False,
        reading_limit: float = math.inf,
        wanted: Callable[[], bool] = lambda: True,
    ) -> str:
        """Queue `module:function` of plain arguments; the job's name.

        key: jobs of one key share what a worker has learned. spare: nobody waits for it; one at a
        time, with what others leave idle. reading_limit: s that it may run until it has read all
        files (`JobContext.files_read`). wanted: whether its page is still open, called often, from
        any thread.
        """
        now = time.monotonic()
        job = Job(
            name=secrets.token_hex(8),
            call=call,
            args=tuple(args),
            key=key,
            arrived=now,
            seen=now,
            wanted=wanted,
            spare=spare,
            reading_limit=reading_limit,
        )
        with self._lock:
            self._jobs[job.name] = job
            if len(self._waiting) >= MOST_WAITING or self._closed:
                self._end(job, _failed(BUSY))
            else:
                self._waiting.append(job)
                if all(worker.spare != spare for worker in self._workers):
                    self._false_starts = 0
                    self._add_worker(spare=spare)
                self._hand_out_to_pool()
        return job.name

    def status(self, name: str) -> JobStatus | None:
        """How far a job is; None for one that is not (or no more) known."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None:
                return None
            job.seen = now = time.monotonic()
            place = self._waiting.index(job) + 1 if job in self._waiting else 0
            running = JobState.WAITING if place else JobState.RUNNING
            phase, value, bound = job.progress
            return JobStatus(
                state=JobState.DONE if job.outcome else running,
                place=place,
                elapsed=(job.ended if job.outcome else now) - (job.begun or job.arrived),
                phase=phase,
                value=value,
                bound=bound,
                parts=len(job.parts),
            )

    def parts(self, name: str, since: int = 0) -> list[Any]:
        """Partial results that a job has published, from number `since` on."""
        with self._lock:
            job = self._jobs.get(name)
            return [] if job is None else job.parts[since:]

    def outcome(self, name: str) -> JobOutcome | None:
        """The outcome of a job, None while it runs; a job that is not known has failed."""
        with self._lock:
            job = self._jobs.get(name)
            return _failed(DIED) if job is None else job.outcome

    def wait(self, name: str, seconds: float) -> JobOutcome | None:
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
                self._end(job, STOPPED)
                return
            for worker in self._workers:
                if worker.job is job:
                    worker.send("cancel")

    def forget(self, name: str) -> None:
        """Drop a job and its result; stop it where it still goes on."""
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
                worker.kill()
            for job in self._jobs.values():
                if job.outcome is None:
                    self._end(job, STOPPED)
            self._waiting.clear()

    # ------------------------------------------------------------ with the lock held

    def _add_worker(self, *, spare: bool) -> None:
        worker = start_worker(spare=spare)
        self._workers.append(worker)
        threading.Thread(
            target=self._listen_to_worker, args=(worker,), name="pool-worker", daemon=True
        ).start()

    def _hand_out_to_pool(self) -> None:
        """Give waiting jobs to idle workers of their kind."""
        for job in list(self._waiting):
            idle = [
                worker
                for worker in self._workers
                if worker.ready
                and not worker.killed
                and worker.job is None
                and worker.spare == job.spare
            ]
            if not idle:
                continue
            self._waiting.remove(job)
            # A worker that had a job of the same key has its quality cuts already.
            worker = max(idle, key=lambda one: (one.key == job.key, -one.used))
            worker.job, worker.key, job.begun = job, job.key, time.monotonic()
            worker.send("run", job.call, job.args)

    def _end_overdue_worker(self, worker: WorkerProcess, now: float) -> None:
        """End a worker whose job does not stop, or has read files for longer than it may."""
        job = worker.job
        if job is None or job.outcome is not None:
            return
        if job.stopping is not None:
            if now - job.stopping > GRACE_S:
                worker.kill()
        elif job.begun is not None and now - job.begun > job.reading_limit:
            self._end(job, _failed(TOO_LONG.format(limit=job.reading_limit)))
            worker.kill()

    def _end(self, job: Job, outcome: JobOutcome) -> None:
        job.outcome, job.ended = outcome, time.monotonic()
        self._lock.notify_all()

    # ------------------------------------------------------------ threads

    def _listen_to_worker(self, worker: WorkerProcess) -> None:
        """Take in the messages of one worker until it is gone."""
        while True:
            try:
                word, *rest = worker.pipe.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                self._take_worker_message(worker, word, rest)
        worker.kill()
        worker.process.wait()
        worker.pipe.close()
        with self._lock:
            self._replace_worker(worker)

    def _take_worker_message(self, worker: WorkerProcess, word: str, rest: list[Any]) -> None:
        job = worker.job
        if word == "ready":
            worker.ready, self._false_starts = True, 0
            self._hand_out_to_pool()
        elif job is not None and word == "progress":
            job.progress = (rest[0], rest[1], rest[2])
        elif job is not None and word == "part":
            job.parts.append(rest[0])
        elif job is not None and word == "files read":
            job.reading_limit = math.inf
        elif job is not None and word == "done":
            worker.job, worker.used = None, time.monotonic()
            if job.outcome is None:
                self._end(job, rest[0])
            self._hand_out_to_pool()

    def _replace_worker(self, worker: WorkerProcess) -> None:
        """A worker is gone: end its job, and start another unless no worker starts at all."""
        if worker.job is not None and worker.job.outcome is None:
            stopped = worker.job.stopping is not None
            self._end(worker.job, STOPPED if stopped else _failed(DIED))
        if worker in self._workers:
            self._workers.remove(worker)
        if self._closed:
            return
        self._false_starts += not worker.ready
        if self._false_starts < FALSE_STARTS:
            self._add_worker(spare=worker.spare)
            return
        for job in [
            job for job in self._waiting if all(one.spare != job.spare for one in self._workers)
        ]:
            self._waiting.remove(job)
            self._end(job, _failed(NO_WORKER))

    def _tidy_up_pool(self) -> None:
        """Every STEP_S end workers that do not stop or read too long, stop abandoned jobs, forget
        old results.
        """
        while not self._closed:
            time.sleep(STEP_S)
            now = time.monotonic()
            with self._lock:
                for worker in self._workers:
                    self._end_overdue_worker(worker, now)
                jobs = list(self._jobs.values())
                going_on = [job for job in jobs if job.outcome is None]
                for job in going_on:
                    if job.wanted():
                        job.seen = now
                abandoned = [job for job in going_on if now - job.seen > ABANDONED_S]
                for job in jobs:
                    if job.outcome is not None and now - max(job.ended, job.seen) > KEPT_S:
                        del self._jobs[job.name]
            for job in abandoned:
                self.cancel(job.name)
