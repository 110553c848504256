"""Clicks that follow each other faster than the page is drawn: none is lost, and none undoes what
another did.

Keys: a browser sends all its widgets with every click. A click that leaves before the browser has
heard that a value changed elsewhere (another widget, a point that is opened, a plan that is loaded)
brings the old value back, as if somebody had just typed it. So the widget gets another key then,
and what comes for the old key counts for nothing.

Callbacks: when the next click arrives, Streamlit leaves the callback of the last one at its next
look into `st.session_state`, and what it had still to do is lost. So a callback is `whole`: it is
done again from its start before the next click is heard. What takes a moment is not done in a
callback but `later`, and again while a next click interrupts it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

__all__ = ["do_what_is_left", "key_for", "later", "sent", "whole"]

P = ParamSpec("P")


def whole(callback: Callable[P, None]) -> Callable[P, None]:
    """A callback that is never left half done; done twice, it does the same as once."""

    @wraps(callback)
    def finished(*args: P.args, **kwargs: P.kwargs) -> None:
        newer: RerunException | None = None
        while True:
            try:
                callback(*args, **kwargs)
            except RerunException as error:
                newer = error
            else:
                break
        if newer is not None:
            raise newer

    return finished


def later(action: Callable[..., None], *args: Any) -> None:
    """Do something before the page is drawn next."""
    st.session_state["later"] = (action, args)


def do_what_is_left() -> None:
    """Called once, before a page is drawn.

    A next click that interrupts it leaves it to do; an error drops it, and is told once.
    """
    if left := st.session_state.get("later"):
        action, args = left
        try:
            action(*args)
        except Exception:
            st.session_state["later"] = None
            raise
        st.session_state["later"] = None


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
