"""What pages say of plans over classes and cases that they do not know."""

import streamlit as st

from app_pages.session import state

__all__ = ["draw_cells_notice"]


def draw_cells_notice(what: str, parts: str = "This page does") -> bool:
    """Say, where the inputs or the plan shown have classes and cases, that this page does not know
    them; whether it said so. what: command that does, or "" for none; parts: of the page that do
    not, with their verb.
    """
    if not state.is_of_cells():
        return False
    instead = f" The command `{what}` does." if what else ""
    st.info(
        f"{parts} not know classes, cases, outside LLMs or a budget yet; the pages Plan,"
        f" Inputs and Export do.{instead}"
    )
    return True
