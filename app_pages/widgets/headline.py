"""What a plan says in sentences, then its numbers, at the top of the page Plan."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app_pages.session.state import ShownPlan
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from planner.plans.headroom_content import headroom_limit_ms
from planner.plans.labels import slo_name
from planner.presentation.formatting import format_gap, format_objective
from planner.presentation.plan.headroom import demand_with_headroom_text
from planner.presentation.plan.payment import payment_lines
from planner.presentation.plan.story import story_lines

__all__ = ["BADGES", "MEANINGS", "draw_headline", "draw_headline_metric", "draw_headline_slo_scope"]

Colour = Literal["green", "orange", "red", "gray"]
BADGES: dict[str, Colour] = {
    "optimal": "green",
    "feasible": "orange",
    "infeasible": "red",
    "unknown": "gray",
}
MEANINGS = {
    "optimal": "No plan is better by more than the gap.",
    "feasible": "Keeps all limits. The search was stopped: a better plan may exist.",
    "infeasible": "Single changes that make it feasible are listed below.",
    "unknown": "The search was stopped before any plan was found.",
}
MOST_SLOS = 4
METRIC_WIDTH = 168


def draw_headline(here: ShownPlan) -> None:
    """Status and demand; the plan in sentences and its numbers, or why there is none."""
    content = here.content
    status = content["status"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(status, color=BADGES[status], help=MEANINGS[status])
        name, demand = (
            plain_markdown(content["scenario"]),
            plain_markdown(_headline_demand_text(here)),
        )
        st.markdown(f"**{name}**: {demand}", width="stretch")
    if not content["options"]:
        st.markdown(plain_markdown(here.meta["verdict"]) + ". " + plain_markdown(MEANINGS[status]))
        return
    markdown_bullets([*story_lines(content), *payment_lines(content)])
    _draw_headline_numbers(here)
    draw_headline_slo_scope(here.meta["slo_scope"])


def draw_headline_slo_scope(lines: Sequence[str]) -> None:
    """Warn of limits over all requests that some LLMs exceed, and say where to change that."""
    for line in lines:
        st.warning(
            plain_markdown(f"{line[0].upper()}{line[1:]}. To limit every LLM: Inputs, SLOs, Over."),
            icon=":material/speed:",
        )


def _headline_demand_text(here: ShownPlan) -> str:
    """What is served on which GPUs."""
    context = here.content["context"]
    pools = (f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in context["pools"])
    return f"{demand_with_headroom_text(here.content)} on {', '.join(pools)}"


def _draw_headline_numbers(here: ShownPlan) -> None:
    """Objective with its bound and gap, SLOs with their limits, GPUs, cost, verifier."""
    content, objective = here.content, here.content["objective"]
    bound = format_objective(content, objective["bound"]).partition(" ")[2]
    best = f"best possible {bound.removesuffix(' USD/h')}"
    cost, cheapest = content["cost_usd_per_h"], objective["of"] == "cost"
    floor = content["context"]["quality_at_least"]
    gap = format_gap(objective["rel_gap"]).removesuffix(" %").replace("below ", "<")
    with st.container(horizontal=True, gap="small"):
        quality = f"{content['quality']:.5f}"
        draw_headline_metric(
            "Quality (mean score)", quality, f"at least {floor:g}" if cheapest else best
        )
        draw_headline_metric("Gap (%)", gap, f"found in {content['solver']['wall_s']:.1f} s")
        for slo in content["slo"][:MOST_SLOS]:
            achieved = "-" if slo["achieved_ms"] is None else f"{slo['achieved_ms']:,.1f}"
            limit = f"limit {headroom_limit_ms(slo):g}" + (", binds" if slo["binding"] else "")
            draw_headline_metric(f"{slo_name(slo)} (ms)", achieved, limit)
        draw_headline_metric(
            "GPUs used", f"{content['gpus_used']:,}", f"of {content['gpus_total']:,}"
        )
        price = "not known" if cost is None else f"{cost:,.2f}"
        of = "of the GPUs paid for" if payment_lines(content) else "of the GPUs used"
        draw_headline_metric("Cost (USD/h)", price, best if cheapest else of)
        draw_headline_metric(
            "Verified", "yes" if here.meta["verified"] else "no", "by separate code"
        )


def draw_headline_metric(label: str, value: str, note: str) -> None:
    """A number with a note."""
    st.metric(
        plain_markdown(label),
        value,
        plain_markdown(note),
        delta_color="off",
        delta_arrow="off",
        border=True,
        width=METRIC_WIDTH,
    )
