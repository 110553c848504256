"""What one person has on the page: the scenario as edited, and the plan shown.

All of it lives in st.session_state and nowhere else.

edit           ScenarioEdit: file and changes, with the present inputs of the page
shown          ShownPlan or ShownCells: a plan and the edit it is of
example        what is chosen as the scenario
solving        the edit whose plan is computed
solve-failure  JobOutcome: why the last solve gave no plan
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.jobs.messages import CellsPlanView, JobOutcome, PlanView
from app_pages.session import job_slots, reruns
from app_pages.session.server import PLAN
from app_pages.session.visitor import may_visitor_compute
from planner.errors import DataError
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit, edit_states_demand
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.specification import ScenarioSpec
from reports.cells_content import CellsReport, CellsReportMeta
from reports.content import ReportMeta

__all__ = [
    "ShownCells",
    "ShownPlan",
    "current_edit",
    "edit_session_content",
    "edit_session_value",
    "edited_content",
    "is_of_cells",
    "is_stale",
    "plan_on_page",
    "scenario_folder",
    "scores_key",
    "session_best_effort_plan",
    "set_edit",
    "show_no_plan",
    "show_plan",
    "show_session_solve",
    "shown_cells",
    "shown_plan",
    "solve_failure",
    "start_session_solve",
]

QUICK_S = 1.2
"""A solve that takes no longer is shown without a progress box."""


@dataclass(frozen=True)
class ShownPlan:
    """A plan as it is shown.

    edit: the inputs it is of; view: plan.json, tables and meta; example: what was chosen as the
    scenario; cancelled: its search was stopped by the person.
    """

    edit: ScenarioEdit
    view: PlanView
    example: str = ""
    cancelled: bool = False

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Named tables of planner.plans.tables and planner.export.report_content."""
        return self.view.report["tables"]

    @property
    def meta(self) -> ReportMeta:
        """Text and numbers that accompany the tables."""
        return self.view.report["meta"]

    @property
    def content(self) -> PlanContent:
        """The content of plan.json."""
        return self.view.content

    @property
    def args(self) -> tuple[str, dict[str, Any]]:
        """The first arguments of every job: the scenario's file and its changes."""
        return self.edit.path, dict(self.edit.overrides)


@dataclass(frozen=True)
class ShownCells:
    """A plan over classes and cases as it is shown; fields as of ShownPlan."""

    edit: ScenarioEdit
    view: CellsPlanView
    example: str = ""
    cancelled: bool = False

    @property
    def report(self) -> CellsReport:
        """Tables, maps of setups, and meta."""
        return self.view.report

    @property
    def meta(self) -> CellsReportMeta:
        """Text and numbers that accompany the tables."""
        return self.view.report["meta"]

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of plan.json, schema 2."""
        return self.view.content

    @property
    def args(self) -> tuple[str, dict[str, Any]]:
        """The first arguments of every job: the scenario's file and its changes."""
        return self.edit.path, dict(self.edit.overrides)


def session_best_effort_plan(here: ShownPlan) -> ShownPlan:
    """The best effort of a conflict, as a separate plan."""
    nearest = Plan(here.content).best_effort
    if nearest is None:
        raise ValueError("the plan has no best effort")
    return ShownPlan(
        here.edit, PlanView(nearest.content, here.view.nearest or here.view.report), here.example
    )


def current_edit() -> ScenarioEdit:
    """The present inputs."""
    return st.session_state["edit"]


def edited_content() -> dict[str, Any]:
    """The inputs as plain content of a scenario, complete with defaults."""
    return content_of_edit(current_edit())


def plan_on_page() -> ShownPlan | ShownCells | None:
    """The plan on the page, of either kind."""
    here: ShownPlan | ShownCells | None = st.session_state.get("shown")
    return here


def shown_plan() -> ShownPlan | None:
    """The plan on the page, where it has one class in one case."""
    here = plan_on_page()
    return here if isinstance(here, ShownPlan) else None


def shown_cells() -> ShownCells | None:
    """The plan on the page, where it is over classes and cases."""
    here = plan_on_page()
    return here if isinstance(here, ShownCells) else None


def is_of_cells() -> bool:
    """Whether the present inputs or the plan shown have classes, cases, LLMs outside or a
    budget.
    """
    return shown_cells() is not None or edit_states_demand(current_edit())


def is_stale() -> bool:
    """Whether the inputs differ from those of the plan shown."""
    here = plan_on_page()
    return here is not None and here.edit != current_edit()


def set_edit(new: ScenarioEdit) -> None:
    """Put other inputs on the page; the plan shown stays until they are solved."""
    st.session_state["edit"] = new


def edit_session_value(path: str, value: Any) -> None:
    """Change one value of the scenario, e.g. `slo.0.limit_ms`; a value that is refused does not
    count, and its faults are shown.
    """
    new = edited_content()
    if set_at_schema_path(ScenarioSpec, new, path, value) is None:
        edit_session_content(new)


def edit_session_content(content: Mapping[str, Any]) -> None:
    """Change the scenario to a content; one that is refused does not count, and its faults are
    shown.
    """
    edit = changed(current_edit(), content)
    try:
        edit.scenario  # noqa: B018 - raises when the value is refused
    except DataError as error:
        st.session_state["edit_faults"] = error.faults
    else:
        # What was wrong with the link that the session began with is over.
        st.session_state.pop("link_faults", None)
        set_edit(edit)


@reruns.survive_reruns
def start_session_solve(wait: float = QUICK_S) -> None:
    """Plan the inputs in a worker, for who may. wait: s that the page waits for the plan before it
    is drawn.
    """
    if not may_visitor_compute():
        return
    edit = current_edit()
    st.session_state.pop("link_faults", None)
    st.session_state["solving"] = edit
    job_slots.clear_spare()
    args, key = (edit.path, dict(edit.overrides)), scores_key(edit)
    job_slots.start_in_slot("plan", PLAN, args, "Solving", key=key, wait=wait)


def scores_key(edit: ScenarioEdit) -> str:
    """Jobs of the same scores go to the same worker, which has their quality cuts."""
    return str(Path(edit.path).parent / str(edit.base["scores"]))


def show_no_plan() -> None:
    """Take the plan off the page."""
    st.session_state["shown"], st.session_state["solve-failure"] = None, None


def show_plan(here: ShownPlan | ShownCells) -> None:
    """Put a plan on the page."""
    st.session_state["shown"], st.session_state["solve-failure"] = here, None
    st.session_state["example"] = here.example


def show_session_solve() -> None:
    """Show the plan that the worker made. Called once, before a page is drawn."""
    job = job_slots.get("plan")
    if job is None or job.outcome is None or "solving" not in st.session_state:
        return
    done = job.outcome
    st.session_state["solve-failure"] = None if done.has_result else done
    if done.has_result:
        cancelled = job.cancelled and done.result.content["status"] != "optimal"
        kind = ShownCells if isinstance(done.result, CellsPlanView) else ShownPlan
        st.session_state["shown"] = kind(
            st.session_state["solving"], done.result, st.session_state["example"], cancelled
        )
    del st.session_state["solving"]
    job_slots.clear_slot("plan")


def solve_failure() -> JobOutcome | None:
    """Why the last solve gave no plan."""
    return st.session_state.get("solve-failure")


def scenario_folder() -> str:
    """Where the scenario's files are, with a slash; it is left out of the faults on the page."""
    return f"{Path(current_edit().path).parent}/"
