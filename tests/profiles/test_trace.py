"""Traces: their gaps, and every fault at once."""

from pathlib import Path

import pytest

from profiles.io.faults import Fault, ProfileError
from profiles.trace import load_trace


def test_a_faulty_trace_lists_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text("arrival_s\n1\n5\n3\nx\n", encoding="utf-8")
    with pytest.raises(ProfileError):
        load_trace(path)
    path.write_text("arrival_s\n1\n5\n3\n", encoding="utf-8")
    with pytest.raises(ProfileError, match="the time is before that of the row above"):
        load_trace(path)
    path.write_text("when\n1\n", encoding="utf-8")
    with pytest.raises(ProfileError, match="arrival_s"):
        load_trace(path)


def faults_of(path: Path, rows: str, *, with_lengths: bool = False) -> tuple[Fault, ...]:
    path.write_text(f"arrival_s,input_tokens,output_tokens\n{rows}", encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load_trace(path, with_lengths=with_lengths)
    return tuple(caught.value.faults)


def test_lengths_are_whole_numbers_that_a_request_can_have(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    rows = "0,1e300,5\n1,3,2.5\n2,1000001,-1\n3,,0\n4,0,\n"
    places = [fault.where for fault in faults_of(path, rows)]
    assert places == [
        *("row 2, column input_tokens", "row 4, column input_tokens"),
        *("row 3, column output_tokens", "row 4, column output_tokens"),
    ]
    stated = faults_of(path, rows, with_lengths=True)
    assert [(fault.where, fault.problem) for fault in stated if fault.where not in places] == [
        ("row 5, column input_tokens", "the cell is blank"),
        ("row 6, column input_tokens", "this is no number of tokens of a request"),
        ("row 6, column output_tokens", "the cell is blank"),
        ("row 5, column output_tokens", "this is no number of tokens of a request"),
    ]
    path.write_text("arrival_s\n0\n1\n2\n", encoding="utf-8")
    assert load_trace(path).tokens == {}
    with pytest.raises(ProfileError, match="input_tokens"):
        load_trace(path, with_lengths=True)


def test_times_are_such_that_rates_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    far = faults_of(path, "-1e308,1,1\n0,1,1\n1e308,1,1\n")
    assert [fault.where for fault in far] == ["row 2, column arrival_s", "row 4, column arrival_s"]
    (short,) = faults_of(path, "0,1,1\n5e-324,1,1\n1e-323,1,1\n")
    assert "a microsecond or more" in short.problem
