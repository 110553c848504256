"""Fields of LLMs outside the cluster: names and prices in step 2, latencies where SLOs are."""

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_goal import draft_slos
from app_pages.session.starting.draft_outside import (
    BY_REQUEST,
    BY_TOKENS,
    draft_outside_names,
    draft_outside_rows,
)
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_number,
    draw_draft_row_buttons,
    draw_draft_text,
)

__all__ = ["draw_outside_fields", "draw_outside_latency_fields"]

PAID_BY = {BY_TOKENS: "tokens", BY_REQUEST: "requests"}
PRICES = {
    BY_TOKENS: {
        "input price": "USD per 1M input tokens",
        "output price": "USD per 1M output tokens",
    },
    BY_REQUEST: {"request price": "USD per request"},
}
"""What it is paid by -> field -> label."""
NARROW = 150


def draw_outside_fields() -> None:
    """A box for each; what they are is behind an expander until there is one."""
    if draft_outside_rows():
        st.subheader("LLMs outside the cluster")
        _draw_outside_rows()
        return
    with st.expander("LLMs outside the cluster", icon=":material/cloud:"):
        _draw_outside_rows()


def _draw_outside_rows() -> None:
    st.markdown("APIs that are paid by use and need no GPU. The scores need a column of each name.")
    for k in draft_outside_rows():
        with st.container(border=True, horizontal=True):
            draw_draft_text(f"outside {k} name", "Name of the LLM outside", placeholder="e.g. api")
            paid, words = f"outside {k} paid by", PAID_BY.__getitem__
            draw_draft_choice(paid, "Paid by", list(PAID_BY), BY_TOKENS, words=words, width=NARROW)
            for field, label in PRICES[draft_value(paid, BY_TOKENS)].items():
                draw_draft_number(f"outside {k} {field}", label, step=0.1, min_value=0.0)
            rate, label = f"outside {k} rate", "At most (req/s)"
            draw_draft_number(
                rate, label, step=1.0, min_value=0.001, placeholder="no limit", width=NARROW
            )
    draw_draft_row_buttons("outside", 0, "an LLM outside")


def draw_outside_latency_fields() -> None:
    """The latencies that the SLOs limit, of every LLM outside; nothing where there is none."""
    limited = dict.fromkeys((slo["metric"], slo["statistic"]) for _, slo in draft_slos())
    if not draft_outside_rows() or not limited:
        return
    st.markdown(
        "**Latencies of LLMs outside**: whatever the rate. Where one is blank, the LLM does not"
        " answer the requests of that SLO."
    )
    for k, name in zip(draft_outside_rows(), draft_outside_names(), strict=True):
        with st.container(horizontal=True):
            for metric, statistic in limited:
                label = f"{statistic} {metric.upper()} of {plain_markdown(name)} (ms)"
                field = f"outside {k} {metric} {statistic}"
                draw_draft_number(field, label, step=10.0, min_value=0.01, placeholder="not known")
