"""The page Export: everything that can be taken away of the plan shown, each with what it is
for.
"""

from functools import partial
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app_pages.jobs.export import plan_text, zip_exported_tables
from app_pages.session import job_slots, reruns, saved_plans, share_link, state
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.widgets import downloads, marginals
from app_pages.widgets.downloads import draw_download, draw_made_download, draw_purpose
from app_pages.widgets.headline import draw_headline_placeholders
from app_pages.widgets.kept.share import draw_share_maker
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.export.deployment_names import deployment_labels
from planner.export.exporter_protocol import bundle_kinds
from planner.plans.schema import PlanContent
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.scenario.edits import edit_words
from profiles.plugins.entry_points import load_plugins
from profiles.plugins.own_entry_points import PluginGroup

BUNDLE = "export-bundle"
"""Slot. One bundle is kept at a time."""


def draw_export_view() -> None:
    """Draw the page."""
    st.title("Export")
    if (cells := state.shown_cells()) is not None:
        draw_export_cells(cells)
        return
    here = state.shown_plan()
    if here is None:
        st.info("There is no plan to export. Solve one first.")
        return
    content = here.content
    title = saved_plans.name_of(here) or saved_plans.default_name(here)
    st.markdown(
        f"All files are of the plan shown: **{plain_markdown(title)}**, "
        f"{plain_markdown(content['status'])}, scenario hash {content['scenario_sha256'][:12]}."
    )
    draw_headline_placeholders(content, again=True)
    name = deployment_labels([title], 60)[title]
    draw_export_bundle(here, name)
    st.header("For people")
    draw_made_download(here, name, downloads.REPORT)
    if content["options"]:
        draw_made_download(here, name, downloads.CHARTS)
    st.header("For other tools")
    draw_export_data_files(here, name)
    st.header("To go on from here")
    draw_made_download(here, name, downloads.SCENARIO_ZIP)
    draw_made_download(here, name, downloads.SCENARIO_WORKBOOK)
    draw_export_link(here)


def draw_export_cells(here: ShownCells) -> None:
    """What can be taken away of a plan over classes and cases."""
    content, status = here.content, here.content["status"]
    words = ", ".join([content["scenario"], *(edit_words(here.edit) or ["as given"])])
    name = deployment_labels([words], 60)[words]
    st.markdown(
        f"All files are of the plan shown: **{plain_markdown(words)}**, {plain_markdown(status)},"
        f" scenario hash {content['scenario_sha256'][:12]}."
    )
    draw_headline_placeholders(content, again=True)
    for file in downloads.CELLS_FILES:
        if content["setups"] or file.noun not in ("charts", "deploy bundle"):
            draw_made_download(here, name, file)
    draw_purpose("plan.json", "The whole plan, key by key, for scripts and the command line.")
    plan = partial(plan_text, content)
    draw_download("Download plan.json", plan, f"{name}-plan.json", "application/json", "plan")
    draw_purpose("Tables (CSV)", "Every table of the page Plan.")
    tables = partial(zip_exported_tables, dict(here.report["tables"]))
    draw_download("Download the tables", tables, f"{name}-tables.zip", downloads.ZIP, "tables")
    draw_export_link(here)


def draw_export_data_files(here: ShownPlan, name: str) -> None:
    """plan.json and the tables, made on the click."""
    draw_purpose(
        "plan.json",
        "The whole plan, for scripts and the commands `report`, `simulate`, `route` and `diff`.",
    )
    plan = partial(plan_text, marginals.content_with_marginals(here))
    draw_download("Download plan.json", plan, f"{name}-plan.json", "application/json", "plan")
    draw_purpose(
        "Tables (CSV)",
        "Every table of the page Plan.",
    )
    tables = partial(zip_exported_tables, dict(here.tables))
    file = f"{name}-tables.zip"
    draw_download("Download the tables", tables, file, downloads.ZIP, "tables")


