"""The desk: jobs in processes of their own, told, stopped, and never in each other's way."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from app_pages.jobs.desk import Desk
from app_pages.jobs.messages import Outcome, Status
from tests.support.page_jobs import FAULTS

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    made = Desk(2)
    yield made
    made.close()


def done(desk: Desk, call: str, *args: object, key: str = "") -> Outcome:
    name = desk.start(f"tests.support.page_jobs:{call}", args, key)
    outcome = desk.wait(name, PATIENCE_S)
    desk.forget(name)
    assert outcome is not None
    return outcome


def until(desk: Desk, name: str, phase: str) -> Status:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        status = desk.status(name)
        assert status is not None
        if status.phase == phase or status.state == phase:
            return status
        time.sleep(0.02)
    raise AssertionError(f"{phase} was never reached")


def test_a_job_runs_in_another_process_and_gives_its_result(desk: Desk) -> None:
    outcome = done(desk, "echo", {"a": [1, 2]})
    assert outcome.kind == "result"
    assert outcome.result[0] == {"a": [1, 2]}
    assert outcome.result[1] != os.getpid()


def test_jobs_of_one_key_go_to_one_worker(desk: Desk) -> None:
    first = done(desk, "echo", 0, key="one").result[1]
    assert {done(desk, "echo", 0, key="one").result[1] for _ in range(5)} == {first}


def test_faults_and_failures_come_in_words(desk: Desk) -> None:
    assert done(desk, "faulty") == Outcome("faults", faults=FAULTS)
    assert done(desk, "no_plan") == Outcome("failed", message="no plan in time")
    bug = done(desk, "bug")
    assert bug.kind == "failed"
    assert "secret" not in bug.message


def test_a_process_that_dies_is_told_and_replaced(desk: Desk) -> None:
    assert done(desk, "crash").kind == "failed"
    assert done(desk, "echo", 3).result[0] == 3
    assert desk.counts()[2] == 2


def test_parts_come_in_order_and_once(desk: Desk) -> None:
    name = desk.start("tests.support.page_jobs:parts", (5,))
    desk.wait(name, PATIENCE_S)
    assert [part["number"] for part in desk.parts(name)] == [0, 1, 2, 3, 4]
    assert [part["number"] for part in desk.parts(name, 3)] == [3, 4]
    desk.forget(name)


def test_progress_is_told_and_a_polite_job_keeps_what_it_has(desk: Desk) -> None:
    name = desk.start("tests.support.page_jobs:polite", ())
    status = until(desk, name, "counting")
    assert (status.value, status.bound) == (1.5, 2.5)
    desk.cancel(name)
    assert desk.wait(name, PATIENCE_S) == Outcome("result", "stopped with this")
    desk.forget(name)
    assert desk.status(name) is None


def test_a_deaf_job_is_ended(desk: Desk) -> None:
    name = desk.start("tests.support.page_jobs:deaf", ())
    until(desk, name, "running")
    desk.cancel(name)
    outcome = desk.wait(name, PATIENCE_S)
    assert outcome is not None
    assert outcome.kind == "stopped"
    desk.forget(name)
    assert done(desk, "echo", 1).result[0] == 1


def test_what_waits_is_told_its_place_and_is_cancelled_at_once(desk: Desk) -> None:
    busy = [desk.start("tests.support.page_jobs:polite", ()) for _ in range(2)]
    for name in busy:
        until(desk, name, "counting")
    waiting = [desk.start("tests.support.page_jobs:echo", (k,)) for k in range(2)]
    places = [status.place for name in waiting if (status := desk.status(name))]
    assert places == [1, 2]
    desk.cancel(waiting[0])
    assert desk.outcome(waiting[0]) == Outcome("stopped", message="Stopped.")
    status = desk.status(waiting[1])
    assert status is not None
    assert status.place == 1
    for name in busy:
        desk.cancel(name)
    outcome = desk.wait(waiting[1], PATIENCE_S)
    assert outcome is not None
    assert outcome.result[0] == 1
    for name in (*busy, *waiting):
        desk.forget(name)
    assert desk.counts()[:2] == (0, 0)


def test_many_threads_each_get_their_own(desk: Desk) -> None:
    found: dict[int, list[object]] = {}

    def ask(person: int) -> None:
        found[person] = [done(desk, "echo", (person, k)).result[0] for k in range(5)]

    threads = [threading.Thread(target=ask, args=(person,)) for person in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert found == {person: [(person, k) for k in range(5)] for person in range(8)}


def test_a_closed_desk_leaves_no_process() -> None:
    own = Desk(1)
    pid = done(own, "echo", 0).result[1]
    own.close()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and os.path.exists(f"/proc/{pid}"):
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
    assert own.outcome(own.start("tests.support.page_jobs:echo", (1,))) is not None


def test_spare_jobs_keep_nobody_waiting(desk: Desk) -> None:
    spare = [desk.start("tests.support.page_jobs:deaf", (k,), spare=True) for k in range(2)]
    until(desk, spare[0], "running")
    watched = [desk.start("tests.support.page_jobs:polite", ()) for _ in range(2)]
    for name in watched:
        until(desk, name, "counting")
    assert [desk.status(name).state for name in spare] == ["running", "waiting"]  # type: ignore[union-attr]
    for name in [spare[0], *watched]:
        desk.forget(name)
    until(desk, spare[1], "running")
    desk.forget(spare[1])
    assert done(desk, "echo", 2).result[0] == 2


def test_a_spare_job_computes_with_what_others_leave(desk: Desk) -> None:
    name = desk.start("tests.support.page_jobs:niceness", (), spare=True)
    found = desk.wait(name, PATIENCE_S)
    desk.forget(name)
    assert found is not None
    assert found.result == 19
    assert done(desk, "niceness").result == os.nice(0)
