"""The page Plan: what was found and why, in the order people ask."""

from typing import Literal

import streamlit as st

from app_pages.charts import report as charts
from app_pages.session import reruns, saved_plans, state, work
from app_pages.session.markdown import bullets, not_done, plain
from app_pages.session.state import Shown
from app_pages.widgets import conflict, marginals, tables
from planner.plans.labels import slo_name
from planner.presentation.formatting import format_exact, format_gap, format_objective
from planner.presentation.plan.conflict import repair_text
from planner.presentation.plan.latency_budget import latency_budget_table
from planner.presentation.plan.story import routing_rule_lines, story_lines

Colour = Literal["green", "orange", "red", "gray"]
BADGES: dict[str, Colour] = {
    "optimal": "green",
    "feasible": "orange",
    "infeasible": "red",
    "unknown": "gray",
}
MEANINGS = {
    "optimal": "No plan is better by more than the gap.",
    "feasible": (
        "A plan that keeps all limits; the search was stopped before it was shown that none is"
        " better."
    ),
    "infeasible": "Single changes that mend it stand below.",
    "unknown": "The search was stopped before a plan was found.",
}


MOST_SLOS = 4
METRIC_WIDTH = 168


def draw() -> None:
    """The whole page."""
    st.title("Plan")
    st.markdown(
        "Which LLMs run on which GPUs, and which prompt goes to which LLM, so that answers are as"
        " good (or GPUs as cheap) as possible within the latency limits. Change a number in the"
        " sidebar (on a phone: the arrows at the top) and press **Solve**."
    )
    here = state.shown()
    if here is None:
        st.info(
            "There is no plan yet. Choose a scenario beside the page, or give your own on the page"
            " Inputs, then press Solve."
        )
        return
    headline(here)
    if here.content["options"]:
        marginals.draw(here)
        planned(here)
        losers(here)
        trust(here)
        keep(here)
    elif here.content["status"] == "infeasible":
        conflict.draw(here)
        nearest_case(here)
        losers(here)
    notices(here)


