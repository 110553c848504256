"""Steps 1 and 2: which GPUs there are, and which LLMs may run on them."""

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.draft_parts import (
    GPUS_PER_NODE,
    NODES,
    OWNED,
    RENTED,
    RESERVED,
    draft_llms_part,
    draft_pools_part,
)
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_names,
    draw_draft_number,
)
from planner.scenario.starting.new_scenario import new_scenario_faults
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.io.faults import Fault

__all__ = [
    "draw_gpu_cluster_step",
    "draw_llm_cluster_step",
    "gpu_cluster_faults",
    "llm_cluster_faults",
]

PAID = {
    RENTED: "the GPUs in use",
    OWNED: "all its GPUs: they are owned",
    RESERVED: "some nodes in any case: reserved",
}
"""What of a pool costs its price."""


def draw_gpu_cluster_step() -> None:
    """GPU types, and of each how many."""
    known = load_catalogue_gpus()
    st.markdown(
        "Which GPUs may be used? Choose from the catalogue, or type another name and press Enter."
    )
    draw_draft_names(
        "gpus", "GPU types", list(known), accept_new_options=True, placeholder="e.g. H100"
    )
    for gpu in draft_value("gpus", []):
        with st.container(border=True):
            st.markdown(f"**{plain_markdown(gpu)}**")
            _draw_pool_of_cluster(gpu)


def _draw_pool_of_cluster(gpu: str) -> None:
    entry = load_catalogue_gpus().get(gpu)
    price = None if entry is None else entry.price_usd_per_gpu_h
    with st.container(horizontal=True):
        draw_draft_number(f"nodes {gpu}", "Nodes", NODES, step=1, min_value=0, width=150)
        draw_draft_number(
            f"gpus per node {gpu}", "GPUs per node", GPUS_PER_NODE, step=1, min_value=1, width=150
        )
        draw_draft_number(
            f"price {gpu}",
            "Price (USD per GPU and h)",
            step=0.1,
            min_value=0.0,
            placeholder="not known" if price is None else f"catalogue: {price:g}",
        )
        if entry is None:
            draw_draft_number(
                f"memory {gpu}", "Memory (GiB per GPU)", step=1.0, min_value=0.001, placeholder="80"
            )
    with st.container(horizontal=True):
        choice = f"paid {gpu}"
        draw_draft_choice(
            choice, "What is paid for", list(PAID), RENTED, words=PAID.__getitem__, width=316
        )
        if draft_value(choice) == RESERVED:
            draw_draft_number(
                f"reserved nodes {gpu}", "Reserved nodes", step=1, min_value=0, width=150
            )
            draw_draft_number(
                f"reserved price {gpu}",
                "Their price (USD per GPU and h)",
                step=0.1,
                min_value=0.0,
            )
    if entry is None:
        st.caption("Not in the catalogue: its curves must be measured, and its memory stated.")
    elif price is not None:
        st.caption(f"{entry.memory_gib:g} GiB. Catalogue price of {entry.price_date}.")


def gpu_cluster_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if not draft_value("gpus", []):
        return (Fault("GPUs", "", "", "no GPU type is chosen", "choose one"),)
    return new_scenario_faults(draft_pools_part(), "GPUs")


def draw_llm_cluster_step() -> None:
    """LLMs, with the weights of those that the catalogue lacks."""
    st.markdown(
        "Which LLMs may be deployed? The plan decides which of them run, where, and how often."
        " Choose from the catalogue, or type another name and press Enter."
    )
    known = load_catalogue_llms()
    draw_draft_names("llms", "LLMs", list(known), accept_new_options=True, placeholder="e.g. llama")
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


def llm_cluster_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if not draft_value("llms", []):
        return (Fault("LLMs", "", "", "no LLM is chosen", "choose at least one"),)
    return new_scenario_faults(draft_llms_part(), "LLMs")
