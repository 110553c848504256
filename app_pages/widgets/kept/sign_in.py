"""Signing in and out, where the server has a log-in; who can open the page, where it has none."""

import streamlit as st
from streamlit.errors import StreamlitAuthError

from app_pages.session import share_link, uploads
from app_pages.session.visitor import (
    is_visitor_on_own_machine,
    providers_of_visitors,
    visitor_signed_in,
    visitors_sign_in,
)
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown

__all__ = ["draw_sign_in_page", "draw_sign_in_sidebar", "sign_in_exposure"]


def draw_sign_in_page() -> None:
    """All that somebody sees who is not signed in and has no link."""
    st.title("Joint LLM planner")
    if share_link.opened_link() and (unopened := uploads.upload_failure()) is not None:
        failure_markdown_box(unopened[0], "The link was not opened", unopened[1])
    st.markdown("Sign in to plan, and to find what you have kept.")
    _draw_sign_in_buttons()


def draw_sign_in_sidebar() -> None:
    """At the end of the sidebar: who is signed in, or who else can open this page."""
    if not visitors_sign_in():
        if not is_visitor_on_own_machine():
            st.caption(f":material/lock_open: {sign_in_exposure()}")
        return
    visitor = visitor_signed_in()
    if visitor is None:
        st.markdown("You read a plan that was shared with you by a link.")
        _draw_sign_in_buttons()
        return
    st.caption(f":material/person: Signed in as {plain_markdown(visitor.name)}")
    if st.button("Sign out", key="sign-out"):
        st.logout()


def sign_in_exposure() -> str:
    """Who can open a page without a log-in, by the address on which it listens."""
    address = st.get_option("server.address")
    if is_visitor_on_own_machine():
        return (
            f"There is no log-in. The page listens on {address}: this machine alone can open it,"
            " and whoever a proxy on it lets in."
        )
    where = "on all addresses" if address in (None, "", "0.0.0.0", "::") else f"on {address}"  # noqa: S104
    return (
        f"There is no log-in. The page listens {where}: every machine that reaches this one can"
        " open it."
    )


def _draw_sign_in_buttons() -> None:
    for provider, label in providers_of_visitors().items():
        if st.button(label, key=f"sign-in-{provider or 'default'}", type="primary"):
            try:
                st.login(provider or None)
            except StreamlitAuthError as error:
                # Of the secrets: what is missing there, and none of their values.
                st.error(f"The log-in is not set up completely: {plain_markdown(str(error))}")
