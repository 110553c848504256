"""The page Export: everything that can be taken away of the plan shown, each with what it is
for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app_pages.jobs.export import plan_file, tables_zip
from app_pages.session import reruns, saved_plans, state, work
from app_pages.session.markdown import bullets, not_done, plain
from app_pages.session.state import Shown
from app_pages.widgets import marginals, tables
from planner.export.bundle import KINDS
from planner.export.deployment_names import labels

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
FILE, BUNDLE = "export-file", "export-bundle"
"""Slots. One made file is kept at a time, and one bundle."""


@dataclass(frozen=True)
class Made:
    """A file that a worker makes.

    call: of app_pages.jobs.export; noun: on its button; ending: of its name, after the scenario's.
    """

    call: str
    noun: str
    title: str
    told: str
    ending: str
    mime: str


REPORT = Made(
    "workbook",
    "report",
    "Report (Excel)",
    "Summary, setup, routing, GPU map, latencies, checks and charts, with live formulas; for those"
    " who decide. It is an input again.",
    "-report.xlsx",
    XLSX,
)
CHARTS = Made(
    "charts",
    "charts",
    "Charts (PNG and SVG)",
    "GPU map, routing and latencies as pictures, for slides and documents.",
    "-charts.zip",
    ZIP,
)
FOLDER = Made(
    "scenario_folder",
    "scenario and plan",
    "Scenario and plan (zip)",
    "scenario.yaml with all changes, profiles, scores and plan.json: unpack it and go on with any"
    " command, or open it here again.",
    ".zip",
    ZIP,
)
BOOK = Made(
    "scenario_workbook",
    "scenario workbook",
    "Scenario (Excel)",
    "The same inputs as a workbook, to be changed in a spreadsheet.",
    "-scenario.xlsx",
    XLSX,
)


def draw() -> None:
    """Draw the page."""
    st.title("Export")
    here = state.shown()
    if here is None:
        st.info("There is no plan to take away. Solve one on the page Plan first.")
        return
    content = here.content
    told = saved_plans.name_of(here) or saved_plans.first_name(here)
    st.markdown(
        f"All files here are of the plan shown: **{plain(told)}**, {plain(content['status'])}, "
        f"scenario hash {content['scenario_sha256'][:12]}. They are made when you ask for them."
    )
    name = labels([told], 60)[told]
    deploy(here, name)
    st.subheader("For people")
    made_file(here, name, REPORT)
    if content["options"]:
        made_file(here, name, CHARTS)
    st.subheader("For other tools")
    there(
        "plan.json",
        "The whole decision, key by key (docs/plan-json.md), for scripts and for `report`,"
        " `simulate`, `route` and `diff`.",
    )
    download(
        "Download plan.json",
        partial(plan_file, marginals.with_steps(here)),
        f"{name}-plan.json",
        "application/json",
        "plan",
    )
    there(
        "Tables (CSV)",
        "Every table of the page Plan as a CSV file, for a spreadsheet or a notebook.",
    )
    download(
        "Download the tables",
        partial(tables_zip, dict(here.tables)),
        f"{name}-tables.zip",
        ZIP,
        "tables",
    )
    st.subheader("To go on from here")
    made_file(here, name, FOLDER)
    made_file(here, name, BOOK)
    link()


def there(title: str, told: str) -> None:
    """What a file is for."""
    st.markdown(f"**{title}**: {told}")


def download(
    label: str, data: Callable[[], str | bytes] | bytes, name: str, mime: str, key: str
) -> None:
    """A button that hands a file over; a callable is asked on the click."""
    st.download_button(label, data, name, mime, key=f"export-{key}", on_click="ignore")


# ---------------------------------------------------------------- files that a worker makes


def made_file(here: Shown, name: str, one: Made) -> None:
    """A file with the button that makes it, then the one that hands it over."""
    there(one.title, one.told)
    found, (call, plan) = work.work_of(FILE), st.session_state.get(FILE, (None, None))
    if found is None or call != one.call or plan is not here:
        st.button(
            f"Make the {one.noun}",
            key=f"export-make-{one.call}",
            disabled=work.running(FILE),
            on_click=ask_file,
            args=(here, one),
        )
        return
    done = found.outcome
    if done is None:
        st.button("Being made", key=f"export-making-{one.call}", disabled=True)
    elif done.kind == "result":
        data, notes = done.result
        download(f"Download the {one.noun}", data, name + one.ending, one.mime, one.call)
        bullets(notes)
    else:
        not_done(done, "Not made", state.folder())
        st.button("Try again", key=f"export-again-{one.call}", on_click=ask_file, args=(here, one))


@reruns.whole
def ask_file(here: Shown, one: Made) -> None:
    """Start it."""
    st.session_state[FILE] = (one.call, here)
    args = (here.asked.path, dict(here.asked.overrides), marginals.with_steps(here))
    work.start(
        FILE,
        f"app_pages.jobs.export:{one.call}",
        args,
        one.title,
        key=state.key_of(here.asked),
        wait=3.0,
    )


# ---------------------------------------------------------------- deploy bundle


def deploy(here: Shown, name: str) -> None:
    """What starts the plan and routes its requests."""
    st.subheader("For the cluster and the gateway")
    if not here.content["options"]:
        st.info(
            "There is no setup to deploy: this plan has none. Its repairs stand on the page Plan."
        )
        return
    st.markdown(
        "**Deploy bundle (zip)**: scripts, docker compose and Kubernetes files that start the"
        " servers in a safe order, and a LiteLLM gateway with the router's prices; a README tells"
        " in which order to start what, and how to check it. To be reviewed before use."
    )
    kinds = parts()
    args = (here.asked.path, dict(here.asked.overrides), here.content, list(kinds))
    off = work.running(BUNDLE) or not kinds
    st.button(
        "Make the bundle",
        key="export-bundle",
        type="primary",
        disabled=off,
        on_click=ask_bundle,
        args=(here, args),
    )
    done = work.outcome_of(BUNDLE, args)
    if done is None:
        return
    if done.kind != "result":
        not_done(done, "Not made", state.folder())
        return
    made = done.result
    download("Download the bundle", made["zip"], f"{name}-deploy.zip", ZIP, "bundle-file")
    tables.show(made["files"], "The files of the bundle and what each is for.")
    if made["to_do"]:
        st.markdown("**To do before the start**")
        bullets(made["to_do"])
    if made["left_out"]:
        st.markdown("**Left out, and why**")
        bullets(made["left_out"])
    with st.expander("The bundle's README"):
        st.code(made["readme"], language="markdown", wrap_lines=True)


def parts() -> list[str]:
    """What goes into the bundle; all of KINDS stands for whatever the plan can be expressed in."""
    kept = st.session_state.setdefault("export-parts", {"some": False, "kinds": list(KINDS)})
    st.session_state["export-some"], st.session_state["export-kinds"] = kept["some"], kept["kinds"]
    told = (
        "Without, the bundle holds whatever this plan can be expressed in, and tells why the rest"
        " is left out."
    )
    if not st.toggle(
        "Choose the parts myself",
        key="export-some",
        help=told,
        on_change=keep_part,
        args=("some", "export-some"),
    ):
        return list(KINDS)
    return st.multiselect(
        "Parts",
        KINDS,
        key="export-kinds",
        on_change=keep_part,
        args=("kinds", "export-kinds"),
        width=600,
    )


@reruns.whole
def keep_part(name: str, key: str) -> None:
    """Remember the choice while other pages are drawn."""
    st.session_state["export-parts"][name] = st.session_state[key]


@reruns.whole
def ask_bundle(here: Shown, args: tuple[Any, ...]) -> None:
    """Start it."""
    work.start(
        BUNDLE,
        "app_pages.jobs.export:deployment",
        args,
        "Making the deploy bundle",
        key=state.key_of(here.asked),
        wait=3.0,
    )


def link() -> None:
    """A link to the inputs as they stand now."""
    query = state.link_query()
    if not query:
        st.markdown(
            "**Share link**: a link carries no files. To hand on your own scenario, send the zip"
            " above; it is opened on Inputs."
        )
        return
    st.markdown(
        "**Share link**: opens this example here with the inputs beside the page as they stand now."
    )
    st.code(
        f"{(st.context.url or '').partition('?')[0].removesuffix('export')}?{urlencode(query)}",
        language=None,
        wrap_lines=True,
    )


draw()
