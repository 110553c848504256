"""Share links: the address carries the example and the small inputs that differ from it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app_pages.session.knobs import Knob, knobs_of
from app_pages.session.state import current_edit
from planner.errors import DataError
from planner.packed_files import EXAMPLES
from planner.scenario.edits import ScenarioEdit
from profiles.io.faults import Fault

__all__ = ["share_link_query", "share_link_values", "write_share_link"]

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


def share_link_query() -> dict[str, str]:
    """The query of a share link: the example and the small inputs that differ from it; empty for
    uploaded files.
    """
    name = st.session_state.get("example")
    if name not in EXAMPLES:
        return {}
    edit = current_edit()
    paths = {knob.path for knob in knobs_of(edit)}
    changes = {path: f"{value:.12g}" for path, value in edit.overrides.items() if path in paths}
    return {"example": name} | changes
