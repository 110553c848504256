"""The frontier on the page What-if: one field varied, every point with its bound; a point that is
clicked opens as the plan.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages.charts import what_if
from app_pages.session import reruns, state, work
from app_pages.session.markdown import bullets, faults_box, plain
from app_pages.session.state import Shown
from app_pages.widgets import tables
from planner.errors import DataError
from planner.packed_files import EXAMPLES, IS_WHEEL
from planner.presentation.frontier import (
    format_field_value,
    frontier_lines,
    frontier_measures,
    frontier_table,
)
from planner.presentation.what_if import (
    MOST_POINTS,
    ScenarioField,
    edit_with_value,
    field_value,
    frontier_axis,
    overrides_without,
    scenario_fields,
    sweep_command,
)
from planner.scenario.edits import ScenarioEdit
from planner.studies.sweep import SweepPoint
from profiles.io.writing import csv_text

__all__ = ["asked_for", "draw"]

JOB = "app_pages.jobs.what_if:frontier"
SLOT = "frontier"
OTHER = "Another field, by its dotted path"
CHART = "what-if-frontier"


def memory() -> dict[str, Any]:
    """What is kept for the session: field and values as they were chosen, and of which question the
    frontier is.
    """
    return st.session_state.setdefault(
        "frontier", {"label": None, "path": "", "values": "", "measure": None}
    )


def asked_for() -> None:
    """Forget a frontier of another scenario's files."""
    of = memory().get("of")
    if of is not None and of.path != state.asked().path:
        work.clear(SLOT)
        st.session_state.pop("frontier")


def draw(here: Shown) -> None:
    """Field, values, button; then chart, words and table."""
    st.subheader("Frontier: vary a field")
    st.markdown(
        "Every value is planned anew, everything else as asked now. Click a point (or choose it"
        " below the chart) to open its plan."
    )
    asked, kept = state.asked(), memory()
    quality = here.content["quality"] if here.asked == asked else None
    fields = scenario_fields(state.content(), quality)
    field = choose(fields)
    if field is None:
        return
    st.session_state["what-if-values"] = kept["values"]
    told = "START:STOP:STEP, or values with commas, as the command `sweep` reads them"
    st.text_input(
        "Values",
        key="what-if-values",
        on_change=remember,
        args=("values", "what-if-values"),
        help=told,
    )
    try:
        axis = frontier_axis(field, kept["values"])
    except DataError as error:
        faults_box(error.faults, "These values cannot be used")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        job: dict[str, Any] = {"on_click": start, "args": (asked, field, axis.values)}
        st.button(
            f"Plan {len(axis.values)} points",
            key="what-if-frontier-start",
            type="primary",
            disabled=work.running(SLOT),
            **job,
        )
        name = st.session_state.get("example")
        file, where = _command_file(asked.path, name if name in EXAMPLES else None)
        st.caption(
            f"At most {MOST_POINTS} here. The same with more, side by side, as a file{where}:"
        )
    st.code(
        sweep_command(file, overrides_without(asked, field.path), axis),
        language=None,
        wrap_lines=True,
    )
    found(here)


def _command_file(path: str, example: str | None) -> tuple[str, str]:
    """How a command names the scenario's file, and where the reader gets that file."""
    if example is None:
        return Path(path).name, " (take scenario.yaml from the page Export first)"
    if IS_WHEEL:
        return f"{example}/scenario.yaml", f" (run `llm-planner init --example {example}` first)"
    return f"examples/{example}/scenario.yaml", ""


def choose(fields: Sequence[ScenarioField]) -> ScenarioField | None:
    """The field to vary; one that is not listed by its path."""
    kept = memory()
    labels = [*(field.label for field in fields), OTHER]
    if kept["label"] not in labels:
        kept["label"], kept["values"] = labels[0], fields[0].values
    st.session_state["what-if-field"] = kept["label"]
    st.selectbox(
        "What to vary",
        labels,
        key="what-if-field",
        on_change=chosen,
        args=({field.label: field.values for field in fields},),
    )
    if kept["label"] != OTHER:
        return next(field for field in fields if field.label == kept["label"])
    st.session_state["what-if-path"] = kept["path"]
    told = "e.g. setups.tp_degrees, with values like [1],[1, 2],[1, 2, 4]"
    st.text_input(
        "Dotted path",
        key="what-if-path",
        on_change=remember,
        args=("path", "what-if-path"),
        help=told,
    )
    path = kept["path"].strip()
    if not path:
        return None
    return ScenarioField(path, path, "")


