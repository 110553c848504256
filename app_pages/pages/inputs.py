"""The page Inputs: open a scenario, edit it, replace its tables.

Profiles and scores are uploaded and summarised, never edited here.
"""

import math
from functools import partial
from typing import Any

import streamlit as st

from app_pages.session import reruns, saved_plans, state, uploads, work
from app_pages.session.markdown import bullets, faults_box, plain
from app_pages.widgets import editors, tables
from planner.program import PROGRAM
from planner.scenario.archive import zip_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.scenario.upload import ENDINGS, TABLE_ENDINGS

DEGREES = (1, 2, 4, 8, 16)
SHARES = tuple(range(10, 101, 10))
SENSES = {
    "quality": "best quality that capacity and SLOs allow",
    "cost": "cheapest GPUs that reach a quality",
}


def draw() -> None:
    """The whole page."""
    st.title("Inputs")
    st.markdown(
        "What is asked. Edits count at once; **Solve** (beside the page, or at its end) makes the"
        " plan of it."
    )
    opening()
    saving()
    demand()
    st.subheader("Pools of GPUs")
    editors.edit("pools", "Pools of GPUs: name, GPU type, nodes, GPUs per node, memory and price.")
    st.caption(
        "A pool is a number of nodes that are all alike. Memory and price that are not set come"
        " from the catalogue."
    )
    with st.expander("GPU types in the catalogue"):
        st.markdown(plain(editors.known_gpus()))
    st.subheader("LLMs that may be deployed")
    editors.edit("llms", "LLMs with weights and limits on their replicas.")
    setups()
    tables_of_the_scenario()
    st.subheader("Check: what is asked now")
    editors.changes_box()
    st.button(
        "Solve",
        key="solve-inputs",
        type="primary",
        disabled=work.running("plan"),
        on_click=state.solve,
    )


# ---------------------------------------------------------------- open


def opening() -> None:
    """Upload a scenario, or take a template."""
    head = "Open your own scenario, or take a template"
    with st.expander(head, icon=":material/folder_open:", expanded=uploads.trouble() is not None):
        st.markdown(
            "Give **one workbook** (.xlsx), or **scenario.yaml** together with its profiles and"
            " scores (CSV or Parquet), or all of them in **one zip**."
        )
        files = st.file_uploader(
            "Scenario files",
            type=[e[1:] for e in ENDINGS],
            accept_multiple_files=True,
            key="scenario-files",
        )
        st.button(
            "Open these files",
            key="open-files",
            type="primary",
            disabled=not files,
            on_click=opened,
        )
        if found := uploads.trouble():
            faults, folder = found
            faults_box(
                faults,
                f"Not opened: {len(faults)} {'faults' if len(faults) != 1 else 'fault'} to mend",
                folder,
            )
        st.markdown("**Templates**: the same small example; replace its rows by yours.")
        with st.container(horizontal=True):
            mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            st.download_button(
                "Workbook",
                uploads.template_book(),
                "my-cluster.xlsx",
                mime,
                key="template-xlsx",
                on_click="ignore",
            )
            for name, text in TEMPLATE_TEXTS.items():
                st.download_button(
                    name, text, name, "text/plain", key=f"template-{name}", on_click="ignore"
                )


def saving() -> None:
    """Save what is asked to a file, or go back to what was asked before."""
    with st.expander("Save these inputs, or go back to earlier ones", icon=":material/save:"):
        st.markdown(
            "A zip of scenario.yaml, profiles and scores: open it here again, or unpack it for"
            f" `{PROGRAM} plan`."
        )
        scenario = state.asked().scenario
        name = "".join(
            sign if sign.isalnum() or sign in "-_" else "-" for sign in scenario.spec.name
        )
        st.download_button(
            "Save as zip",
            partial(zip_scenario, scenario),
            f"{name}.zip",
            "application/zip",
            key="save-zip",
            on_click="ignore",
        )
        names = list(reversed(state.saved()))
        if names:
            st.selectbox("Earlier plans of this session", names, key="earlier", width=450)
            st.button("Go back to this plan and its inputs", key="load-earlier", on_click=load)


@reruns.whole
def load() -> None:
    """Ask what the chosen plan answers."""
    if st.session_state["earlier"] in state.saved():
        saved_plans.load(st.session_state["earlier"])


@reruns.whole
def opened() -> None:
    """Take in the uploaded files."""
    reruns.later(
        uploads.open_files,
        {file.name: file.getvalue() for file in st.session_state["scenario-files"]},
    )


# ---------------------------------------------------------------- values


def demand() -> None:
    """Arrival rate, SLOs, objective."""
    now = state.content()
    st.subheader("Demand, SLOs and objective")
    with st.container(horizontal=True):
        number("arrival_rate_rps", "Arrival rate (req/s)", 0.01, 1.0)
        sense = "cost" if "minimize" in now["objective"] else "quality"
        key = reruns.key_for("sense", sense)
        st.session_state[key] = sense
        look: dict[str, Any] = {"format_func": SENSES.__getitem__, "width": 380}
        st.radio("Objective", list(SENSES), key=key, on_change=turn_objective, args=(key,), **look)
        if sense == "cost":
            number("objective.quality_at_least", "Quality at least (mean score)", -1e9, 0.01)
    st.markdown("**SLOs**: all hold at once; without rows, capacity alone limits.")
    editors.edit("slo", "Service-level objectives: metric, statistic, limit and scope.")
    st.caption(
        "TTFT: time to first token, queueing and prefill included. TPOT: time per output token"
        " after the first. E2E: end to end."
    )


