"""Whether a page is open: its session has a connection."""

from types import SimpleNamespace

import pytest

from app_pages.session import server


def test_a_page_is_open_while_its_session_has_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = {"mine", "yours"}
    instance = SimpleNamespace(is_active_session=connected.__contains__)
    monkeypatch.setattr(
        server, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: instance)
    )
    monkeypatch.setattr(server, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    is_open = server.page_is_open()
    assert is_open()
    connected.remove("mine")
    assert not is_open()


def test_without_a_server_every_page_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "runtime", SimpleNamespace(exists=lambda: False))
    monkeypatch.setattr(server, "get_script_run_ctx", lambda: SimpleNamespace(session_id="mine"))
    assert server.page_is_open()()
