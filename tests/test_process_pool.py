"""Work over processes: results in order, one start for each process, and an early stop."""

import os
import threading

from planner.process_pool import spread_over_processes

known: list[int] = []


def begin(number: int) -> None:
    known.append(number)


def work(number: int) -> tuple[int, int, int]:
    return number, known[-1], os.getpid()


def test_results_come_in_order_from_other_processes() -> None:
    results = list(spread_over_processes(work, range(6), 2, None, begin, (7,)))
    assert [number for number, *_ in results] == list(range(6))
    assert {shared for _, shared, _ in results} == {7}
    assert os.getpid() not in {process for *_, process in results}


def test_one_job_stays_in_this_process() -> None:
    results = list(spread_over_processes(work, range(3), 1, None, begin, (8,)))
    assert {process for *_, process in results} == {os.getpid()}


def test_a_stop_keeps_what_is_done() -> None:
    cancel = threading.Event()
    done = []
    for result in spread_over_processes(work, range(9), 1, cancel, begin, (9,)):
        done.append(result[0])
        if len(done) == 2:
            cancel.set()
    assert done == [0, 1]
