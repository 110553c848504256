"""Fields of SLOs in step 6: what is limited, over which requests."""

import streamlit as st

from app_pages.session.draft import draft_rows
from app_pages.session.starting.draft_demand import draft_class_names
from app_pages.session.starting.draft_goal import EVERY_CLASS
from app_pages.widgets.editors import SCOPES
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_number,
    draw_draft_row_buttons,
)
from profiles.records import METRICS, STATISTICS

__all__ = ["draw_slo_fields"]

WORDS = {
    "ttft": "TTFT: time to first token",
    "tpot": "TPOT: time per output token",
    "e2e": "E2E: end to end",
}
LATENCY_PX, STATISTIC_PX, LIMIT_PX = 230, 130, 150
GAP_PX = 16
"""Between the fields of a line."""


def draw_slo_fields() -> None:
    """A box for each SLO: what is limited, then over which requests. With classes the latter has a
    line of its own, as wide as the first.
    """
    names = draft_class_names()
    for k in draft_rows("slo", 1):
        with st.container(border=True, horizontal=not names):
            if names:
                with st.container(horizontal=True):
                    _draw_slo_limit_fields(k)
                with st.container(horizontal=True):
                    draw_draft_choice(
                        *(f"slo {k} class", "Requests of", [EVERY_CLASS, *names], EVERY_CLASS),
                        words=lambda name: str(name) or "all classes",
                        width=LATENCY_PX,
                    )
                    _draw_slo_scope_field(k, STATISTIC_PX + GAP_PX + LIMIT_PX)
            else:
                _draw_slo_limit_fields(k)
                _draw_slo_scope_field(k, LATENCY_PX)
    draw_draft_row_buttons("slo", 1, "an SLO")
    st.caption(
        "Over all requests, fast LLMs make up for a slow one; for every LLM, each keeps the limit"
        " alone. In doubt: every LLM, which is stricter."
    )


def _draw_slo_limit_fields(k: int) -> None:
    draw_draft_choice(
        *(f"slo {k} metric", "Latency", METRICS, "ttft"),
        words=WORDS.__getitem__,
        width=LATENCY_PX,
    )
    draw_draft_choice(f"slo {k} statistic", "Statistic", STATISTICS, "p95", width=STATISTIC_PX)
    draw_draft_number(
        *(f"slo {k} limit", "Limit (ms)"),
        step=10.0,
        min_value=0.01,
        placeholder="e.g. 500",
        width=LIMIT_PX,
    )


def _draw_slo_scope_field(k: int, width_px: int) -> None:
    draw_draft_choice(
        *(f"slo {k} scope", "It holds over", list(SCOPES)),
        words=lambda scope: SCOPES[str(scope)],
        placeholder="choose",
        width=width_px,
    )
