"""What one more of every limit would buy, for the pages Plan and What-if: slopes at once, and on request what planning again gives."""

from typing import Any

import streamlit as st

from app_pages import state, steady, tables, work
from app_pages.state import Shown
from app_pages.words import bullets, not_done
from planner.marginals_told import marginals_lines, marginals_table
from planner.tables import objective_unit

__all__ = ["draw"]

SLOT = "worth"


def draw(here: Shown) -> None:
    """Slopes, or real steps where they were asked for. Nothing without a plan."""
    if not here.content["options"]:
        return
    st.subheader("What would one more buy?")
    done = work.outcome_of(SLOT, _args(here))
    if done is not None and done.kind == "result":
        _again(here, done.result)
        return
    if done is not None:
        not_done(done, "Not planned again", state.folder())
    bullets(here.meta["worth"])
    words = "Plan again with one node, 10 ms, 1 req/s more and less"
    st.button(words, key=SLOT, disabled=work.running(SLOT), on_click=_ask, args=(here,), help="What each is really worth; some seconds.")


def _again(here: Shown, found: list[dict[str, Any]]) -> None:
    if not found:
        st.markdown("No plan was found in time when one limit was moved.")
        return
    content = {**here.content, "context": {**here.content["context"], "marginals": found}}
    st.markdown("Planned again with one unit more and one less:")
    bullets(marginals_lines(content))
    with st.expander("As a table"):
        tables.show(marginals_table(content), f"What each limit is worth in {objective_unit(content)}, planned again.")


def _args(here: Shown) -> tuple[Any, ...]:
    return here.asked.path, dict(here.asked.overrides)


@steady.whole
def _ask(here: Shown) -> None:
    work.start(SLOT, "planner.jobs:worth", _args(here), "Planning again with one more and one less", key=state.key_of(here.asked))
