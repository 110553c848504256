"""Requests of JSON objects."""

from pathlib import Path

from profiles.request_logs.csv_rows import NO_TIME
from profiles.request_logs.json_rows import JsonLogKeys, request_of_json
from profiles.request_logs.record import LoggedRequest, SkippedRow

KEYS = JsonLogKeys(("t", "time"), ("c",), ("i", "in"), ("o",), 0.001)


def test_the_first_key_with_a_value_counts() -> None:
    row = {"t": None, "time": 1500, "c": "a", "i": 3, "in": 4, "o": None}
    request = request_of_json(Path("a"), "row 1", row, KEYS)
    assert isinstance(request, LoggedRequest)
    assert request[:3] == (1.5, "a", 3.0)
    assert request.output_tokens != request.output_tokens
    assert request_of_json(Path("a"), "row 1", {"i": 3}, KEYS) == SkippedRow(NO_TIME)


def test_faults_name_the_key() -> None:
    faults = [
        request_of_json(Path("a"), "row 1", {"t": 1, "c": "a", "i": 1, "o": 1} | bad, KEYS)
        for bad in ({"t": "soon"}, {"c": ["a"]}, {"i": -1}, {"o": "many"})
    ]
    assert [str(fault).split(": ")[0] for fault in faults] == [
        f"a:row 1, key {key}" for key in ("t", "c", "i", "o")
    ]
