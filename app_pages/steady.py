"""Keys of widgets whose value may also change elsewhere (another widget, a point that is opened, a plan that is loaded).

A browser sends all its widgets with every click. A click that leaves before the browser has heard of such a change brings the old value
back, as if somebody had just typed it. So the widget gets another key then, and what comes for the old key counts for nothing.
"""

from typing import Any

import streamlit as st

__all__ = ["key_for", "sent"]


def key_for(name: str, value: Any) -> str:
    """The key under which a widget that shows `value` is drawn now."""
    known, number = _known().get(name, (value, 0))
    if known != value:
        number += 1
    _known()[name] = (value, number)
    return _key(name, number)


def sent(name: str, key: str, value: Any) -> bool:
    """Whether this value counts: the widget that is drawn now sent it, and keeps its key."""
    _, number = _known().get(name, (value, 0))
    if key != _key(name, number):
        return False
    _known()[name] = (value, number)
    return True


def _key(name: str, number: int) -> str:
    return f"{name}~{number}" if number else name


def _known() -> dict[str, tuple[Any, int]]:
    return st.session_state.setdefault("steady", {})
