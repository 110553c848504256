"""A plan over classes and cases on the page Plan: verdict, the day as a chart, cases, classes, what
runs where, lost nodes.
"""

from typing import Any, cast

import pandas as pd
import streamlit as st

from app_pages.charts.day import build_day_chart
from app_pages.charts.gpu_map import MOST_CELLS, build_gpu_map_chart
from app_pages.charts.style import show_styled_chart
from app_pages.session import state
from app_pages.session.state import ShownCells
from app_pages.widgets.deployment import deployment_map_words
from app_pages.widgets.headline import (
    BADGES,
    MEANINGS,
    draw_headline_gap,
    draw_headline_metric,
    draw_headline_placeholders,
    draw_headline_slo_scope,
    draw_headline_unjudged,
    draw_headline_verified,
    headline_cost_note,
    headline_quality_label,
)
from app_pages.widgets.job_button import JobButton, draw_job_button
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.plans.option_index import PROFILE_HEADER
from planner.plans.schema import PlanContent
from planner.presentation.plan.considered_options import unjudged_option_line
from reports.content import Report

__all__ = ["draw_cells_plan", "draw_cells_verdict"]

LOST = "lost-nodes"
"""Slot."""
FIRST_OF_CASES = (
    *("Case", "Rate in all (req/s)", "Quality (mean score)", "Limit with least room"),
    *("Used of it (%)", "GPUs used", "Cost in all (USD/h)"),
)
"""Columns of the cases that come first."""


def draw_cells_verdict(here: ShownCells) -> None:
    """Status, whether it was verified, and the goal, beside the title."""
    status = here.content["status"]
    st.badge(status, color=BADGES[status], help=MEANINGS[status])
    draw_headline_gap(here.content)
    draw_headline_verified(verified=bool(here.content["setups"]) and here.meta["verified"])
    st.markdown(plain_markdown(here.meta["goal"]), width="stretch")


def draw_cells_plan(here: ShownCells) -> None:
    """Numbers, the day as a chart and the setup on the first screen; the rest on tabs."""
    _draw_cells_headline(here)
    if here.content["setups"]:
        _draw_cells_chart(here)
        _draw_cells_setups(here)
        draw_headline_slo_scope(here.meta["slo_scope"])
        draw_headline_unjudged(unjudged_option_line(cast("PlanContent", here.content)))
        cases, classes, maps, losses, trust = st.tabs(
            ["Cases", "Classes", "GPU map and lanes", "Lost nodes", "Confidence"]
        )
        with cases:
            _draw_cells_cases(here)
        with classes:
            _draw_cells_classes(here)
        with maps:
            _draw_cells_maps(here)
        with losses:
            _draw_cells_losses(here)
        with trust:
            _draw_cells_trust(here)
            _draw_cells_notices(here)
        return
    if here.meta["conflict"]:
        st.header("Why there is no plan")
        markdown_bullets(here.meta["conflict"])
    _draw_cells_notices(here)


def _draw_cells_notices(here: ShownCells) -> None:
    notices = list(here.report["tables"]["notices"]["Notice"])
    if notices:
        st.header("Notices")
        folder = here.edit.path.rpartition("/")[0] + "/"
        markdown_bullets(line.replace(folder, "") for line in notices)


def _draw_cells_headline(here: ShownCells) -> None:
    """The numbers, or why there are none."""
    content, meta = here.content, here.meta
    status = content["status"]
    if not content["setups"]:
        meaning = "" if status == "infeasible" else f". {MEANINGS[status]}"
        st.markdown(plain_markdown(meta["verdict"] + meaning))
        return
    draw_headline_placeholders(content)
    markdown_bullets(meta["payment"])
    objective, cheapest = content["objective"], content["objective"]["of"] == "cost"
    bound = "-" if objective["bound"] is None else f"{objective['bound']:.5f}"
    best = f"at most {bound}"
    if cheapest and objective["bound"] is not None:
        best = f"at least {objective['bound']:,.2f}"
    cost, parts = content["cost_usd_per_h"], content["cost"]
    with st.container(horizontal=True, gap="xsmall"):
        quality = f"{content['quality']:.5f}"
        draw_headline_metric(headline_quality_label(content), quality, "" if cheapest else best)
        used = f"of {content['gpus_total']:,}"
        draw_headline_metric("GPUs used", f"{content['gpus_used']:,}", used)
        price = "not known" if cost is None else f"{cost:,.2f}"
        note = headline_cost_note(content, best) if cheapest else "hourly mean"
        draw_headline_metric("Cost (USD/h)", price, note)
        if parts["outside_usd_per_h"]:
            outside = f"{parts['outside_usd_per_h']:,.2f}"
            draw_headline_metric("Sent outside (USD/h)", outside, "of the cost")
        if parts["starts_usd_per_h"]:
            starts = f"{parts['starts_usd_per_h']:,.2f}"
            draw_headline_metric("Starts (USD/h)", starts, "of the cost")


def _draw_cells_chart(here: ShownCells) -> None:
    st.header("The day")
    show_styled_chart(build_day_chart(here.report), "day")
    st.caption("Columns: requests by class. Diamonds: quality of the case, on the right.")


def _draw_cells_cases(here: ShownCells) -> None:
    """One row a case, and its limits."""
    st.header("Cases: what arrives, and what quality it gets")
    draw_shown_table(
        here.report["tables"]["cases"],
        "One row a case: rates by class, quality, GPUs, cost, and the limit with the least room.",
        FIRST_OF_CASES,
        whole=True,
    )
    with st.expander("All limits, and how much of each is used"):
        draw_shown_table(here.report["tables"]["limits"], "One row a limit of every case.")


