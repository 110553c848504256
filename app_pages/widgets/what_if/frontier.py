"""The frontier on the page What-if: one field varied, every point with its bound; a point that is
clicked opens as the plan.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.charts.empty import empty_cost_reason, empty_points_reason
from app_pages.charts.what_if import CHOSEN, build_what_if_frontier_chart
from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session import job_slots, reruns, state
from app_pages.session.job_slots import JobSlot
from app_pages.session.state import ShownPlan
from app_pages.widgets.markdown import faults_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.errors import DataError
from planner.packed_files import IS_WHEEL, PAGE_EXAMPLES
from planner.presentation.frontier import (
    format_frontier_value,
    frontier_lines,
    frontier_measures,
    frontier_table,
)
from planner.presentation.what_if import (
    MOST_POINTS,
    ScenarioField,
    what_if_edit,
    what_if_field_value,
    what_if_fields,
    what_if_frontier_axis,
    what_if_overrides_without,
    what_if_sweep_command,
)
from planner.scenario.edits import ScenarioEdit
from planner.studies.sweep_axes import Axis
from planner.studies.sweep_point import SweepPoint
from profiles.io.writing import csv_text

__all__ = ["draw_frontier", "forget_other_frontier"]

JOB = "app_pages.jobs.what_if:what_if_frontier_job"
SLOT = "frontier"
OTHER = "Another field, by its dotted path"
CHART = "what-if-frontier"


def _frontier_memory() -> dict[str, Any]:
    """What is kept for the session: field and values as they were chosen; edit, field: of the
    frontier that is shown.
    """
    return st.session_state.setdefault(
        "frontier", {"label": None, "path": "", "values": "", "measure": None}
    )


def forget_other_frontier() -> None:
    """Forget a frontier of another scenario's files."""
    edit = _frontier_memory().get("edit")
    if edit is not None and edit.path != state.current_edit().path:
        job_slots.clear_slot(SLOT)
        st.session_state.pop("frontier")


def draw_frontier(here: ShownPlan) -> None:
    """ScenarioField, values, button; then chart, words and table."""
    st.header("Frontier: vary a field")
    st.markdown(
        "Every value is planned with all other inputs unchanged. Click a point (or choose it below"
        " the chart) to open its plan."
    )
    edit = state.current_edit()
    quality = here.content["quality"] if here.edit == edit else None
    field = _choose_frontier_field(what_if_fields(state.edited_content(), quality))
    if field is None:
        return
    _frontier_text_input(
        "Values", "values", "START:STOP:STEP, or values with commas, as `sweep` takes them"
    )
    try:
        axis = what_if_frontier_axis(field, _frontier_memory()["values"])
    except DataError as error:
        faults_markdown_box(error.faults, "These values cannot be used")
        return
    _draw_frontier_start(edit, field, axis)
    _draw_frontier_points(here)


def _draw_frontier_start(edit: ScenarioEdit, field: ScenarioField, axis: Axis) -> None:
    """The button, and the command that does the same."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Plan {len(axis.values)} points",
            key="what-if-frontier-start",
            type="primary",
            disabled=job_slots.is_running(SLOT),
            on_click=_start_frontier,
            args=(edit, field, axis.values),
        )
        name = st.session_state.get("example")
        file, where = _frontier_command_file(edit.path, name if name in PAGE_EXAMPLES else None)
        st.caption(f"At most {MOST_POINTS} here. As a command, for more points at once{where}:")
    command = what_if_sweep_command(file, what_if_overrides_without(edit, field.path), axis)
    st.code(command, language=None, wrap_lines=True)


def _frontier_command_file(path: str, example: str | None) -> tuple[str, str]:
    """How a command names the scenario's file, and where the reader gets that file."""
    if example is None:
        return Path(path).name, " (take scenario.yaml from the page Export first)"
    if IS_WHEEL:
        return f"{example}/scenario.yaml", f" (run `llm-planner init --example {example}` first)"
    return f"examples/{example}/scenario.yaml", ""


def _choose_frontier_field(fields: Sequence[ScenarioField]) -> ScenarioField | None:
    """The field to vary; one that is not listed by its path."""
    memory = _frontier_memory()
    labels = [*(field.label for field in fields), OTHER]
    if memory["label"] not in labels:
        memory["label"], memory["values"] = labels[0], fields[0].values
    reruns.fill_key_across_reruns("what-if-field", memory["label"])
    st.selectbox(
        "What to vary",
        labels,
        key="what-if-field",
        on_change=_frontier_field_chosen,
        args=({field.label: field.values for field in fields},),
    )
    if memory["label"] != OTHER:
        return next(field for field in fields if field.label == memory["label"])
    hint = "e.g. setups.tp_degrees, with values like [1],[1, 2],[1, 2, 4]"
    _frontier_text_input("Dotted path", "path", hint)
    path = memory["path"].strip()
    return ScenarioField(path, path, "") if path else None


def _frontier_text_input(label: str, name: str, hint: str) -> None:
    """A text that is kept for the session under `name`."""
    key = f"what-if-{name}"
    reruns.fill_key_across_reruns(key, _frontier_memory()[name])
    st.text_input(label, key=key, on_change=_remember, args=(name, key), help=hint)


