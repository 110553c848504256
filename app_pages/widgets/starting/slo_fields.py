"""Fields of SLOs in step 6: what is limited, over which requests."""

import streamlit as st

from app_pages.session.draft import draft_rows
from app_pages.session.starting.draft_demand import draft_class_names
from app_pages.session.starting.draft_goal import EVERY_CLASS, draft_slos, usual_slo_of_draft
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
    names, slos = draft_class_names(), draft_slos()
    for position, k in enumerate(draft_rows("slo", 1)):
        scope = slos[position - 1][1]["scope"] if position else None
        with st.container(border=True, horizontal=not names):
            if names:
                with st.container(horizontal=True):
                    _draw_slo_limit_fields(k, position)
                with st.container(horizontal=True):
                    draw_draft_choice(
                        *(f"slo {k} class", "Requests of", [EVERY_CLASS, *names], EVERY_CLASS),
                        words=lambda name: str(name) or "all classes",
                        width=LATENCY_PX,
                    )
                    _draw_slo_scope_field(k, scope, STATISTIC_PX + GAP_PX + LIMIT_PX)
            else:
                _draw_slo_limit_fields(k, position)
                _draw_slo_scope_field(k, scope, LATENCY_PX)
    draw_draft_row_buttons("slo", 1, "an SLO")


def _draw_slo_limit_fields(k: int, position: int) -> None:
    usual = usual_slo_of_draft(position)
    draw_draft_choice(
        *(f"slo {k} metric", "Latency", METRICS, usual["metric"]),
        words=WORDS.__getitem__,
        width=LATENCY_PX,
    )
    draw_draft_choice(
        *(f"slo {k} statistic", "Statistic", STATISTICS, usual["statistic"]), width=STATISTIC_PX
    )
    draw_draft_number(
        *(f"slo {k} limit", "Limit (ms)"),
        step=10.0,
        min_value=0.01,
        placeholder=f"e.g. {usual['limit_ms']}",
        width=LIMIT_PX,
    )


def _draw_slo_scope_field(k: int, first: str | None, width_px: int) -> None:
    """first: the scope of the SLO before."""
    draw_draft_choice(
        *(f"slo {k} scope", "It holds over", list(SCOPES), first),
        words=lambda scope: SCOPES[str(scope)],
        placeholder="choose",
        width=width_px,
    )
