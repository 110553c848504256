"""Share links. Of an example the address carries the small inputs that differ from it; of what was
kept it carries a key that only those know who were given it, and opens the record read-only.

opened-link    the key of the link that was opened last
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app_pages.session.knobs import Knob, knobs_of
from app_pages.session.state import current_edit
from planner.errors import DataError
from planner.packed_files import EXAMPLES
from planner.scenario.edits import ScenarioEdit
from profiles.io.faults import Fault

__all__ = [
    "LINK",
    "address_of_link",
    "has_link",
    "is_link_open",
    "is_link_shown",
    "opened_link",
    "share_link_query",
    "share_link_values",
    "write_share_link",
]

LINK = "kept"
"""Name of the key in the address."""

LONGEST = 60
"""Characters of a link's text that a fault repeats."""


def share_link_values(
    edit: ScenarioEdit, query: Mapping[str, str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Values of a share link by dotted path, and faults of what cannot be used.

    edit: of the example that the link names; query: as in the address.
    """
    knobs = {knob.path: knob for knob in knobs_of(edit)}
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for path, text in query.items():
        if path == LINK:
            continue  # `opened_link`
        if path == "example":
            if text not in EXAMPLES:
                fix = f"it is one of {', '.join(EXAMPLES)}"
                faults.append(_fault(path, text, "there is no such example", fix))
        elif path not in knobs:
            faults.append(_fault(path, text, "a link cannot change this", "change it on the page"))
        elif (value := _share_link_value(edit, knobs[path], text)) is None:
            faults.append(_fault(path, text, "the value is not allowed", "change it on the page"))
        else:
            values[path] = value
    return values, faults


def _fault(path: str, text: str, problem: str, fix: str) -> Fault:
    return Fault("link", path[:LONGEST], text[:LONGEST], problem, fix)


def _share_link_value(edit: ScenarioEdit, knob: Knob, text: str) -> float | None:
    """The number that a text represents; None where the scenario refuses it."""
    try:
        value = int(text) if knob.whole else float(text)
        ScenarioEdit(edit.path, edit.base, {knob.path: value}).scenario  # noqa: B018 - raises when it is refused
    except (ValueError, DataError):
        return None
    return value


def write_share_link() -> None:
    """Put the small inputs into the address, so that it opens the same inputs elsewhere; nothing
    for uploaded files.
    """
    link = share_link_query()
    if st.query_params.to_dict() != link:
        st.query_params.from_dict(link)


def opened_link() -> str:
    """The key of the link that this session has opened last, or opens; "" for none, and when
    something else was opened since.
    """
    return str(st.session_state.get("opened-link", ""))


def has_link() -> bool:
    """Whether this session was opened with a link, or has opened one."""
    return LINK in st.query_params or bool(opened_link())


def is_link_open() -> bool:
    """Whether what a link leads to is on the page, or is still being read."""
    return is_link_shown() or (bool(opened_link()) and st.session_state.get("opening") is not None)


def is_link_shown() -> bool:
    """Whether what the link has opened is on the page, changed or not."""
    opened: tuple[ScenarioEdit, int] | None = st.session_state.get("opened-work")
    return bool(opened_link()) and opened is not None and opened[0].path == current_edit().path


def address_of_link(key: str) -> str:
    """The whole address of a link to a record, as this browser would open it."""
    return f"{page_address()}?{urlencode({LINK: key})}"


def page_address() -> str:
    """Where the page is, without what follows: its first page."""
    page = urlsplit(st.context.url or "")
    return f"{page.scheme}://{page.netloc}{page.path.rpartition('/')[0]}/"


def share_link_query() -> dict[str, str]:
    """The query of a share link: the example and the small inputs that differ from it; the key of
    what a link has opened, as long as that is on the page; empty for other files.
    """
    if is_link_open():
        return {LINK: opened_link()}
    name = st.session_state.get("example")
    if name not in EXAMPLES:
        return {}
    edit = current_edit()
    paths = {knob.path for knob in knobs_of(edit)}
    changes = {path: f"{value:.12g}" for path, value in edit.overrides.items() if path in paths}
    return {"example": name} | changes
