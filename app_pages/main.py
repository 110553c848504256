"""The page from top to bottom, rerun on every change: results are fetched, then sidebar, banner
and progress are drawn, then the page.
"""

from pathlib import Path

import streamlit as st

from app_pages.session import (
    first_view,
    job_slots,
    reruns,
    saved_plans,
    share_link,
    state,
    uploads,
)
from app_pages.widgets import progress, sidebar

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

st.set_page_config(page_title="Joint LLM planner", page_icon=ICON, layout="wide")
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
    ]
)
reruns.take_clicks_in_first()
first_view.start_first_view()
reruns.run_deferred_before_rerun()
job_slots.collect_slots()
if uploads.show_opened_upload():
    job_slots.collect_slots()
state.show_session_solve()
saved_plans.save_shown_plan()
share_link.write_share_link()
sidebar.draw_sidebar()
sidebar.draw_sidebar_banner()
progress.draw_progress()
page.run()
