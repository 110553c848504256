"""Keys of widgets whose value may change elsewhere: what the browser sends late for an old key does not count."""

import pytest

from app_pages.steady import key_for, sent


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {})


def test_a_widget_keeps_its_key_while_it_is_the_one_that_changes() -> None:
    first = key_for("rate", 60.0)
    assert sent("rate", first, 61.0)
    assert key_for("rate", 61.0) == first
    assert key_for("rate", 61.0) == first


def test_a_change_elsewhere_gives_it_another_key_and_the_old_one_counts_for_nothing() -> None:
    first = key_for("rate", 60.0)
    second = key_for("rate", 30.0)
    assert second != first
    assert not sent("rate", first, 60.0)
    assert key_for("rate", 30.0) == second
    assert sent("rate", second, 31.0)
    assert key_for("rate", 31.0) == second
    assert key_for("limit", 60.0) == "limit"


def test_a_value_that_was_refused_gives_it_another_key() -> None:
    first = key_for("nodes", 2)
    assert sent("nodes", first, -1)
    assert key_for("nodes", 2) != first
