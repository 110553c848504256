"""The top of the page Plan: verdict, numbers, warnings; and the plan in sentences, for a tab."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownPlan
from app_pages.session.visitor import may_visitor_compute
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from planner.plans.headroom_content import headroom_limit_ms, stated_headroom
from planner.plans.labels import slo_label, slo_name
from planner.plans.schema import SloContent
from planner.presentation.formatting import format_gap, format_objective
from planner.presentation.plan.headroom import demand_with_headroom_text
from planner.presentation.plan.limits import is_quality_exceeded, llms_at_replica_limit
from planner.presentation.plan.payment import payment_lines
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.simulated_limits import missed_limit_texts
from planner.presentation.plan.story import idle_llms, story_lines

__all__ = [
    "BADGES",
    "MEANINGS",
    "draw_headline",
    "draw_headline_gap",
    "draw_headline_metric",
    "draw_headline_placeholders",
    "draw_headline_slo_scope",
    "draw_headline_unjudged",
    "draw_headline_verdict",
    "draw_headline_verified",
    "draw_plan_story",
    "headline_cost_note",
    "headline_quality_label",
]

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
MADE_UP_AGAIN = "The scores are a stand-in, made up: quality, fractions and prices mean nothing yet"
MOST_SLOS = 4
MORE_ROOM_PCT = 20.0
"""Of the arrival rate, beyond the headroom of a plan that misses its limits when simulated."""


def draw_headline_verdict(here: ShownPlan) -> None:
    """Status, whether it was verified, name and demand, beside the title."""
    content, status = here.content, here.content["status"]
    st.badge(status, color=BADGES[status], help=MEANINGS[status])
    draw_headline_gap(content)
    draw_headline_verified(verified=bool(content["options"]) and here.meta["verified"])
    name, demand = plain_markdown(content["scenario"]), plain_markdown(_headline_demand_text(here))
    st.markdown(f"**{name}**: {demand}", width="stretch")


def draw_headline(here: ShownPlan) -> None:
    """The plan's numbers, or why there is none."""
    content = here.content
    if not content["options"]:
        meaning = MEANINGS[content["status"]]
        st.markdown(plain_markdown(here.meta["verdict"]) + ". " + plain_markdown(meaning))
        return
    draw_headline_placeholders(content)
    markdown_bullets(payment_lines(content))
    _draw_headline_numbers(here)
    if len(rates := here.meta["achieved_rate"]) > 1:
        st.caption(plain_markdown(" ".join(rates)))
    _draw_headline_missed_limits(here)


def draw_plan_story(here: ShownPlan) -> None:
    """The plan in sentences: where requests go, what limits, how good it is; and a button where an
    LLM does not run, or where it stands what it costs that one must.
    """
    costs = bool(llms_at_replica_limit(here.content, "min_replicas"))
    markdown_bullets(
        [
            *story_lines(here.content),
            *([f"{here.meta['at_random']}."] if here.meta["at_random"] else []),
            *(["What it costs that an LLM must run: tab One more."] if costs else []),
        ]
    )
    if idle_llms(here.content) and may_visitor_compute():
        st.button(
            "Make every LLM run and solve again",
            key="solve-with-all",
            disabled=job_slots.is_running("plan"),
            on_click=_solve_headline_with_all,
            help="Sets Replicas at least 1 for each LLM on the page Inputs.",
        )


@reruns.survive_reruns
def _solve_headline_with_all() -> None:
    """Plan with a replica of each LLM at least."""
    content = state.edited_content()
    for llm in content["llms"]:
        if not llm.get("api") and llm.get("max_replicas") != 0:
            llm["min_replicas"] = max(llm.get("min_replicas") or 0, 1)
    state.edit_session_content(content)
    state.start_session_solve()


def draw_headline_gap(content: Mapping[str, Any]) -> None:
    """A badge with the gap between a plan and its bound."""
    gap = content["objective"]["rel_gap"]
    if gap is not None:
        st.badge(
            f"gap {format_gap(gap)}",
            color="gray",
            help=f"No plan is better by more. Found in {content['solver']['wall_s']:.1f} s.",
        )


def draw_headline_verified(*, verified: bool) -> None:
    """A badge where a plan has passed the verifier."""
    if verified:
        st.badge(
            "verified",
            icon=":material/verified:",
            color="blue",
            help="Latencies, SLOs, placement, memory, cost, quality and gap were recomputed by"
            " separate code.",
        )