# ---------------------------------------------------------------- deploy bundle


def draw_export_bundle(here: ShownPlan, name: str) -> None:
    """What starts the plan and routes its requests."""
    st.header("For the cluster and the gateway")
    if not here.content["options"]:
        st.info("There is no setup to deploy. The page Plan lists repairs.")
        return
    st.markdown(
        "**Deploy bundle (zip)**: scripts, docker compose files, objects for Kubernetes, KServe,"
        " llm-d and production-stack, a LiteLLM gateway with the router's prices, and a README that"
        " says what to start when. Review it before use: it was never run on a GPU."
    )
    kinds = choose_export_parts()
    args = (*here.args, here.content, list(kinds))
    done = job_slots.slot_outcome_for(BUNDLE, args)
    if done is None or not done.has_result:
        st.button(
            "Make the bundle",
            key="export-bundle",
            type="primary",
            disabled=job_slots.is_running(BUNDLE) or not kinds,
            on_click=start_bundle,
            args=(here, args),
        )
        if done is not None:
            failure_markdown_box(done, "Not made", state.scenario_folder())
        return
    label, file = "Download the bundle", f"{name}-deploy.zip"
    draw_download(label, done.result["zip"], file, downloads.ZIP, "bundle-file", primary=True)
    draw_export_bundle_content(here.content, done.result)


def draw_export_bundle_content(content: PlanContent, made: dict[str, Any]) -> None:
    """The files, what is to be done, what is left out, the README."""
    draw_shown_table(made["files"], "The files of the bundle and what each is for.")
    said = placeholder_scores_text(content)  # stands at the top of the page
    if to_do := [line for line in made["to_do"] if line != said]:
        st.markdown("**To do before the start**")
        markdown_bullets(to_do)
    if made["left_out"]:
        st.markdown("**Left out, and why**")
        markdown_bullets(made["left_out"])
    with st.expander("The bundle's README"):
        st.code(made["readme"], language="markdown", wrap_lines=True)


def choose_export_parts() -> list[str]:
    """What goes into the bundle, kinds of plug-ins too; all of them means all in which the plan can
    be expressed.
    """
    known = list(bundle_kinds())
    parts = st.session_state.setdefault("export-parts", {"some": False, "kinds": known})
    for notice in load_plugins(PluginGroup.EXPORTERS).notices:
        st.warning(plain_markdown(notice))
    for name, value in parts.items():
        reruns.fill_key_across_reruns(f"export-{name}", value)
    own = st.toggle(
        "Choose the parts myself",
        key="export-some",
        help="Otherwise the bundle holds all parts that can express this plan, and says why the"
        " others are left out.",
        on_change=remember_part,
        args=("some", "export-some"),
    )
    if not own:
        return known
    return st.multiselect(
        "Parts",
        known,
        key="export-kinds",
        on_change=remember_part,
        args=("kinds", "export-kinds"),
        width=600,
    )


@reruns.survive_reruns
def remember_part(name: str, key: str) -> None:
    """Remember the choice while other pages are drawn."""
    st.session_state["export-parts"][name] = st.session_state[key]


@reruns.survive_reruns
def start_bundle(here: ShownPlan, args: tuple[Any, ...]) -> None:
    """Start it."""
    call, label = "app_pages.jobs.export:export_bundle_job", "Making the deploy bundle"
    job_slots.start_in_slot(BUNDLE, call, args, label, key=state.scores_key(here.edit), wait=3.0)


def draw_export_link(here: ShownPlan | ShownCells) -> None:
    """Links to the present inputs and to this plan."""
    query = share_link.share_link_query()
    if "example" in query:
        st.markdown("**Share link**: opens this example with the inputs of the sidebar.")
        address = f"{share_link.page_address()}?{urlencode(query)}"
        st.code(address, language=None, wrap_lines=True)
    draw_share_maker(here)


draw_export_view()