@reruns.survive_reruns
def _frontier_field_chosen(values: dict[str, str]) -> None:
    """Another field: propose its values."""
    memory = _frontier_memory()
    memory["label"] = st.session_state["what-if-field"]
    memory["values"] = values.get(memory["label"], "")


@reruns.survive_reruns
def _remember(name: str, key: str) -> None:
    """A widget was changed."""
    _frontier_memory()[name] = st.session_state[key]


@reruns.survive_reruns
def _start_frontier(edit: ScenarioEdit, field: ScenarioField, values: tuple[Any, ...]) -> None:
    """Plan all points."""
    _frontier_memory().update({"edit": edit, "field": field, "measure": None})
    args = (edit.path, what_if_overrides_without(edit, field.path), field.path, list(values))
    label, key = f"Frontier over {field.label}", state.scores_key(edit)
    job_slots.start_in_slot(SLOT, JOB, args, label, key=key)


# ---------------------------------------------------------------- points


def _draw_frontier_points(here: ShownPlan) -> None:
    """The points that are there, while the others are planned and afterwards."""
    memory, job = _frontier_memory(), job_slots.get(SLOT)
    if job is None or "field" not in memory:
        return
    if job.outcome is not None and not _draw_frontier_outcome(job, job.outcome):
        return
    points = list(job.parts)
    if not points:
        return
    field, edit = memory["field"], memory["edit"]
    others = what_if_overrides_without(edit, field.path)
    if what_if_overrides_without(state.current_edit(), field.path) != others:
        st.caption("This frontier is out of date: its points open with earlier inputs.")
    same = what_if_overrides_without(here.edit, field.path) == others
    frame = frontier_table(
        points, field, what_if_field_value(here.edit, field.path) if same else None
    )
    if measures := frontier_measures(frame):
        _draw_frontier_chart(frame, measures)
        _draw_frontier_point_choice(points, field)
        if reason := empty_cost_reason(frame):
            st.caption(reason)
    else:
        st.text(empty_points_reason(len(points)))
    markdown_bullets(frontier_lines(frame))
    draw_shown_table(
        frame,
        f"One point per row: {field.label}, status, objective found and best possible, quality,"
        " cost, GPUs, SLOs, reason.",
    )
    st.download_button(
        "Frontier as CSV",
        csv_text(frame),
        "frontier.csv",
        "text/csv",
        key="what-if-csv",
        on_click="ignore",
    )


def _draw_frontier_outcome(job: JobSlot, done: JobOutcome) -> bool:
    """What went wrong; whether there is more to show."""
    if done.kind is OutcomeKind.FAULTS:
        faults_markdown_box(done.faults, "Not planned", state.scenario_folder())
        return False
    if done.kind is OutcomeKind.FAILED:
        st.warning(plain_markdown(done.message))
    wanted = len(job.args[-1])
    if 0 < len(job.parts) < wanted:
        st.warning(f"Stopped: {len(job.parts)} of {wanted} points are planned.")
    return True


def _draw_frontier_chart(frame: pd.DataFrame, measures: Sequence[str]) -> None:
    """One measure over the field; a click opens a point."""
    memory = _frontier_memory()
    memory["measure"] = memory["measure"] if memory["measure"] in measures else measures[0]
    reruns.fill_key_across_reruns("what-if-measure", memory["measure"])
    st.selectbox(
        "Measure",
        measures,
        key="what-if-measure",
        on_change=_remember,
        args=("measure", "what-if-measure"),
        width=360,
    )
    chart, text = build_what_if_frontier_chart(frame, memory["measure"])
    st.altair_chart(
        chart,
        alt=text,
        key=CHART,
        width="stretch",
        on_select=_frontier_point_clicked,
        selection_mode=CHOSEN,
    )
    if memory["measure"] == measures[0]:
        st.caption("Line and points: found. Dashed: best possible; no plan lies beyond it.")


@reruns.survive_reruns
def _frontier_point_clicked() -> None:
    """A point of the chart was clicked."""
    rows = st.session_state[CHART].selection.get(CHOSEN, [])
    job = job_slots.get(SLOT)
    if rows and job is not None:
        _open_frontier_point(sorted(job.parts, key=lambda point: point.number)[rows[0]["Row"]])


def _draw_frontier_point_choice(points: Sequence[SweepPoint], field: ScenarioField) -> None:
    """The same by keyboard."""
    planned = [
        point
        for point in sorted(points, key=lambda point: point.number)
        if point.numbers.get("GPUs used") is not None
    ]
    words = [format_frontier_value(point.values[field.path]) for point in planned]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        at = st.selectbox(
            f"Point: {plain_markdown(field.label)}",
            range(len(planned)),
            format_func=lambda k: words[k],
            key="what-if-point",
            width=300,
        )
        if at is not None:
            key, args = "what-if-open-point", (planned[at],)
            st.button("Open as plan", key=key, on_click=_open_frontier_point, args=args)


@reruns.survive_reruns
def _open_frontier_point(point: SweepPoint) -> None:
    """Solve the point's inputs: with the worker's cuts this takes about a second."""
    memory = _frontier_memory()
    path = memory["field"].path
    state.set_edit(what_if_edit(memory["edit"], path, point.values[path]))
    state.start_session_solve()