def _draw_headline_missed_limits(here: ShownPlan) -> None:
    """Warn of limits that the curves keep and a simulation of the plan does not, with a button that
    plans with room.
    """
    if missed := missed_limit_texts(here.content):
        st.warning(
            plain_markdown(
                "Simulated with random arrivals, this plan misses limits that its curves keep:"
                f" {'; '.join(missed)}. It helps to plan for more requests than arrive."
            ),
            icon=":material/speed:",
        )
        if may_visitor_compute():
            wider = stated_headroom(here.content)["rate_pct"] + MORE_ROOM_PCT
            st.button(
                f"Solve again for {wider:g} % more requests",
                key="solve-with-room",
                disabled=job_slots.is_running("plan"),
                on_click=_solve_headline_with_room,
                args=(wider,),
                help="Sets Headroom of the arrival rate on the page Inputs.",
            )


@reruns.survive_reruns
def _solve_headline_with_room(rate_pct: float) -> None:
    """Plan for more requests than arrive, by so many per cent."""
    state.edit_session_value("headroom.rate_pct", rate_pct)
    state.start_session_solve()


def draw_headline_placeholders(content: Mapping[str, Any], *, again: bool = False) -> None:
    """Warn where the scores of the plan shown were made up. again: in short, on a page to which the
    whole warning has led.
    """
    if made_up := placeholder_scores_text(content):
        words = MADE_UP_AGAIN if again else made_up
        st.warning(plain_markdown(f"{words}."), icon=":material/warning:")


def headline_quality_label(content: Mapping[str, Any]) -> str:
    """What the number of quality is called; made-up scores say that it means nothing."""
    return "Quality (made up)" if placeholder_scores_text(content) else "Quality (mean score)"


def headline_cost_note(content: Mapping[str, Any], bound: str) -> str:
    """What stands below the cost of a cheapest plan; with made-up scores no bound means much."""
    return "by made-up scores" if placeholder_scores_text(content) else bound


def draw_headline_slo_scope(lines: Sequence[str]) -> None:
    """Warn of limits over all requests that some LLMs exceed, and say where to change that."""
    for line in lines:
        st.warning(
            plain_markdown(f"{line[0].upper()}{line[1:]}. To limit every LLM: Inputs, SLOs, Over."),
            icon=":material/speed:",
        )


def draw_headline_unjudged(line: str, pointer: str = "") -> None:
    """Warn of curves that SLOs leave out. line: whose and why, or ""; pointer: where all are."""
    if line:
        st.warning(plain_markdown(f"{line}.{pointer}"), icon=":material/block:")


def _headline_demand_text(here: ShownPlan) -> str:
    """What is served on which GPUs."""
    context = here.content["context"]
    pools = (f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in context["pools"])
    return f"{demand_with_headroom_text(here.content)} on {', '.join(pools)}"


def _draw_headline_numbers(here: ShownPlan) -> None:
    """Objective with its bound, SLOs with their limits, GPUs, cost."""
    content, objective = here.content, here.content["objective"]
    bound = format_objective(content, objective["bound"]).partition(" ")[2]
    cost, cheapest = content["cost_usd_per_h"], objective["of"] == "cost"
    best = f"{'at least' if cheapest else 'at most'} {bound.removesuffix(' USD/h')}"
    floor = content["context"]["quality_at_least"]
    with st.container(horizontal=True, gap="xsmall"):
        quality = f"{content['quality']:.5f}"
        draw_headline_metric(
            headline_quality_label(content), quality, f"{floor:g} required" if cheapest else best
        )
        for slo in content["slo"][:MOST_SLOS]:
            achieved = "-" if slo["achieved_ms"] is None else f"{slo['achieved_ms']:,.1f}"
            planned, stated = headroom_limit_ms(slo), slo["limit_ms"]
            limit = (
                f"limit {stated:g}"
                if planned == stated
                else f"limit {stated:g}, planned {planned:g}"
            )
            limit += ", binds" if slo["binding"] and not is_quality_exceeded(content) else ""
            draw_headline_metric(f"{_headline_slo_name(slo)} (ms)", achieved, limit)
        draw_headline_metric(
            "GPUs used", f"{content['gpus_used']:,}", f"of {content['gpus_total']:,}"
        )
        price = "not known" if cost is None else f"{cost:,.2f}"
        of = "of the GPUs paid for" if payment_lines(content) else "of the GPUs used"
        draw_headline_metric(
            "Cost (USD/h)", price, headline_cost_note(content, best) if cheapest else of
        )


def _headline_slo_name(slo: SloContent) -> str:
    """Whose latency the number is: where each LLM has the limit, that of the slowest."""
    if slo["scope"] != "each_llm":
        return slo_name(slo)
    return f"{slo_label(slo['metric'], slo['statistic'], 'all')}, slowest LLM"


def draw_headline_metric(label: str, value: str, note: str) -> None:
    """A number with a note."""
    st.metric(
        plain_markdown(label),
        value,
        plain_markdown(note),
        delta_color="off",
        delta_arrow="off",
        border=True,
        width="content",
    )
