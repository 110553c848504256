"""Fields of the draft: what is entered stays while other steps and pages are shown."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app_pages.session import job_slots, reruns
from app_pages.session.draft import (
    current_draft,
    draft_files,
    draft_rows,
    draft_value,
    forget_draft_files,
    set_draft_value,
    store_draft_files,
)
from app_pages.session.uploads import MOST_BYTES
from app_pages.widgets.markdown import plain_markdown
from profiles.io.faults import Fault

__all__ = [
    "draft_files_faults",
    "draw_draft_choice",
    "draw_draft_files",
    "draw_draft_names",
    "draw_draft_number",
    "draw_draft_row_buttons",
    "draw_draft_text",
    "draw_draft_tick",
]

WIDTH = 240
UPLOADER = "files-"
"""Before a slot: the key of its uploader."""


def draw_draft_number(
    name: str, label: str, first: float | None = None, *, step: float, **look: Any
) -> None:
    """A number that may be blank. first: what it holds before anything is entered; step: whole
    numbers alone where it is an int.
    """
    key = _draft_field_key(name, first)
    whole = isinstance(step, int)
    st.number_input(
        label,
        value=None,
        step=step,
        format="%d" if whole else "%.12g",
        key=key,
        on_change=_draft_field_changed,
        args=(name, key),
        **{"width": WIDTH, **look},
    )


def draw_draft_text(name: str, label: str, first: str = "", **look: Any) -> None:
    """A line of text, without blanks around it."""
    key = _draft_field_key(name, first)
    st.text_input(
        label, key=key, on_change=_draft_field_changed, args=(name, key), **{"width": WIDTH, **look}
    )


def draw_draft_tick(name: str, label: str, **look: Any) -> None:
    """A tick, off before anything is entered."""
    key = _draft_field_key(name, first=False)
    st.checkbox(label, key=key, on_change=_draft_field_changed, args=(name, key), **look)


def draw_draft_choice(
    name: str,
    label: str,
    options: Sequence[Any],
    first: Any = None,
    *,
    words: Callable[[Any], str] = str,
    radio: bool = False,
    **look: Any,
) -> None:
    """One of several; first: None where nothing is chosen before the person does. radio: all of
    them are in sight.
    """
    entered = draft_value(name, first)
    key = reruns.fill_widget_across_reruns(f"new-{name}", entered if entered in options else first)
    draw: Any = st.radio if radio else st.selectbox
    draw(
        label,
        options,
        index=None if first is None else 0,  # none chosen: a field that can be cleared
        format_func=words,
        key=key,
        on_change=_draft_field_changed,
        args=(name, key),
        **{"width": "stretch" if radio else WIDTH, **look},
    )


def draw_draft_names(
    name: str, label: str, options: Sequence[Any], first: Sequence[Any] = (), **look: Any
) -> None:
    """Several of a list; with accept_new_options also others: Enter then takes the one name that is
    marked, not every match of what was typed.
    """
    key = _draft_field_key(name, list(first))
    chosen = draft_value(name, first)
    st.multiselect(
        label,
        [*options, *(one for one in chosen if one not in options)],
        key=key,
        on_change=_draft_field_changed,
        args=(name, key),
        select_all=False,
        **look,
    )


def _draft_field_key(name: str, first: Any) -> str:
    """The key of a field, which is given what the draft holds."""
    value = draft_value(name, first)
    return reruns.fill_widget_across_reruns(
        f"new-{name}", list(value) if isinstance(value, list) else value
    )


@reruns.survive_reruns
def _draft_field_changed(name: str, key: str) -> None:
    value = st.session_state[key]
    value = value.strip() if isinstance(value, str) else value
    value = list(value) if isinstance(value, list) else value
    if reruns.accept_value_across_reruns(f"new-{name}", key, value):
        set_draft_value(name, value)


# ---------------------------------------------------------------- rows


def draw_draft_row_buttons(
    name: str, first: int, noun: str, least: int = 0, *, small: bool = False
) -> None:
    """Buttons that add a row of fields, and take the last one away while more than `least` are
    there. small: as links in the line that is being drawn.
    """
    rows = draft_rows(name, first)
    look: Any = "tertiary" if small else "secondary"
    with st.container(horizontal=True, width="content" if small else "stretch"):
        add, remove = f"add-{name}", f"remove-{name}"
        args = (name, rows)
        st.button(f"Add {noun}", key=add, type=look, on_click=_add_draft_row, args=args)
        if len(rows) > least:
            st.button("Remove the last", key=remove, type=look, on_click=_drop_draft_row, args=args)


@reruns.survive_reruns
def _add_draft_row(name: str, rows: list[int]) -> None:
    set_draft_value(f"{name} rows", [*rows, max(rows, default=-1) + 1])


@reruns.survive_reruns
def _drop_draft_row(name: str, rows: list[int]) -> None:
    """Take the last row away; what its fields held comes back with it."""
    set_draft_value(f"{name} rows", rows[:-1])


# ---------------------------------------------------------------- files


def draw_draft_files(
    slot: str, label: str, endings: Sequence[str], *, several: bool, about: Sequence[str] = ()
) -> None:
    """Files that a worker is to read: chosen, then handed over by a button; or their names, and a
    button to take them back.

    about: fields that say something of these files, and go with them.
    """
    files = draft_files(slot)
    if files:
        names = ", ".join(name for name, _ in files[:3])
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: {plain_markdown(names)}{more}")
            again = f"forget-{slot}"
            st.button("Other files", key=again, on_click=_forget_files_of_draft, args=(slot, about))
        return
    key = f"{UPLOADER}{slot}"
    chosen = st.file_uploader(
        label,
        type=list(endings),
        accept_multiple_files=several,
        key=key,
    )
    st.button(
        "Read these files" if several else "Read this file",
        key=f"read-{slot}",
        disabled=not chosen or job_slots.is_running(slot),
        on_click=_hand_over_draft_files,
        args=(slot, key),
    )


@reruns.survive_reruns
def _hand_over_draft_files(slot: str, key: str) -> None:
    files = _files_of_uploader(key)
    size = sum(file.size for file in files)
    if size > MOST_BYTES:
        problem, fix = f"more than {MOST_BYTES:,} bytes", "upload fewer or smaller files"
        current_draft().faults = (Fault("upload", "", f"{size:,} bytes", problem, fix),)
    elif files:
        store_draft_files(slot, files)


@reruns.survive_reruns
def _forget_files_of_draft(slot: str, about: Sequence[str]) -> None:
    forget_draft_files(slot)
    for name in about:
        current_draft().values.pop(name, None)


def draft_files_faults() -> tuple[Fault, ...]:
    """Files that were chosen on the step shown and not handed over, which leaving it would lose."""
    keys = [str(key) for key in st.session_state if str(key).startswith(UPLOADER)]
    chosen = [file.name for key in keys for file in _files_of_uploader(key)]
    if not chosen:
        return ()
    more = f" and {len(chosen) - 1} more" if len(chosen) > 1 else ""
    problem = "chosen, but not read yet"
    fix = "press Read these files, or take them out again"
    return (Fault(f"{chosen[0]}{more}", "", "", problem, fix),)


def _files_of_uploader(key: str) -> list[Any]:
    given = st.session_state[key] or []
    return given if isinstance(given, list) else [given]
