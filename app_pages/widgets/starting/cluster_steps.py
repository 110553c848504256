"""Steps 1 and 2: which GPUs there are, and which LLMs may run on them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_demand import ALL_REQUESTS, TOKENS
from app_pages.session.starting.draft_outside import (
    ALL_RUN,
    draft_llms_part,
    draft_prices_tokens,
)
from app_pages.session.starting.draft_pools import draft_pools_part
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_names,
    draw_draft_number,
)
from app_pages.widgets.starting.outside_fields import draw_outside_fields
from app_pages.widgets.starting.pool_fields import draw_pool_fields
from planner.scenario.starting.new_scenario import new_scenario_faults
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.io.faults import Fault

__all__ = [
    "draw_gpu_cluster_step",
    "draw_llm_cluster_step",
    "gpu_cluster_faults",
    "llm_cluster_faults",
]

ANY_CLASS: Mapping[str, Any] = {
    "classes": [{"name": ALL_REQUESTS, **dict.fromkeys(TOKENS, 1)}],
}
WHO_RUNS = {
    False: "those that help: only the answer counts, so the plan may leave some out",
    True: "all of them: users ask for each by name",
}
ANY_COST: Mapping[str, Any] = {"objective": {"minimize": "cost", "quality_at_least": 0}}
"""What later steps are taken to say where prices by tokens, or numbers of nodes, need it."""


def draw_gpu_cluster_step() -> None:
    """GPU types, and of each how many."""
    known = load_catalogue_gpus()
    st.markdown(
        "Which GPUs may be used? Choose from the catalogue, or type another name and press Enter."
    )
    draw_draft_names(
        "gpus", "GPU types", list(known), accept_new_options=True, placeholder="e.g. H100"
    )
    if draft_value("gpus", []):
        st.caption(
            "To find the fewest GPUs that are enough, also of your own, leave *What is paid for* as"
            " it is."
        )
    for gpu in draft_value("gpus", []):
        with st.container(border=True):
            draw_pool_fields(gpu)


def gpu_cluster_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if not draft_value("gpus", []):
        return (Fault("GPUs", "", "", "no GPU type is chosen", "choose one"),)
    part = draft_pools_part()
    is_decided = any(isinstance(pool["nodes"], dict) for pool in part["pools"])
    return new_scenario_faults({**part, **(ANY_COST if is_decided else {})}, "GPUs")


def draw_llm_cluster_step() -> None:
    """LLMs, with the weights of those that the catalogue lacks."""
    st.markdown(
        "Which LLMs may be deployed? Choose from the catalogue, or type another name and press"
        " Enter."
    )
    known = load_catalogue_llms()
    draw_draft_names("llms", "LLMs", list(known), accept_new_options=True, placeholder="e.g. llama")
    draw_draft_choice(
        ALL_RUN, "Which of them run", list(WHO_RUNS), words=WHO_RUNS.__getitem__, radio=True
    )
    st.caption("In doubt the first: on the plan, a button makes all run and shows what that costs.")
    alien = [llm for llm in draft_value("llms", []) if llm not in known]
    if alien:
        st.markdown(
            "**Not in the catalogue**: these need load tests of yours. State the weights where the"
            " curves do not state the memory."
        )
    for llm in alien:
        label = f"Weights of {plain_markdown(llm)} (GiB)"
        draw_draft_number(
            f"weights {llm}", label, step=1.0, min_value=0.001, placeholder="not set", width=400
        )
    draw_outside_fields()


def llm_cluster_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if not draft_value("llms", []):
        return (Fault("LLMs", "", "", "no LLM is chosen", "choose at least one"),)
    if draft_value(ALL_RUN) is None:
        problem, fix = "nothing says which of them run", "choose those that help, or all of them"
        return (Fault("LLMs", "", "", problem, fix),)
    by_tokens = ANY_CLASS if draft_prices_tokens() else {}
    return new_scenario_faults({**draft_llms_part(), **by_tokens}, "LLMs")
