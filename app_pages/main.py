"""The page from top to bottom, rerun on every change: results are fetched, then sidebar, banner
and progress are drawn, then the page. Where people sign in, who has not sees nothing but the plan
of a link.
"""

from pathlib import Path

import streamlit as st

from app_pages.session import (
    first_view,
    job_slots,
    kept_desk,
    kept_drafts,
    late_fragments,
    reruns,
    saved_plans,
    share_link,
    state,
    uploads,
    visitor,
)
from app_pages.widgets import progress, sidebar
from app_pages.widgets.kept import resume, share, sign_in

NEAR_THE_TOP = "<style>.stMainBlockContainer {padding-top: 3.5rem}</style>"
"""What is asked for stands on the first screen."""
ICON = str(Path(__file__).parent / "icon.png")
PAGES = {
    "plan": ("Plan", "map"),
    "new": ("New scenario", "add_circle"),
    "inputs": ("Inputs", "tune"),
    "what_if": ("What-if", "query_stats"),
    "setups": ("Setups", "bar_chart"),
    "compare": ("Compare", "compare_arrows"),
    "router": ("Router", "alt_route"),
    "export": ("Export", "download"),
    "library": ("Library", "inventory_2"),
}
"""File below views/ -> title and icon; the first opens first."""

reruns.leave_fragment_before_rerun()
reruns.begin_fields_of_rerun()
st.set_page_config(page_title="Joint LLM planner", page_icon=ICON, layout="wide")
st.html(NEAR_THE_TOP)
is_guest = not visitor.may_visitor_compute()
page = st.navigation(
    [
        st.Page(
            f"views/{file}.py",
            title=title,
            url_path=file.replace("_", "-"),
            icon=f":material/{icon}:",
            default=file == "plan",
        )
        for file, (title, icon) in PAGES.items()
        if file == "plan" or not is_guest
    ],
    position="hidden" if is_guest else "sidebar",
)
reruns.take_clicks_in_first()
late_fragments.drop_late_fragments()
visitor.part_visitors()
if is_guest and not share_link.has_link():
    sign_in.draw_sign_in_page()
    st.stop()
first_view.start_first_view()
reruns.run_deferred_before_rerun()
job_slots.collect_slots()
if uploads.show_opened_upload():
    job_slots.collect_slots()
state.show_session_solve()
if is_guest and not share_link.is_link_open():
    sign_in.draw_sign_in_page()
    st.stop()
kept_drafts.keep_session_draft()
saved_plans.save_shown_plan()
kept_desk.keep_session_desk()
share_link.write_share_link()
if not is_guest:
    sidebar.draw_sidebar(beside_new=page.url_path == "new")
with st.sidebar:
    sign_in.draw_sign_in_sidebar()
    visitor.draw_visitor_key()
share.draw_share_notice()
resume.draw_resume_offer()
sidebar.draw_sidebar_banner()
progress.draw_progress()
page.run()
