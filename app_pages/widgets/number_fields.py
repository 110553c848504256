"""Numbers of the scenario, each in a field of its own."""

from typing import Any

import streamlit as st

from app_pages.session import reruns, state

__all__ = ["draw_number_field", "draw_optional_number_field"]


def draw_number_field(path: str, label: str, least: float, step: float) -> None:
    """A number of the scenario."""
    key = reruns.fill_widget_across_reruns(f"in-{path}", float(_number_field_value(path)))
    _draw_field(path, label, key, min_value=least, step=step)


def draw_optional_number_field(path: str, label: str, least: float, step: float) -> None:
    """A number that may be left out."""
    stated = _number_field_value(path)
    value = None if stated is None else float(stated)
    key = reruns.fill_widget_across_reruns(f"in-{path}", value)
    _draw_field(path, label, key, min_value=least, step=step, value=None, placeholder="none")


def _number_field_value(path: str) -> Any:
    value: Any = state.edited_content()
    for part in path.split("."):
        value = value.get(part)
    return value


def _draw_field(path: str, label: str, key: str, **look: Any) -> None:
    args = (path, key)
    st.number_input(
        label,
        format="%.12g",
        key=key,
        on_change=_number_field_changed,
        args=args,
        width=240,
        **look,
    )


@reruns.survive_reruns
def _number_field_changed(path: str, key: str) -> None:
    value = st.session_state[key]
    number = None if value is None else float(value)
    if reruns.accept_value_across_reruns(f"in-{path}", key, number):
        state.edit_session_value(path, number)
