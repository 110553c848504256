"""The page from top to bottom, run anew on every change: what is done is fetched, then sidebar,
banner and progress, then the page.
"""

from pathlib import Path

import streamlit as st

from app_pages.session import reruns, saved_plans, state, work
from app_pages.widgets import sidebar

st.set_page_config(
    page_title="Joint LLM planner", page_icon=str(Path(__file__).parent / "icon.png"), layout="wide"
)
page = st.navigation(
    [
        st.Page(
            "pages/plan.py", title="Plan", url_path="plan", icon=":material/map:", default=True
        ),
        st.Page("pages/inputs.py", title="Inputs", url_path="inputs", icon=":material/tune:"),
        st.Page(
            "pages/what_if.py", title="What-if", url_path="what-if", icon=":material/query_stats:"
        ),
        st.Page("pages/setups.py", title="Setups", url_path="setups", icon=":material/bar_chart:"),
        st.Page(
            "pages/compare.py",
            title="Compare",
            url_path="compare",
            icon=":material/compare_arrows:",
        ),
        st.Page("pages/router.py", title="Router", url_path="router", icon=":material/alt_route:"),
        st.Page("pages/export.py", title="Export", url_path="export", icon=":material/download:"),
    ]
)
state.begin()
reruns.do_what_is_left()
work.collect()
state.take_plan()
saved_plans.keep_shown()
state.write_link()
sidebar.draw()
sidebar.banner()
work.progress_box()
page.run()