@reruns.whole
def chosen(values: dict[str, str]) -> None:
    """Another field: its values worth trying."""
    kept = memory()
    kept["label"] = st.session_state["what-if-field"]
    kept["values"] = values.get(kept["label"], "")


@reruns.whole
def remember(name: str, key: str) -> None:
    """A widget was changed."""
    memory()[name] = st.session_state[key]


@reruns.whole
def start(asked: ScenarioEdit, field: ScenarioField, values: tuple[Any, ...]) -> None:
    """Plan all points."""
    memory().update({"of": asked, "field": field, "measure": None})
    args = (asked.path, overrides_without(asked, field.path), field.path, list(values))
    work.start(SLOT, JOB, args, f"Frontier over {field.label}", key=state.key_of(asked))


# ---------------------------------------------------------------- what was found


def found(here: Shown) -> None:
    """The points that are there, while the others are planned and afterwards."""
    kept, what = memory(), work.work_of(SLOT)
    if what is None or "field" not in kept:
        return
    done, field, of = what.outcome, kept["field"], kept["of"]
    if done is not None and done.kind == "faults":
        faults_box(done.faults, "Not done", state.folder())
        return
    if done is not None and done.kind == "failed":
        st.warning(plain(done.message))
    points = list(what.parts)
    if not points:
        return
    wanted = len(what.args[-1])
    if done is not None and len(points) < wanted:
        st.warning(
            f"Stopped: {len(points)} of {wanted} points are planned; all that stands here is of"
            " these."
        )
    if overrides_without(state.asked(), field.path) != overrides_without(of, field.path):
        st.caption("This frontier answers earlier inputs; its points open with those.")
    same = overrides_without(here.asked, field.path) == overrides_without(of, field.path)
    frame = frontier_table(points, field, field_value(here.asked, field.path) if same else None)
    measures = frontier_measures(frame)
    if measures:
        kept["measure"] = kept["measure"] if kept["measure"] in measures else measures[0]
        st.session_state["what-if-measure"] = kept["measure"]
        st.selectbox(
            "Drawn over it",
            measures,
            key="what-if-measure",
            on_change=remember,
            args=("measure", "what-if-measure"),
            width=360,
        )
        chart, told = what_if.frontier(frame, kept["measure"])
        st.altair_chart(
            chart,
            alt=told,
            key=CHART,
            width="stretch",
            on_select=clicked,
            selection_mode=what_if.CHOSEN,
        )
        if kept["measure"] == measures[0]:
            st.caption("Line and points: found. Dashed: best possible; no plan lies beyond it.")
        open_box(points, field)
    bullets(frontier_lines(frame))
    tables.show(
        frame,
        f"One point a row: {field.label}, status, objective found and best possible, quality, cost,"
        " GPUs, SLOs, reason.",
    )
    st.download_button(
        "Frontier as CSV",
        csv_text(frame),
        "frontier.csv",
        "text/csv",
        key="what-if-csv",
        on_click="ignore",
    )


@reruns.whole
def clicked() -> None:
    """A point of the chart was clicked."""
    rows = st.session_state[CHART].selection.get(what_if.CHOSEN, [])
    what = work.work_of(SLOT)
    if rows and what is not None:
        open_point(sorted(what.parts, key=lambda point: point.number)[rows[0]["Row"]])


def open_box(points: list[SweepPoint], field: ScenarioField) -> None:
    """The same by keyboard."""
    good = [
        point
        for point in sorted(points, key=lambda point: point.number)
        if point.told.get("GPUs used") is not None
    ]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = [format_field_value(point.values[field.path]) for point in good]
        at = st.selectbox(
            f"Point: {plain(field.label)}",
            range(len(good)),
            format_func=lambda k: words[k],
            key="what-if-point",
            width=300,
        )
        if at is not None:
            st.button(
                "Open as plan", key="what-if-open-point", on_click=open_point, args=(good[at],)
            )


@reruns.whole
def open_point(point: SweepPoint) -> None:
    """Ask the point's question and plan it: with the worker's cuts this takes about a second."""
    kept = memory()
    state.set_asked(
        edit_with_value(kept["of"], kept["field"].path, point.values[kept["field"].path])
    )
    state.solve()
