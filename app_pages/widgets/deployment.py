"""What a plan runs: SLOs, setup, GPU map, routing and latencies, as tables and charts."""

from functools import partial

import pandas as pd
import streamlit as st

from app_pages.charts.empty import (
    empty_latency_reason,
    empty_routing_reason,
    show_chart_unless_empty,
)
from app_pages.charts.gpu_map import MOST_CELLS, build_gpu_map_chart
from app_pages.charts.latency import build_latency_budget_chart, build_latency_chart
from app_pages.charts.routing import build_routing_chart
from app_pages.charts.style import show_styled_chart
from app_pages.session.state import ShownPlan
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.plans.option_index import (
    PROFILE_HEADER,
    SHARE_HEADER,
    option_slice,
    option_slice_pct,
)
from planner.presentation.formatting import format_planned_rate
from planner.presentation.plan.latency_budget import latency_budget_table
from planner.presentation.plan.story import idle_llms, routing_rule_story_lines

__all__ = [
    "deployment_map_words",
    "draw_deployment_latencies",
    "draw_deployment_picture",
    "draw_deployment_routing",
]

SHARES = (SHARE_HEADER, PROFILE_HEADER)
"""Columns of the setup that say the same of every option where all GPUs are whole."""
MAP_FIRST = (
    *("Pool", "Node", "GPU", "LLM", "TP degree (GPUs)", SHARE_HEADER, PROFILE_HEADER),
    "Memory slices",
)
MAP_HEIGHT, MOST_NODES, MOST_ACROSS = 340, 3, 2
"""Pixels of the maps' frame, which scrolls where a pool has more nodes; pools side by side."""


def draw_deployment_picture(here: ShownPlan) -> None:
    """What runs where: the map, and the setup as a table."""
    _draw_deployment_gpus(here)
    _draw_deployment_setup(here)


def draw_deployment_routing(here: ShownPlan) -> None:
    """Which part of the requests goes where, and by which prices."""
    st.header("Routing: which LLM gets how much")
    chart = partial(build_routing_chart, here.view.report)
    show_chart_unless_empty(empty_routing_reason(here.tables["routing"]), chart, "routing")
    draw_shown_table(
        here.tables["routing"], "Fraction of the requests, rate and dual price of every LLM."
    )
    markdown_bullets([here.meta["router"], *routing_rule_story_lines(here.content)])


def draw_deployment_latencies(here: ShownPlan) -> None:
    """Limits, curves, and each option's part of a limit."""
    _draw_deployment_slos(here)
    _draw_deployment_curves(here)
    if here.meta["slos"]:
        _draw_deployment_budgets(here)


def _draw_deployment_slos(here: ShownPlan) -> None:
    st.header("SLOs: limit and achieved")
    if here.content["slo"]:
        alt = "Limit, achieved latency and headroom of every SLO."
        draw_shown_table(here.tables["slo"], alt, leave_out=("Scope",))
    else:
        st.markdown("No SLO is set: the profiled rates alone limit the plan.")


def _draw_deployment_setup(here: ShownPlan) -> None:
    st.header("Setup: what runs")
    slos = (slo["header"] for slo in here.meta["slos"])
    pool = ["Pool"] if len(here.content["context"]["pools"]) > 1 else []
    is_whole = all(option_slice_pct(option_slice(one)) == 100 for one in here.content["options"])
    draw_shown_table(
        here.tables["setup"],
        "Every deployed option with its rate, utilisation, latencies, memory and provenance.",
        [
            *("LLM", *pool, "TP degree (GPUs)"),
            *(() if is_whole else SHARES),
            *("Replicas", "Rate (req/s)", *slos, "Provenance", "Utilisation (%)"),
        ],
    )
    st.caption(
        "TP degree: GPUs a replica spans. MPS share: its part of each."
        + (" MIG profile: the instance that it has instead." if _has_mig(here) else "")
        + " Utilisation: of the highest profiled rate."
        + (f" Rates add up to {planned}." if (planned := format_planned_rate(here.content)) else "")
    )
    with st.expander("The map as a table"):
        alt = "One row per shard: pool, node, GPU, LLM, degree, share and memory."
        draw_shown_table(here.tables["gpu_map"], alt, MAP_FIRST)


