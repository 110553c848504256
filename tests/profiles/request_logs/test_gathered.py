"""Requests gathered into columns: order, classes, clocks, limits."""

import pytest

from profiles.io.faults import Fault
from profiles.request_logs import gathered as module
from profiles.request_logs.gathered import FAULTS_SHOWN, GatheredRequests
from profiles.request_logs.record import LogClock, LoggedRequest, SkippedRow
from tests.support.scenarios.log_files import START


def test_requests_are_sorted_and_those_without_class_are_one(tmp_path: object) -> None:
    gathered, faults = GatheredRequests(), list[Fault]()
    rows = [
        LoggedRequest(START + 5, "b", 1, 2),
        LoggedRequest(START, None, 3, 4),
        SkippedRow("no time"),
    ]
    assert gathered.add_rows("a", rows, None, faults) == 2
    assert gathered.add_rows("b", [LoggedRequest(START + 1, "b", 5, 6)], "mine", faults) == 1
    log = gathered.to_log(faults)
    assert log is not None
    assert not faults
    assert [log.names[k] for k in log.labels] == ["other", "mine", "b"]
    assert log.input_tokens.tolist() == [3, 5, 1]
    assert log.clock == LogClock.UNIX
    assert gathered.skipped == {"no time": 1}


def test_a_request_that_was_logged_twice_counts_once() -> None:
    gathered, faults = GatheredRequests(), list[Fault]()
    rows = [
        LoggedRequest(5, None, 1, 2, span=8, parent=7),  # the server's, inside the gateway's
        LoggedRequest(4, None, 3, 4, span=7, parent=99),
        LoggedRequest(4, None, 3, 4, span=7, parent=99),
        LoggedRequest(6, None, 5, 6),
        LoggedRequest(7, None, 7, 8, parent=3),
    ]
    gathered.add_rows("a", rows, None, faults)
    log = gathered.to_log(faults)
    assert log is not None
    assert log.input_tokens.tolist() == [3, 5, 7]
    assert gathered.skipped == {"inside another request": 1, "the same span again": 1}


def test_without_any_class_all_are_alike() -> None:
    gathered, faults = GatheredRequests(), list[Fault]()
    gathered.add_rows("a", [LoggedRequest(3, None, 1, 2)], None, faults)
    log = gathered.to_log(faults)
    assert log is not None
    assert (log.names, log.clock) == (("all",), LogClock.RELATIVE)


def test_two_clocks_are_a_fault() -> None:
    gathered, faults = GatheredRequests(), list[Fault]()
    rows = [LoggedRequest(3, None, 1, 2), LoggedRequest(START, None, 1, 2)]
    gathered.add_rows("a", rows, None, faults)
    assert gathered.to_log(faults) is None
    assert "1 times are counted from 1970 and 1 from another start" in str(faults[0])


def test_faults_are_counted_by_problem() -> None:
    gathered, faults = GatheredRequests(), list[Fault]()
    rows = [Fault("a", f"row {k}", "", "no time" if k else "no label", "fix") for k in range(50)]
    assert gathered.add_rows("a", rows, None, faults) == 0
    assert len(faults) == FAULTS_SHOWN + 2
    assert "no time: 29 more rows" in str(faults[-1])


def test_limits_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REQUESTS", 3)
    faults: list[Fault] = []
    endless = (LoggedRequest(k, None, 1, 2) for k in iter(int, 1))
    assert GatheredRequests().add_rows("a", endless, None, faults) == 3
    assert "more than 3 requests" in str(faults)
    monkeypatch.setattr(module, "MOST_REQUESTS", 1000)
    monkeypatch.setattr(module, "MOST_LABELS", 5)
    named = (LoggedRequest(k, f"c{k}", 1, 2) for k in range(100))
    GatheredRequests().add_rows("a", named, None, faults)
    assert "more than 5 classes" in str(faults[-1])
