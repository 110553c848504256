"""Parts of a study over processes: no more of them than parts, and stopped with what is done."""

import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from planner.studies.study_processes import run_study_processes

PARTS = [(40,), (50,)]


def double(value: int, *, cancel: threading.Event | None = None) -> int:
    del cancel
    return 2 * value


def stopped_within(value: int, *, cancel: threading.Event) -> int:
    if value == 50:
        cancel.set()
    return value


def test_no_more_processes_than_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def parallel(n_jobs: int, return_as: str) -> Callable[[Iterable[object]], Iterator[int]]:
        asked.append(n_jobs)
        return lambda tasks: (one for one in ())

    monkeypatch.setattr("planner.studies.study_processes.Parallel", parallel)
    for jobs in (0, 2, 1000):
        assert not list(run_study_processes(double, PARTS, jobs=jobs, cancel=None))
    assert asked == [-1, 2, 2]
    assert list(run_study_processes(double, PARTS, jobs=1, cancel=None)) == [80, 100]
    assert asked == [-1, 2, 2]


def test_what_is_stopped_within_a_part_is_not_finished() -> None:
    cancel = threading.Event()
    assert list(run_study_processes(stopped_within, PARTS, jobs=1, cancel=cancel)) == [40]


def test_no_part_follows_a_stop() -> None:
    cancel, taken = threading.Event(), []
    for result in run_study_processes(double, PARTS, jobs=1, cancel=cancel):
        taken.append(result)
        cancel.set()
    assert taken == [80]
