"""Runs that HiGHS does not end in time are left, and the process can end without them."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

import planner.joint.solver.highs as border
from planner.joint.solver.highs import SolveSettings, StopReason, solve_with_highs
from planner.stoppable_run import end_without_left_runs, run_is_left
from tests.joint.solver.test_highs import knapsack


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """HiGHS that neither looks at its clock nor asks; it has begun when the event is set."""
    began, released, threads = threading.Event(), threading.Event(), []

    def run(highs: object) -> None:
        threads.append(threading.current_thread())
        began.set()
        released.wait(60)

    monkeypatch.setattr(border, "run_highs", run)
    yield began
    released.set()
    for thread in threads:
        thread.join()


def test_a_stop_that_highs_does_not_hear_leaves_the_run(deaf: threading.Event) -> None:
    cancel = threading.Event()

    def stop() -> None:
        deaf.wait(60)
        cancel.set()

    threading.Thread(target=stop).start()
    answer = solve_with_highs(knapsack(), SolveSettings(cancel=cancel, time_limit=3600.0))
    assert (answer.stop, answer.x) == (StopReason.INTERRUPT, None)
    assert (answer.value, answer.bound) == (np.inf, -np.inf)
    codes: list[int] = []
    end_without_left_runs(codes.append, 4)
    assert codes == [4]


def test_a_limit_that_highs_does_not_look_at_leaves_the_run(deaf: threading.Event) -> None:
    answer = solve_with_highs(knapsack(), SolveSettings(time_limit=0.1))
    assert deaf.is_set()
    assert (answer.stop, answer.x) == (StopReason.TIME, None)


def test_a_run_that_ends_leaves_nothing_and_its_failure_is_raised() -> None:
    done: list[int] = []
    assert not run_is_left(lambda: done.append(1), 60.0)
    assert not run_is_left(lambda: done.append(2), float("inf"), threading.Event())
    assert done == [1, 2]

    def fail() -> None:
        raise KeyError("planted")

    with pytest.raises(KeyError, match="planted"):
        run_is_left(fail, 60.0)
    ends: list[int] = []
    end_without_left_runs(ends.append, 0)
    assert not ends
