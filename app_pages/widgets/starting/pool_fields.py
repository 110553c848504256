"""Fields of step 1: the pools of one GPU type, how each is paid, and who says how many nodes."""

from typing import Any

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_pools import (
    DECIDED,
    GIVEN,
    GPUS_PER_NODE,
    NODES,
    OWNED,
    RENTED,
    RESERVED,
    draft_pool_field,
    draft_pool_name,
    draft_pool_rows,
)
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_number,
    draw_draft_row_buttons,
    draw_draft_text,
)
from profiles.catalogue import CatalogueGpu, load_catalogue_gpus

__all__ = ["draw_pool_fields"]

PAID = {
    RENTED: "only the GPUs in use",
    OWNED: "all GPUs, used or not (owned)",
    RESERVED: "some nodes in any case (reserved)",
}
"""What of a pool costs its price."""
HOW_MANY = {GIVEN: "as stated; some may stay idle", DECIDED: "the plan decides: what to buy"}
"""Who says how many nodes a pool has."""
NARROW, MIDDLE, WIDE = 150, 200, 316
"""Widths of fields: four of a pool with a name stand in one line at 1280 pixels."""


def draw_pool_fields(gpu: str) -> None:
    """Fields of every pool of a GPU type; in most cases there is one, called like the type."""
    entry = load_catalogue_gpus().get(gpu)
    rows = draft_pool_rows(gpu)
    st.markdown(f"**{plain_markdown(gpu)}**")
    for row in rows:
        if row != rows[0]:
            st.divider()
        _draw_pool_size(gpu, row, entry, named=len(rows) > 1)
        _draw_pool_payment(gpu, row)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_words_of_pool(entry), width="content")
        draw_draft_row_buttons(f"pool {gpu}", 1, "a pool of this type", least=1, small=True)


def _words_of_pool(entry: CatalogueGpu | None) -> str:
    """What the catalogue says of the type."""
    if entry is None:
        return "Not in the catalogue: its curves must be measured, and its memory stated."
    priced = entry.price_usd_per_gpu_h is not None
    price = f" Catalogue price of {entry.price_date}." if priced else ""
    return f"{entry.memory_gib:g} GiB.{price}"


def _draw_pool_size(gpu: str, row: int, entry: CatalogueGpu | None, *, named: bool) -> None:
    price = None if entry is None else entry.price_usd_per_gpu_h

    def number(what: str, label: str, first: Any = None, **look: Any) -> None:
        draw_draft_number(draft_pool_field(what, gpu, row), label, first, **look)

    is_decided = draft_value(draft_pool_field("how many", gpu, row)) == DECIDED
    with st.container(horizontal=True):
        if named:
            field = draft_pool_field("name", gpu, row)
            label, first = "Name of the pool", draft_pool_name(gpu, row)
            draw_draft_text(field, label, first, width=MIDDLE)
        if is_decided:
            number("least nodes", "Nodes at least", 0, step=1, min_value=0, width=NARROW)
        label = "Nodes at most" if is_decided else "Nodes"
        number("nodes", label, NODES, step=1, min_value=0, width=NARROW)
        label = "GPUs per node"
        number("gpus per node", label, GPUS_PER_NODE, step=1, min_value=1, width=NARROW)
        known = "not known" if price is None else f"catalogue: {price:g}"
        label = "Price (USD per GPU and h)"
        number("price", label, step=0.1, min_value=0.0, placeholder=known, width=MIDDLE)
        if entry is None:
            label = "Memory (GiB per GPU)"
            number("memory", label, step=1.0, min_value=0.001, placeholder="80")


def _draw_pool_payment(gpu: str, row: int) -> None:
    def choice(what: str, label: str, words: dict[str, str], first: str) -> None:
        field = draft_pool_field(what, gpu, row)
        draw_draft_choice(field, label, list(words), first, words=words.__getitem__, width=WIDE)

    with st.container(horizontal=True):
        choice("paid", "What is paid for", PAID, RENTED)
        choice("how many", "Number of nodes", HOW_MANY, GIVEN)
    if draft_value(draft_pool_field("paid", gpu, row)) == RESERVED:
        with st.container(horizontal=True):
            nodes, price = (
                draft_pool_field(f"reserved {what}", gpu, row) for what in ("nodes", "price")
            )
            draw_draft_number(nodes, "Reserved nodes", step=1, min_value=0, width=NARROW)
            label = "Their price (USD per GPU and h)"
            draw_draft_number(price, label, step=0.1, min_value=0.0)
