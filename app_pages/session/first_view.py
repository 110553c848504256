"""What a person sees first: the example of the link, or the first one, solved."""

import streamlit as st

from app_pages.jobs.messages import CellsPlanView
from app_pages.session import reruns, share_link, state, uploads
from app_pages.session.server import example, server_example_plan
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.session.visitor import may_links_open
from planner.packed_files import EXAMPLES, PAGE_EXAMPLES
from profiles.io.faults import Fault

__all__ = ["open_example_as_first", "start_first_view"]


@reruns.survive_reruns
def start_first_view() -> None:
    """Open the link's inputs and their plan; nothing in a session that has begun."""
    if "begun" in st.session_state:
        return
    name = st.query_params.get("example", PAGE_EXAMPLES[0])
    open_example_as_first(name if name in EXAMPLES else PAGE_EXAMPLES[0])
    values, faults = share_link.share_link_values(state.current_edit(), st.query_params.to_dict())
    if share_link.LINK in st.query_params and not may_links_open():
        problem, fix = "links to kept plans do not open on this server", "ask whoever runs it"
        faults.append(Fault("link", share_link.LINK, "", problem, fix))
    for path, value in values.items():
        state.edit_session_value(path, value)
    key = st.query_params.get(share_link.LINK)
    if key and may_links_open():
        uploads.open_shared_link(key)
    elif state.is_stale():
        state.start_session_solve()
    # Last: a change that is taken ends what was wrong with the link.
    st.session_state["link_faults"] = faults
    st.session_state["begun"] = True


def open_example_as_first(name: str) -> None:
    """Put an example's inputs on the page and show its plan."""
    edit = example(name)
    st.session_state["example"] = name
    state.set_edit(edit)
    st.session_state["solve-failure"] = None
    with st.spinner("Solving the example"):
        done = server_example_plan(edit)
    if done.has_result:
        kind = ShownCells if isinstance(done.result, CellsPlanView) else ShownPlan
        state.show_plan(kind(edit, done.result, name))
    else:
        st.session_state["solve-failure"] = done
