"""The page Router: what the plan's prices do, over load and on prompts they were not computed on;
the policy to take away.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.charts.empty import empty_load_reason, show_chart_unless_empty
from app_pages.charts.router import MEASURES, build_router_load_chart
from app_pages.session import job_slots, state
from app_pages.session.state import ShownPlan
from app_pages.widgets.cells_notice import draw_cells_notice
from app_pages.widgets.headline import draw_headline_placeholders
from app_pages.widgets.job_button import JobButton, draw_job_button
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.prompt_test import draw_prompt_test
from app_pages.widgets.tables import draw_shown_table
from models import router as library
from models.router import Router
from planner.operation.routing_cost import RoutingCost
from planner.presentation.router import (
    router_cost_from_baselines,
    router_cost_text,
    router_decision_table,
    router_single_llm_cost_text,
    routing_decision_line,
)

POLICY, RATES, TESTED = "router-policy", "router-rates", "router-test"
"""Slots."""
ASK = " yet: plan the baselines (page Setups), or test other prompts below."
USE = """from router import Router

router = Router.load("router_policy.json")
# predicted scores by LLM:
llm = router.choose({scores}, prompt_id)
"""


def draw_router_view() -> None:
    """Draw the page."""
    st.title("Router")
    if draw_cells_notice("route"):
        return
    st.markdown(
        "A prompt goes to the LLM with the highest **score - dual price**; a hash of the prompt id"
        " splits ties. Prices are in units of the score: an LLM with price 0.1 gets a prompt only"
        " if its answer is expected to be better by 0.1 than that of an LLM without a price."
    )
    here = state.shown_plan()
    if here is None or not here.content["options"]:
        st.info("There is no plan to route by. Solve a scenario first.")
        return
    draw_headline_placeholders(here.content, again=True)
    policy = router_policy_shown(here)
    if policy is None:
        return
    draw_router_cost(here, policy["cost"])
    if at_random := here.meta["at_random"]:
        st.markdown(plain_markdown(f"{at_random}."))
    draw_router_prices(here, policy)
    draw_router_decision(policy)
    draw_router_rates(here)
    draw_prompt_test(here)
    draw_router_files(here, policy)


def args_of(here: ShownPlan) -> tuple[Any, ...]:
    """Arguments of every job of this page: the plan shown."""
    return *here.args, here.content


def router_policy_shown(here: ShownPlan) -> dict[str, Any] | None:
    """The policy of the plan shown, started when it is not there yet; None (and a word why) while
    it is not.
    """
    job, args = job_slots.get(POLICY), args_of(here)
    if job is None or job.args != args:
        call, key = "app_pages.jobs.router:router_policy_job", state.scores_key(here.edit)
        job_slots.start_in_slot(POLICY, call, args, "Reading the scores", key=key, wait=3.0)
        st.rerun()
    if job.outcome is None:
        st.info("Reading the scores.")
        return None
    if not job.outcome.has_result:
        failure_markdown_box(job.outcome, "Not computed", state.scenario_folder())
        return None
    policy: dict[str, Any] = job.outcome.result
    return policy


# ---------------------------------------------------------------- prices and one prompt


def draw_router_cost(here: ShownPlan, cost: RoutingCost | None) -> None:
    """What the plan costs, and the best single LLM as far as it was planned on any page."""
    if cost is None:
        return
    tested = job_slots.get(TESTED)
    baselines = job_slots.slot_outcome_for("baselines", here.args)
    if tested is not None and tested.args[: len(args_of(here))] == args_of(here):
        done = tested.outcome
        cost = done.result["cost"] if done is not None and done.has_result else cost
    if cost.single is None and baselines is not None and baselines.has_result:
        cost = router_cost_from_baselines(cost, baselines.result)
    looked = cost.single is not None or bool(cost.why)
    plan, single = router_cost_text(cost), router_single_llm_cost_text(cost)
    st.markdown(f"**{plain_markdown(plan)}**; {plain_markdown(single)}{'.' if looked else ASK}")


def draw_router_prices(here: ShownPlan, policy: dict[str, Any]) -> None:
    """Prices, fractions, ties."""
    st.header("Prices and fractions")
    draw_shown_table(policy["prices"], "Planned and realised fraction and dual price of every LLM.")
    st.caption(
        f"Realised: by the prices, on the plan's own {policy['all_prompts']:,} prompts, ties split"
        " as planned. By prompt id: when the hash of each id decides its ties. No dual price: no"
        " requests."
    )
    markdown_bullets([here.meta["router"]])
    ties = policy["ties"]
    if len(ties):
        with st.expander(f"Ties: {len(ties)} {'group' if len(ties) == 1 else 'groups'} of LLMs"):
            draw_shown_table(
                ties,
                "LLMs that tie, the part of the prompts that does, and how it is split.",
                first=["LLMs that tie"],
            )


def draw_router_decision(policy: dict[str, Any]) -> None:
    """One prompt's decision."""
    st.header("One prompt's decision")
    prompts, total = dict(policy["prompts"]), policy["all_prompts"]
    hint = None if len(prompts) == total else f"The first {len(prompts)} of {total:,}."
    name = st.selectbox("Prompt", list(prompts), key="router-prompt", help=hint, width=450)
    if name is None:
        return
    router = Router(policy["policy"])
    st.markdown(plain_markdown(routing_decision_line(router, prompts[name], name)))
    draw_shown_table(
        router_decision_table(router, prompts[name], name),
        f"Score, price and probability of every LLM for the prompt {name}.",
    )


