"""The time that files give as theirs."""

from datetime import UTC, datetime, timedelta

import pytest

from planner.errors import DataError
from planner.export.source_date import source_time


def test_the_environment_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    assert source_time() == datetime(2025, 11, 24, 16, 0)


def test_else_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert abs(source_time() - datetime.now(UTC).replace(tzinfo=None)) < timedelta(seconds=10)


@pytest.mark.parametrize("text", ["yesterday", "1e9", "9" * 30])
def test_no_number_is_a_fault(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(DataError, match="not a time"):
        source_time()
