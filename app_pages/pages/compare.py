"""The page Compare: two to four plans side by side, what differs in words, and the steps from one
to the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages.charts import compare
from app_pages.charts.report import show
from app_pages.session import reruns, saved_plans, state
from app_pages.session.markdown import bullets, plain
from app_pages.session.state import Shown
from app_pages.widgets import tables
from planner.plans.diff import diff_plans
from planner.plans.schema import PlanContent
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.comparison_tables import (
    comparison_table,
    replicas_table,
    routing_comparison_table,
    tradeoff_table,
)
from planner.presentation.diff import diff_line, diff_tables

MOST = 4


def draw() -> None:
    """The whole page."""
    st.title("Compare")
    st.markdown(
        "Every plan that was shown and has a setup is kept here until this page is closed or loaded"
        " anew."
    )
    plans = {name: one for name, one in state.saved().items() if one.content["options"]}
    if len(plans) < 2:
        st.info(
            "There is one plan so far. Move a slider on the page What-if, or change an input and"
            " press Solve: then two stand here."
        )
    else:
        chosen = choose(list(plans))
        if len(chosen) < 2:
            st.info("Choose at least two plans.")
        else:
            compared({name: plans[name] for name in chosen})
    if plans:
        manage(list(plans))


def memory() -> dict[str, Any]:
    """What this page keeps for the session."""
    return st.session_state.setdefault("compare", {"chosen": None, "steps": None})


def choose(names: Sequence[str]) -> list[str]:
    """Which plans stand side by side: until somebody chooses, the last two."""
    picked = memory()["chosen"]
    names_left = None if picked is None else [name for name in picked if name in names]
    st.session_state["compare-chosen"] = list(names[-2:]) if names_left is None else names_left
    told = "The first one is what the others are compared with."
    st.multiselect(
        "Plans", names, key="compare-chosen", max_selections=MOST, on_change=pick, help=told
    )
    return list(st.session_state["compare-chosen"])


@reruns.whole
def pick() -> None:
    """Plans were chosen."""
    memory()["chosen"] = list(st.session_state["compare-chosen"])


# ---------------------------------------------------------------- side by side


def compared(plans: Mapping[str, Shown]) -> None:
    """Everything about the chosen plans."""
    contents = dict(
        zip(saved_plans.short(list(plans)), (one.content for one in plans.values()), strict=True)
    )
    first, *others = contents
    st.subheader("What differs")
    for name in others:
        st.markdown(f"**{plain(name)}** against **{plain(first)}**")
        bullets(comparison_lines(contents[first], contents[name]))
    st.subheader("Side by side")
    tables.show(
        comparison_table(contents),
        "What was asked and found, one column a plan, and the change against the first plan.",
        whole=True,
    )
    show(compare.qualities(tradeoff_table(contents)), "compare-quality")
    st.subheader("Routing: which LLM gets how much")
    signs = {llm: sign for one in plans.values() for llm, sign in one.meta["signs"].items()}
    show(compare.routing(routing_comparison_table(contents), signs), "compare-routing")
    tables.show(
        routing_comparison_table(contents), "Part of the requests of every LLM in each plan."
    )
    st.subheader("Setup: what runs")
    tables.show(replicas_table(contents), "Replicas of every option in each plan.")
    steps(contents)


def steps(contents: Mapping[str, PlanContent]) -> None:
    """The way from one plan to another, step by step."""
    st.subheader("From one to the other: what starts, stops and moves")
    ways = {
        f"{one} to {other}": (one, other) for one in contents for other in contents if one != other
    }
    st.session_state["compare-steps"] = at = (
        memory()["steps"] if memory()["steps"] in ways else next(iter(ways))
    )
    st.selectbox("From and to", list(ways), key="compare-steps", on_change=pick_steps)
    old, new = ways[at]
    found = diff_plans(contents[old], contents[new])
    st.markdown(plain(diff_line(found)))
    if not found.steps:
        return
    frames = diff_tables(found)
    tables.show(
        frames["changes"],
        "Options that change: replicas before and after, how many stay, move, are new or gone.",
    )
    frame = frames["steps"]
    without = () if found.drops else ("Capacity short (req/s)",)
    tables.show(
        frame, "The steps in their order: what starts or stops, on which GPUs.", leave_out=without
    )
    st.caption(
        "Start a replica and wait until it is healthy before the next step; drain one before it"
        " stops. The command: `diff OLD NEW`."
    )


@reruns.whole
def pick_steps() -> None:
    """Another way was chosen."""
    memory()["steps"] = st.session_state["compare-steps"]


# ---------------------------------------------------------------- kept plans


def manage(names: Sequence[str]) -> None:
    """Open, rename and forget kept plans."""
    with st.expander("Open, rename or forget a kept plan"):
        name = st.selectbox("Plan", names, key="compare-which")
        if name is None:
            return
        key = reruns.key_for("compare-name", name)
        st.session_state[key] = name
        st.text_input("Its name", key=key, on_change=rename, args=(name, key), max_chars=80)
        with st.container(horizontal=True):
            st.button("Show this plan", key="compare-open", on_click=saved_plans.load, args=(name,))
            mine = state.saved().get(name) is state.shown()
            told = "The plan on the page stays kept." if mine else None
            st.button(
                "Forget this plan",
                key="compare-forget",
                disabled=mine,
                help=told,
                on_click=saved_plans.forget,
                args=(name,),
            )


@reruns.whole
def rename(old: str, key: str) -> None:
    """A name was changed."""
    if reruns.sent("compare-name", key, st.session_state[key]):
        saved_plans.rename(old, st.session_state[key])


draw()
