"""The page Library: keep the plan shown, find what was kept, go on from it, remove it."""

import streamlit as st

from app_pages.session import uploads
from app_pages.session.visitor import SHARED, is_library_open, visitors_sign_in
from app_pages.widgets.kept.keep_form import draw_keep_form
from app_pages.widgets.kept.record_list import draw_record_list
from app_pages.widgets.kept.resume import draw_resume_list
from app_pages.widgets.kept.sign_in import sign_in_exposure
from app_pages.widgets.markdown import faults_markdown_box, plain_markdown
from planner.errors import DataError
from planner.library.location import library_location

PLAN = "views/plan.py"
CLOSED = (
    "Everybody who can open this page would see and change what is kept. Whoever runs the server"
    f" can allow that with {SHARED}=shared in its environment, or set up a log-in."
)


def draw_library_view() -> None:
    """The whole page; a record that was opened is seen on the page Plan."""
    if uploads.opened_kept_record():
        st.switch_page(PLAN)
    st.title("Library")
    if not is_library_open():
        st.info(f"{sign_in_exposure()} {CLOSED}")
        return
    try:
        where = library_location().words
    except DataError as error:
        faults_markdown_box(error.faults, "The library cannot be used")
        return
    st.markdown(
        "Plans with their scenarios and tables. They stay when this page or the server ends. The"
        " commands `plan --save` and `library` use the same library."
    )
    # Where the server keeps its files is no business of who signs in on it.
    who = "You see your own records, and those that are shared with all who sign in."
    if not visitors_sign_in():
        exposure = f"{sign_in_exposure()} Whoever opens it uses all of the library."
        who = f"{plain_markdown(where)}. {exposure}"
    st.caption(who)
    draw_keep_form()
    draw_record_list()
    draw_resume_list()


draw_library_view()