def deployment_map_words(*, with_mig: bool) -> str:
    """How a map is read."""
    instances = " or MIG instance's memory slices" if with_mig else ""
    return f"A row is a node, a cell a GPU, a band as high as the MPS share{instances}."


def _has_mig(here: ShownPlan) -> bool:
    return PROFILE_HEADER in here.tables["setup"]


def _draw_deployment_gpus(here: ShownPlan) -> None:
    """The map of every pool."""
    st.header("GPU map")
    runs = {option["llm"] for option in here.content["options"]}
    legend = ", ".join(
        f"**{sign}** {plain_markdown(llm)}"
        for llm, sign in here.meta["signs"].items()
        if llm in runs
    )
    idle = plain_markdown(", ".join(idle_llms(here.content)))
    unused = f". Not used: {idle}" if idle else ""
    st.caption(f"{deployment_map_words(with_mig=_has_mig(here))} {legend}{unused}.")
    pools = here.tables["pools"]
    several = len(pools) > 1
    with st.container(height=MAP_HEIGHT if pools["Nodes"].max() > MOST_NODES else "content"):
        columns = st.columns(min(len(pools), MOST_ACROSS))
        for k in range(len(pools)):
            with columns[k % len(columns)]:
                _draw_deployment_pool(here, pools.iloc[k], f"gpus-{k}", several=several)


def _draw_deployment_pool(here: ShownPlan, row: pd.Series, key: str, *, several: bool) -> None:
    """A pool's map, its size and use above it where there are several pools."""
    size = row["Nodes"] * row["GPUs per node"]
    if several:
        used = f"{row['GPUs used']} of {size} GPUs used"
        what = used if row["GPU"] == row["Pool"] else f"{row['GPU']}, {used}"
        st.markdown(f"**{plain_markdown(row['Pool'])}**: {plain_markdown(what)}")
    if not size:
        st.caption("No nodes.")
        return
    show_styled_chart(build_gpu_map_chart(here.view.report, row["Pool"]), key)
    if size > MOST_CELLS:
        st.caption(f"The first {MOST_CELLS} of {size} GPUs; the table has all.")


def _draw_deployment_curves(here: ShownPlan) -> None:
    """Curves with limits and operating points."""
    st.header("Latency: where on its curve every option runs")
    limited = (slo["header"] for slo in here.meta["slos"])
    headers = list(dict.fromkeys([*limited, *here.meta["latencies"]]))
    header = headers[0] if headers else None
    if len(headers) > 1:
        header = st.selectbox("Latency", headers, key=f"latency-header {headers[0]}")
    reason = empty_latency_reason(here.view.report, header)
    chart = partial(build_latency_chart, here.view.report, header or "")
    show_chart_unless_empty(reason, chart, "latency")
    if reason:
        return
    alone = " One option alone may exceed a limit that is set on all requests together."
    each = all(slo["scope"] == "each_llm" for slo in here.content["slo"])
    st.caption(f"Large diamond: where the option runs.{'' if each else alone}")


def _draw_deployment_budgets(here: ShownPlan) -> None:
    """How the options share each SLO."""
    st.header("Latency budget: each option's part of an SLO")
    frame = latency_budget_table(here.content)
    for k, name in enumerate(dict.fromkeys(frame["SLO"])):
        part = frame[frame["SLO"] == name]
        st.markdown(f"**{plain_markdown(name)}**; the dashed line is the limit.")
        show_styled_chart(build_latency_budget_chart(part, here.meta["signs"]), f"budget-{k}")
        draw_shown_table(part, f"Parts of the SLO on {name}.", leave_out=("SLO", "Side by side"))