def number(path: str, label: str, least: float, step: float) -> None:
    """A number of the scenario."""
    value: Any = state.content()
    for part in path.split("."):
        value = value[part]
    key = reruns.key_for(f"in-{path}", float(value))
    st.session_state[key] = float(value)
    st.number_input(
        label,
        min_value=least,
        step=step,
        format="%.12g",
        key=key,
        on_change=turn,
        args=(path, key),
        width=240,
    )


@reruns.whole
def turn(path: str, key: str) -> None:
    """A number was changed."""
    value = st.session_state[key]
    if reruns.sent(f"in-{path}", key, float(value)):
        state.set_value(path, value)


@reruns.whole
def turn_objective(key: str) -> None:
    """Quality, or cost with a quality to reach: that of the plan shown to begin with."""
    sense = st.session_state[key]
    if not reruns.sent("sense", key, sense):
        return
    here = state.shown()
    reached = here.content["quality"] if here is not None else None
    floor = 0.5 if reached is None else math.floor(1000.0 * reached) / 1000.0
    cost = {"minimize": "cost", "quality_at_least": floor}
    state.set_value("objective", cost if sense == "cost" else {"maximize": "quality"})


def setups() -> None:
    """Which setups may be considered, and how long to search."""
    now = state.content()
    with st.expander(
        "Which setups may be considered, and how long to search", icon=":material/filter_alt:"
    ):
        choose(
            "setups.tp_degrees",
            "Tensor-parallel degrees (none chosen: all profiled)",
            DEGREES,
            now["setups"]["tp_degrees"],
        )
        choose(
            "setups.mps_shares_pct",
            "MPS shares, % of a GPU (none chosen: all profiled)",
            SHARES,
            now["setups"]["mps_shares_pct"],
        )
        with st.container(horizontal=True):
            number("setups.memory_headroom_pct", "Memory kept free (% of a GPU)", 0.0, 1.0)
            number("setups.min_gpu_utilization_pct", "Compute given out at least (%)", 0.0, 5.0)
            number("solver.time_limit_s", "Time limit (s)", 0.1, 10.0)
            number("solver.rel_gap", "Gap that is close enough (1e-4 = 0.01 %)", 0.0, 1e-4)


def choose(path: str, label: str, offered: tuple[int, ...], chosen: list | None) -> None:
    """A list of numbers; none = every profiled one."""
    key = reruns.key_for(f"in-{path}", list(chosen or []))
    st.session_state[key] = list(chosen or [])
    options = sorted({*offered, *(chosen or [])})
    st.multiselect(
        label, options, key=key, format_func="{:g}".format, on_change=turn_list, args=(path, key)
    )


@reruns.whole
def turn_list(path: str, key: str) -> None:
    """A list was changed."""
    chosen = list(st.session_state[key])
    if reruns.sent(f"in-{path}", key, chosen):
        state.set_value(path, chosen or None)


# ---------------------------------------------------------------- tables


def tables_of_the_scenario() -> None:
    """Summaries of profiles and scores; another table in place of one."""
    st.subheader("Profiles and scores")
    found = uploads.looked(state.asked())
    if found.kind == "faults":
        faults_box(
            found.faults,
            f"{len(found.faults)} faults to mend before this can be solved",
            state.folder(),
        )
    elif found.kind != "result":
        st.warning(plain(found.message or "Stopped."))
    else:
        summary(found.result)
    with st.expander("Replace a table by a file of your own", icon=":material/upload_file:"):
        for key, what in (("profiles", "Profiles"), ("scores", "Scores")):
            endings = [ending[1:] for ending in TABLE_ENDINGS]
            file = st.file_uploader(
                f"{what}: CSV, Parquet, or a workbook with a sheet {what}",
                type=endings,
                key=f"file-{key}",
            )
            st.button(
                f"Take these {key}",
                key=f"take-{key}",
                disabled=file is None,
                on_click=take,
                args=(key,),
            )


def summary(found: dict) -> None:
    """What the tables hold."""
    st.markdown(
        f"**Profiles**: {found['options']:,} options may be chosen, {found['left_out']:,} were left"
        " out (the page Plan tells why)."
    )
    tables.show(
        found["profiles"],
        "Profiles: options, degrees, shares, rates and provenance by LLM and GPU type.",
    )
    dropped = (
        f", {found['dropped_prompts']:,} left out because a score was missing"
        if found["dropped_prompts"]
        else ""
    )
    st.markdown(
        f"**Scores**: predicted quality of each LLM's answer to {found['prompts']:,}"
        f" prompts{dropped}."
    )
    tables.show(
        found["scores"], "Scores: mean, lowest and highest by LLM, and how often it is the best."
    )
    if found["notices"]:
        with st.expander(f"{len(found['notices'])} notices"):
            bullets(line.replace(state.folder(), "") for line in found["notices"])


@reruns.whole
def take(key: str) -> None:
    """Put the uploaded table in place."""
    file = st.session_state[f"file-{key}"]
    reruns.later(uploads.put_table, key, file.name, file.getvalue())


draw()