# ---------------------------------------------------------------- prices over load


def draw_router_rates(here: ShownPlan) -> None:
    """Prices from 50 to 150 % of the planned rate, for the setup as it is."""
    st.header("Prices over load")
    st.markdown(
        "The setup stays as it is. When the rate changes, a gateway takes other prices, without"
        " planning again."
    )
    rates = draw_job_button(
        JobButton(
            slot=RATES,
            call="app_pages.jobs.router:router_prices_job",
            args=args_of(here),
            label="Prices over load",
            words="Compute prices from 50 to 150 % of the rate",
            key="router-rates",
            unmade="Not computed",
            scores=state.scores_key(here.edit),
        )
    )
    if rates is None:
        return
    st.markdown(f"**{plain_markdown(rates['held'])}**")
    measure = st.selectbox("Measure", MEASURES, key="router-measure", width=450)
    frame = rates["by_llm"]
    chart = partial(build_router_load_chart, frame, rates["held_pct"], here.meta["signs"], measure)
    show_chart_unless_empty(empty_load_reason(frame, measure), chart, "router-over-load")
    draw_shown_table(
        rates["rates"],
        "One row a rate: whether the SLOs hold, quality, latencies, fractions and prices.",
    )


# ---------------------------------------------------------------- files


def draw_router_files(here: ShownPlan, policy: dict[str, Any]) -> None:
    """The policy and the library that reads it."""
    st.header("Use it in a gateway")
    done = job_slots.slot_outcome_for(RATES, args_of(here))
    rates = done.result if done is not None and done.has_result else None
    label = "Policy (JSON), with prices over load" if rates else "Policy (JSON)"
    with st.container(horizontal=True):
        st.download_button(
            label,
            (rates or policy)["json"],
            "router_policy.json",
            "application/json",
            key="router-policy-file",
            on_click="ignore",
        )
        st.download_button(
            "Library (Python)",
            library_text,
            "router.py",
            "text/x-python",
            key="router-library",
            on_click="ignore",
        )
    st.caption(
        "The library is one file and needs only numpy; it reads the policy and decides in"
        " microseconds."
    )
    _, first = policy["prompts"][0]
    scores = {llm: round(score, 2) for llm, score in first.items()}
    code = USE.replace("{scores}", json.dumps(scores, ensure_ascii=False))
    st.code(code, language="python", wrap_lines=True)


def library_text() -> str:
    """The library's own file."""
    return Path(library.__file__).read_text(encoding="utf-8")


draw_router_view()
