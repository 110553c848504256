"""Files that a worker makes of the plan shown: a button makes one, another downloads it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from app_pages.session import job_slots, reruns, state
from app_pages.session.state import ShownCells, ShownPlan
from app_pages.widgets import marginals
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets

__all__ = [
    "CELLS_FILES",
    "CHARTS",
    "REPORT",
    "SCENARIO_WORKBOOK",
    "SCENARIO_ZIP",
    "ZIP",
    "MadeFile",
    "draw_download",
    "draw_made_download",
    "draw_purpose",
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"


@dataclass(frozen=True, kw_only=True)
class MadeFile:
    """A file that a worker makes.

    call: of `module` in app_pages.jobs; noun: on its button; purpose: a sentence or two; ending:
    of its name, after the scenario's.
    """

    call: str
    noun: str
    title: str
    purpose: str
    ending: str
    mime: str
    module: str = "export"

    @property
    def slot(self) -> str:
        """Where it is made: of every kind of file one is kept, as long as its plan is shown."""
        return f"export-file-{self.call}"


REPORT = MadeFile(
    call="export_report_job",
    noun="report",
    title="Report workbook (Excel)",
    purpose=(
        "Summary, setup, routing, map, latencies and checks, with live formulas. It can be opened"
        " as a scenario again."
    ),
    ending="-report.xlsx",
    mime=XLSX,
)
CHARTS = MadeFile(
    call="export_charts_job",
    noun="charts",
    title="Charts (PNG and SVG)",
    purpose="GPU map, routing and latencies, for slides.",
    ending="-charts.zip",
    mime=ZIP,
)
SCENARIO_ZIP = MadeFile(
    call="export_scenario_zip_job",
    noun="scenario and plan",
    title="Scenario and plan (zip)",
    purpose="All inputs and plan.json: unpack it for any command, or open it here again.",
    ending=".zip",
    mime=ZIP,
)
SCENARIO_WORKBOOK = MadeFile(
    call="export_scenario_workbook_job",
    noun="scenario workbook",
    title="Scenario workbook (Excel)",
    purpose="The same inputs, to be changed in a spreadsheet.",
    ending="-scenario.xlsx",
    mime=XLSX,
)


CELLS_FILES = (
    MadeFile(
        call="export_cells_bundle_job",
        noun="deploy bundle",
        title="Deploy bundle (zip)",
        purpose=(
            "Scripts and docker compose files that start the servers of every setup, what changes"
            " between setups, objects for KServe, llm-d and KEDA where they can hold the plan, a"
            " gateway that routes by class and case, and a README. Review it before use."
        ),
        ending="-deploy.zip",
        mime=ZIP,
        module="cells_export",
    ),
    replace(
        REPORT,
        call="export_cells_report_job",
        module="cells_export",
        purpose=(
            "Summary, cases, classes, limits, lanes, lost nodes, GPU map and charts; for those who"
            " decide. It can be opened as a scenario again."
        ),
    ),
    replace(
        CHARTS,
        call="export_cells_charts_job",
        module="cells_export",
        purpose="Rates by class with the quality, and GPU maps, for slides and documents.",
    ),
    replace(SCENARIO_WORKBOOK, call="export_cells_workbook_job", module="cells_export"),
)
"""Files of a plan over classes and cases."""


def draw_purpose(title: str, purpose: str) -> None:
    """What a file is for."""
    st.markdown(f"**{title}**: {purpose}")


def draw_download(
    label: str,
    data: Callable[[], str | bytes] | bytes,
    name: str,
    mime: str,
    key: str,
    *,
    primary: bool = False,
) -> None:
    """A button that downloads a file; a callable is called on the click."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    st.download_button(label, data, name, mime, key=f"export-{key}", type=kind, on_click="ignore")


def draw_made_download(here: ShownPlan | ShownCells, name: str, file: MadeFile) -> None:
    """A file with the button that makes it, then the one that downloads it."""
    draw_purpose(file.title, file.purpose)
    job = job_slots.get(file.slot)
    if job is not None and st.session_state.get(file.slot) is not here:
        job_slots.clear_slot(file.slot)  # of another plan
        job = None
    if job is None:
        _draw_button(f"Make the {file.noun}", f"export-make-{file.call}", here, file)
    elif job.outcome is None:
        st.button("Being made", key=f"export-making-{file.call}", disabled=True)
    elif job.outcome.has_result:
        data, notes = job.outcome.result
        label = f"Download the {file.noun}"
        draw_download(label, data, name + file.ending, file.mime, file.call)
        markdown_bullets(notes)
    else:
        failure_markdown_box(job.outcome, "Not made", state.scenario_folder())
        _draw_button("Try again", f"export-again-{file.call}", here, file)


def _draw_button(label: str, key: str, here: ShownPlan | ShownCells, file: MadeFile) -> None:
    st.button(label, key=key, on_click=_start_download, args=(here, file))


@reruns.survive_reruns
def _start_download(here: ShownPlan | ShownCells, file: MadeFile) -> None:
    """Make a file."""
    st.session_state[file.slot] = here
    call = f"app_pages.jobs.{file.module}:{file.call}"
    content: Any = here.content
    if isinstance(here, ShownPlan):
        content = marginals.content_with_marginals(here)
    args = (*here.args, content)
    key = state.scores_key(here.edit)
    job_slots.start_in_slot(file.slot, call, args, file.title, key=key, wait=3.0)