def headline(here: Shown) -> None:
    """What the plan says in sentences, then its numbers."""
    content = here.content
    status = content["status"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(status, color=BADGES[status], help=MEANINGS[status])
        st.markdown(
            f"**{plain(content['scenario'])}**: {plain(demand_words(here))}", width="stretch"
        )
    if not content["options"]:
        st.markdown(plain(here.meta["verdict"]) + ". " + plain(MEANINGS[status]))
        return
    bullets(story_lines(content))
    numbers(here)


def numbers(here: Shown) -> None:
    """Objective with its bound and gap, SLOs with their limits, GPUs, cost, verifier."""
    content, objective = here.content, here.content["objective"]
    bound = format_objective(content, objective["bound"]).partition(" ")[2]
    best = f"at best {bound.removesuffix(' USD/h')}"
    cost, total = content["cost_usd_per_h"], content["gpus_total"]
    cheapest = objective["of"] == "cost"
    floor = content["context"]["quality_at_least"]
    with st.container(horizontal=True, gap="small"):
        metric(
            "Quality (mean score)",
            f"{content['quality']:.5f}",
            f"asked: {floor:g}" if cheapest else best,
        )
        metric(
            "Gap (%)",
            format_gap(objective["rel_gap"]).removesuffix(" %").replace("below ", "<"),
            f"found in {content['solver']['wall_s']:.1f} s",
        )
        for slo in content["slo"][:MOST_SLOS]:
            achieved = "-" if slo["achieved_ms"] is None else f"{slo['achieved_ms']:,.1f}"
            metric(
                f"{slo_name(slo)} (ms)",
                achieved,
                f"limit {slo['limit_ms']:g}" + (", binds" if slo["binding"] else ""),
            )
        metric("GPUs used", f"{content['gpus_used']:,}", f"of {total:,}")
        metric(
            "Cost (USD/h)",
            "not known" if cost is None else f"{cost:,.2f}",
            best if cheapest else "of the GPUs used",
        )
        metric("Verified", "yes" if here.meta["verified"] else "no", "by separate code")


def metric(label: str, value: str, told: str) -> None:
    """A number with what stands beside it."""
    st.metric(
        plain(label),
        value,
        plain(told),
        delta_color="off",
        delta_arrow="off",
        border=True,
        width=METRIC_WIDTH,
    )


def demand_words(here: Shown) -> str:
    """What is served on what."""
    context = here.content["context"]
    pools = ", ".join(f"{p['nodes']} x {p['gpus_per_node']} {p['gpu']}" for p in context["pools"])
    return f"{format_exact(context['arrival_rate_rps'])} req/s on {pools}"


def keep(here: Shown) -> None:
    """Under which name this plan is kept for the page Compare."""
    name = saved_plans.name_of(here)
    if name is not None:
        st.subheader("Keep this plan")
        key = reruns.key_for("plan-name", name)
        st.session_state[key] = name
        told = "Every plan is kept for the page Compare while this page is open."
        st.text_input(
            "Kept for Compare as",
            key=key,
            on_change=rename,
            args=(name, key),
            max_chars=80,
            help=told,
            width=450,
        )


@reruns.whole
def rename(old: str, key: str) -> None:
    """The name was changed."""
    if reruns.sent("plan-name", key, st.session_state[key]):
        saved_plans.rename(old, st.session_state[key])


# ---------------------------------------------------------------- what runs


def planned(here: Shown) -> None:
    """SLO, setup, GPU map, routing, latency."""
    content, report = here.content, here.told.report
    st.subheader("SLO: asked and achieved")
    if content["slo"]:
        tables.show(
            here.tables["slo"], "Limit, achievement and room of every SLO.", leave_out=("Scope",)
        )
    else:
        st.markdown("None is asked: the profiled rates alone limit the plan.")
    st.subheader("Setup: what runs")
    told = "Every deployed option with its rate, utilisation, latencies, memory and provenance."
    first = [
        "LLM",
        "TP degree (GPUs)",
        "MPS share (%)",
        "Replicas",
        "Rate (req/s)",
        "Utilisation (%)",
    ]
    tables.show(
        here.tables["setup"],
        told,
        [*first, *(slo["header"] for slo in here.meta["slos"]), "Provenance"],
    )
    st.caption(
        "TP degree: GPUs that one replica spans. MPS share: its part of each of them. Utilisation:"
        " of the highest profiled rate."
    )
    gpus(here)
    st.subheader("Routing: which LLM gets how much")
    charts.show(charts.routing(report), "routing")
    tables.show(
        here.tables["routing"], "Fraction of the requests, rate and dual price of every LLM."
    )
    bullets([here.meta["router"], *routing_rule_lines(here.content)])
    latencies(here)


def gpus(here: Shown) -> None:
    """The map of every pool."""
    st.subheader("GPU map")
    signs = here.meta["signs"]
    legend = ", ".join(f"**{sign}** {plain(llm)}" for llm, sign in signs.items())
    st.markdown(f"One cell is a GPU; a band in it is as high as the MPS share. {legend}")
    pools = here.tables["pools"]
    several = len(pools) > 1
    for k, pool in enumerate(pools["Pool"]):
        row = pools.iloc[k]
        size = row["Nodes"] * row["GPUs per node"]
        told = (
            f"{row['Nodes']} x {row['GPUs per node']} {row['GPU']}, {row['GPUs used']} of {size}"
            " GPUs used"
        )
        if several:
            st.markdown(f"**Pool {plain(pool)}**: {plain(told)}")
        charts.show(charts.gpu_map(here.told.report, pool), f"gpus-{k}")
        if size > charts.MOST_CELLS:
            st.caption(f"The first {charts.MOST_CELLS} of {size} GPUs; the table has all.")
    with st.expander("The map as a table"):
        tables.show(
            here.tables["gpu_map"],
            "One row a shard: pool, node, GPU, LLM, degree, share and memory.",
        )


def latencies(here: Shown) -> None:
    """Curves with limits and operating points, and how the options share each SLO."""
    st.subheader("Latency: where on its curve every option runs")
    meta = here.meta
    headers = list(dict.fromkeys([*(slo["header"] for slo in meta["slos"]), *meta["latencies"]]))
    header = (
        st.selectbox("Latency", headers, key="latency-header") if len(headers) > 1 else headers[0]
    )
    charts.show(charts.latency(here.told.report, header), "latency")
    st.caption(
        "The large diamond is where the option runs. A limit on all requests together may be"
        " crossed by one option alone."
    )
    if not meta["slos"]:
        return
    st.subheader("Latency budget: who spends how much of an SLO")
    frame = latency_budget_table(here.content)
    for k, name in enumerate(dict.fromkeys(frame["SLO"])):
        part = frame[frame["SLO"] == name]
        st.markdown(f"**{plain(name)}**; the dashed line is the limit.")
        charts.show(charts.budget(part, meta), f"budget-{k}")
        tables.show(part, f"Parts of the SLO on {name}.", leave_out=("SLO", "Side by side"))


# ---------------------------------------------------------------- what was left out


def losers(here: Shown) -> None:
    """Options considered and left out."""
    frame = here.tables["dropped"]
    st.subheader("What was left out, and why")
    st.markdown(plain(here.meta["filters"]))
    if not len(frame):
        st.markdown("No profiled option was left out before the search.")
        return
    bullets(here.meta["dropped"])
    with st.expander(f"All {len(frame):,} options that were left out"):
        tables.show(frame, "Options that were left out, each with the reason.")


# ---------------------------------------------------------------- how sure


def trust(here: Shown) -> None:
    """Provenance, checks, simulation."""
    st.subheader("How sure this is")
    bullets([*here.meta["provenance"], *here.meta["effort_notes"]])
    if here.meta["verified"]:
        bullets(
            [
                "An independent verifier has recomputed latencies, SLOs, placement, memory, cost,"
                " quality and gap of this plan."
            ]
        )
    simulation(here)
    with st.expander("Time and effort of the search"):
        tables.show(here.tables["effort"].astype(str), "Seconds and counts of the search.")


def simulation(here: Shown) -> None:
    """Replay the plan request by request, on request."""
    args = (here.asked.path, dict(here.asked.overrides), here.content)
    done = work.outcome_of("simulation", args)
    if done is None:
        off = work.running("simulation")
        st.button(
            "Simulate this plan request by request",
            key="simulate",
            disabled=off,
            on_click=ask_simulation,
            args=(here,),
        )
        return
    if done.kind != "result":
        not_done(done, "Not simulated", state.folder())
        return
    found = done.result
    st.markdown(f"**{plain(found['verdict'])}**")
    st.markdown(plain(found["demand"]))
    tables.show(found["slos"], "SLOs: limit, planned and simulated.")
    bullets(found["notes"])


@reruns.whole
def ask_simulation(here: Shown) -> None:
    """Start it."""
    args = (here.asked.path, dict(here.asked.overrides), here.content)
    work.start(
        "simulation",
        "app_pages.jobs.planning:simulated",
        args,
        "Simulating",
        key=state.key_of(here.asked),
    )


def notices(here: Shown) -> None:
    """What the reader should know."""
    told = list(here.tables["notices"]["Notice"])
    if told:
        st.subheader("Notices")
        bullets(line.replace(here_folder(here), "") for line in told)


def here_folder(here: Shown) -> str:
    """The folder of the plan's files, which sentences leave out."""
    return here.asked.path.rpartition("/")[0] + "/"


# ---------------------------------------------------------------- infeasible


def nearest_case(here: Shown) -> None:
    """The plan of the nearest feasible case."""
    effort = here.content["conflict"]["best_effort"]
    if effort is None or here.told.nearest is None:
        return
    st.subheader("Best effort: the plan of the nearest feasible case")
    nearest = state.nearest_of(here)
    if change := effort["change"]:
        st.markdown("After this change: " + plain(repair_text(here.content, change)) + ".")
    st.markdown(plain(nearest.meta["verdict"]))
    planned(nearest)


draw()
