"""The worker pool: jobs in separate processes, stopped in time, never in each other's way."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from app_pages.jobs import worker_pool
from app_pages.jobs.messages import JobOutcome, JobStatus, OutcomeKind
from app_pages.jobs.worker_pool import WorkerPool
from app_pages.jobs.worker_process import Job, start_worker
from tests.support.page.page_jobs import FAULTS
from tests.support.walls import UNHURRIED_S

PATIENCE_S = UNHURRIED_S


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(2)
    yield made
    made.close()


def done(pool: WorkerPool, call: str, *args: object, key: str = "") -> JobOutcome:
    name = pool.start(f"tests.support.page.page_jobs:{call}", args, key)
    outcome = pool.wait(name, PATIENCE_S)
    pool.forget(name)
    assert outcome is not None
    return outcome


def until(pool: WorkerPool, name: str, phase: str) -> JobStatus:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        status = pool.status(name)
        assert status is not None
        if status.phase == phase or status.state == phase:
            return status
        time.sleep(0.02)
    raise AssertionError(f"{phase} was never reached")


def test_a_job_runs_in_another_process_and_gives_its_result(pool: WorkerPool) -> None:
    outcome = done(pool, "echo", {"a": [1, 2]})
    assert outcome.has_result
    assert outcome.result[0] == {"a": [1, 2]}
    assert outcome.result[1] != os.getpid()


def test_jobs_of_one_key_go_to_one_worker(pool: WorkerPool) -> None:
    first = done(pool, "echo", 0, key="one").result[1]
    assert {done(pool, "echo", 0, key="one").result[1] for _ in range(5)} == {first}


def test_faults_and_failures_come_in_words(pool: WorkerPool) -> None:
    assert done(pool, "faulty") == JobOutcome(OutcomeKind.FAULTS, faults=FAULTS)
    assert done(pool, "no_plan") == JobOutcome(OutcomeKind.FAILED, message="no plan in time")
    bug = done(pool, "bug")
    assert bug.kind is OutcomeKind.FAILED
    assert "secret" not in bug.message


def test_a_process_that_dies_is_reported_and_replaced(pool: WorkerPool) -> None:
    assert done(pool, "crash").kind is OutcomeKind.FAILED
    assert done(pool, "echo", 3).result[0] == 3
    assert pool.counts()[2] == 2


def test_parts_come_in_order_and_once(pool: WorkerPool) -> None:
    name = pool.start("tests.support.page.page_jobs:parts", (5,))
    pool.wait(name, PATIENCE_S)
    assert [part["number"] for part in pool.parts(name)] == [0, 1, 2, 3, 4]
    assert [part["number"] for part in pool.parts(name, 3)] == [3, 4]
    pool.forget(name)


def test_progress_is_reported_and_a_polite_job_keeps_what_it_has(pool: WorkerPool) -> None:
    name = pool.start("tests.support.page.page_jobs:polite", ())
    status = until(pool, name, "counting")
    assert (status.value, status.bound) == (1.5, 2.5)
    pool.cancel(name)
    assert pool.wait(name, PATIENCE_S) == JobOutcome(OutcomeKind.RESULT, "stopped with this")
    pool.forget(name)
    assert pool.status(name) is None


def test_a_deaf_job_is_ended(pool: WorkerPool) -> None:
    name = pool.start("tests.support.page.page_jobs:deaf", ())
    until(pool, name, "running")
    pool.cancel(name)
    outcome = pool.wait(name, PATIENCE_S)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.STOPPED
    pool.forget(name)
    assert done(pool, "echo", 1).result[0] == 1


def test_waiting_jobs_know_their_place_and_are_cancelled_at_once(pool: WorkerPool) -> None:
    busy = [pool.start("tests.support.page.page_jobs:polite", ()) for _ in range(2)]
    for name in busy:
        until(pool, name, "counting")
    waiting = [pool.start("tests.support.page.page_jobs:echo", (k,)) for k in range(2)]
    places = [status.place for name in waiting if (status := pool.status(name))]
    assert places == [1, 2]
    pool.cancel(waiting[0])
    assert pool.outcome(waiting[0]) == JobOutcome(OutcomeKind.STOPPED, message="Stopped.")
    status = pool.status(waiting[1])
    assert status is not None
    assert status.place == 1
    for name in busy:
        pool.cancel(name)
    outcome = pool.wait(waiting[1], PATIENCE_S)
    assert outcome is not None
    assert outcome.result[0] == 1
    for name in (*busy, *waiting):
        pool.forget(name)
    assert pool.counts()[:2] == (0, 0)


def test_many_threads_each_get_their_own(pool: WorkerPool) -> None:
    found: dict[int, list[object]] = {}

    def ask(person: int) -> None:
        found[person] = [done(pool, "echo", (person, k)).result[0] for k in range(5)]

    threads = [threading.Thread(target=ask, args=(person,)) for person in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == {person: [(person, k) for k in range(5)] for person in range(8)}


def test_a_closed_desk_leaves_no_process() -> None:
    own = WorkerPool(1)
    pid = done(own, "echo", 0).result[1]
    own.close()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and os.path.exists(f"/proc/{pid}"):
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
    assert own.outcome(own.start("tests.support.page.page_jobs:echo", (1,))) is not None


def test_a_job_that_reads_for_too_long_is_ended(pool: WorkerPool) -> None:
    name = pool.start("tests.support.page.page_jobs:deaf", (), reading_limit=0.01)
    outcome = pool.wait(name, PATIENCE_S)
    pool.forget(name)
    assert outcome is not None
    assert outcome.kind is OutcomeKind.FAILED
    assert "longer than 0.01 s" in outcome.message
    assert done(pool, "echo", 1).result[0] == 1
    assert pool.counts()[2] == 2


def test_the_limit_of_reading_ends_with_the_reading() -> None:
    job = Job(
        name="", call="", args=(), key="", arrived=0.0, seen=0.0, wanted=lambda: True, begun=0.0
    )
    job.reading_limit = 30.0
    pool = WorkerPool(0)
    worker = start_worker(spare=False)
    worker.job = job
    with pool._lock:
        pool._end_overdue_worker(worker, 29.0)
        pool._take_worker_message(worker, "files read", [])
        pool._end_overdue_worker(worker, 31.0)
        assert not worker.killed
        job.reading_limit = 30.0
        pool._end_overdue_worker(worker, 31.0)
        assert worker.killed
    worker.process.wait(PATIENCE_S)
    worker.pipe.close()
    pool.close()


def test_a_job_whose_page_was_closed_is_stopped(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_pages = {"mine", "yours"}
    names = {
        page: pool.start(
            "tests.support.page.page_jobs:polite", (), wanted=lambda page=page: page in open_pages
        )
        for page in open_pages
    }
    for name in names.values():
        until(pool, name, "counting")
    assert worker_pool.ABANDONED_S + worker_pool.GRACE_S < 10.0, "what docs/page.md promises"
    monkeypatch.setattr(worker_pool, "ABANDONED_S", 0.0)
    open_pages.remove("mine")
    assert pool.wait(names["mine"], PATIENCE_S) == JobOutcome(
        OutcomeKind.RESULT, "stopped with this"
    )
    assert pool.outcome(names["yours"]) is None
    for name in names.values():
        pool.forget(name)


def test_spare_jobs_keep_nobody_waiting(pool: WorkerPool) -> None:
    spare = [pool.start("tests.support.page.page_jobs:deaf", (k,), spare=True) for k in range(2)]
    until(pool, spare[0], "running")
    watched = [pool.start("tests.support.page.page_jobs:polite", ()) for _ in range(2)]
    for name in watched:
        until(pool, name, "counting")
    assert [pool.status(name).state for name in spare] == ["running", "waiting"]  # type: ignore[union-attr]
    for name in [spare[0], *watched]:
        pool.forget(name)
    until(pool, spare[1], "running")
    pool.forget(spare[1])
    assert done(pool, "echo", 2).result[0] == 2


def test_a_spare_job_computes_with_what_others_leave(pool: WorkerPool) -> None:
    name = pool.start("tests.support.page.page_jobs:niceness", (), spare=True)
    found = pool.wait(name, PATIENCE_S)
    pool.forget(name)
    assert found is not None
    assert found.result == 19
    assert done(pool, "niceness").result == os.nice(0)