def _draw_cells_classes(here: ShownCells) -> None:
    """One row a class in a case, and the router's prices."""
    st.header("Classes: what each gets in every case")
    draw_shown_table(
        here.report["tables"]["classes"],
        "One row a class in a case: rate, quality, and which part each LLM answers.",
    )
    with st.expander("The router's prices of every class in every case"):
        st.markdown(plain_markdown(here.meta["router"]))
        draw_shown_table(here.report["tables"]["prices"], "Price of every LLM, a row a cell.")


def _draw_cells_setups(here: ShownCells) -> None:
    """What runs, and what starts and stops."""
    tables, meta = here.report["tables"], here.meta
    several = len(here.report["maps"]) > 1
    st.header("Setups: what runs" if several else "Setup: what runs")
    draw_shown_table(tables["setup"], "One row an option: replicas, highest load, provenance.")
    if meta["schedule"]:
        st.markdown("**What starts and stops between the setups**")
        markdown_bullets(meta["schedule"])


def _draw_cells_maps(here: ShownCells) -> None:
    """Where it runs, and which replicas serve which class."""
    tables, meta = here.report["tables"], here.meta
    several = len(here.report["maps"]) > 1
    st.header("GPU map")
    runs = {str(llm) for _, frame in here.report["maps"] for llm in frame["LLM"]}
    signs = [(sign, llm) for llm, sign in meta["signs"].items() if llm in runs]
    legend = ", ".join(f"**{sign}** {plain_markdown(llm)}" for sign, llm in signs)
    with_mig = any(PROFILE_HEADER in frame for _, frame in here.report["maps"])
    st.markdown(f"{deployment_map_words(with_mig=with_mig)} {legend}")
    for k, (cases, _) in enumerate(here.report["maps"]):
        if several:
            st.markdown(f"**Setup of {plain_markdown(cases)}**")
        _draw_cells_map(here, k)
    with st.expander("Lanes: which replicas serve which class in which case"):
        draw_shown_table(tables["lanes"], "One row a lane: rates by class, load, latencies.")


def _draw_cells_map(here: ShownCells, k: int) -> None:
    """The maps of all pools of one setup."""
    tables, maps = here.report["tables"], here.report["maps"]
    each = len(tables["pools"]) // len(maps)
    pools = tables["pools"].iloc[k * each : (k + 1) * each]
    cases, frame = maps[k]
    setup = tables["setup"]
    own = setup[setup["Serves"] == cases] if "Serves" in setup.columns else setup
    parts = {"gpu_map": frame, "pools": pools, "setup": own}
    report = cast("Report", {"tables": parts, "meta": cast("Any", here.meta)})
    for p in range(len(pools)):
        _draw_cells_pool(report, pools.iloc[p], f"cells-gpus-{k}-{p}", several=len(pools) > 1)


def _draw_cells_pool(report: Report, row: pd.Series, key: str, *, several: bool) -> None:
    if several:
        what = f"{row['Nodes']} x {row['GPUs per node']} {row['GPU']}"
        used = f"{row['GPUs used']} of {row['GPUs in the pool']} GPUs used"
        st.markdown(f"Pool {plain_markdown(row['Pool'])}: {plain_markdown(f'{what}, {used}')}")
    if not row["GPUs in the pool"]:
        st.caption("No nodes.")
        return
    show_styled_chart(build_gpu_map_chart(report, row["Pool"]), key)
    if row["GPUs in the pool"] > MOST_CELLS:
        st.caption(f"The first {MOST_CELLS} of {row['GPUs in the pool']} GPUs.")


def _draw_cells_losses(here: ShownCells) -> None:
    """Lost nodes that the plan holds, and on a click those of the other cases."""
    losses = here.report["tables"]["losses"]
    st.header("Lost nodes")
    if len(losses):
        st.markdown(
            "Cases that lose nodes hold whichever nodes these are; requests are routed anew."
        )
        draw_shown_table(losses, "One row a kind of lost nodes: quality and the tightest SLO.")
    lost = draw_job_button(
        JobButton(
            slot=LOST,
            call="app_pages.jobs.planning:run_lost_nodes_planning_job",
            args=(*here.args, here.content),
            label="Losing nodes",
            words="What if any other node is lost?",
            key=LOST,
            unmade="Not computed",
            scores=state.scores_key(here.edit),
            wait=3.0,
        )
    )
    if lost is None:
        return
    if not len(lost):
        st.markdown("Every case loses nodes of its own.")
    else:
        st.markdown(
            "**If any one node is lost** in a case that does not lose some by itself: the setup"
            " stays, requests are routed anew. Shown is the worst node of each pool."
        )
        alt = "One row a case and pool: holds or breaks, and how much can still be served."
        draw_shown_table(lost, alt, whole=True)


def _draw_cells_trust(here: ShownCells) -> None:
    """Provenance, checks, effort."""
    st.header("Confidence")
    markdown_bullets([*here.meta["confidence"], *here.meta["effort_notes"]])
    if here.meta["verified"]:
        markdown_bullets(
            [
                "An independent verifier has recomputed loads, latencies, SLOs, placement, cost and"
                " quality of every case, with every choice of lost nodes."
            ]
        )
    with st.expander("Time and effort of the search"):
        effort = here.report["tables"]["effort"].astype(str)
        draw_shown_table(effort, "Seconds and counts of the search.")
