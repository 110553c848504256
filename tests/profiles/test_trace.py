"""Traces: their gaps, and every fault at once."""

from pathlib import Path

import pytest

from profiles.io.faults import ProfileError
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
