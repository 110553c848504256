"""Tables of the scenario that are edited in place: pools, LLMs, SLOs, and those of a day.

An editor is handed a constant table and gives the edited one back; the constant one changes only
when something else changed the scenario. Valid edits take effect at once, faulty ones do not, and
their faults are shown below the editor.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.session import reruns, state
from app_pages.widgets.markdown import faults_markdown_box, markdown_bullets
from planner.errors import DataError
from planner.presentation.formatting import format_exact
from planner.scenario.demand.demand_edits import edit_llms_at, follow_renamed_pools
from planner.scenario.edits import ScenarioEdit, changed
from profiles.catalogue import load_catalogue_gpus

__all__ = [
    "COLUMNS",
    "EditedTable",
    "Row",
    "draw_edited_table",
    "draw_editor_changes",
    "draw_table_editor",
    "editor_cell",
    "editor_changes",
    "editor_content",
    "editor_row",
    "known_gpus",
    "row_origins",
]

Row = dict[str, Any]

SCOPES = {"all": "all requests together", "each_llm": "every LLM"}
"""Scope of an SLO -> what the editors show; a new row asks for one."""

COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "pools": {
        "name": st.column_config.TextColumn("Pool", required=True),
        "gpu": st.column_config.TextColumn(
            "GPU type", required=True, help="As in the profile table and the GPU catalogue."
        ),
        "nodes": st.column_config.NumberColumn(
            "Nodes", min_value=0, step=1, help="Blank: decided by the plan, within its bounds."
        ),
        "gpus_per_node": st.column_config.NumberColumn(
            "GPUs per node", required=True, min_value=1, step=1
        ),
        "memory_gib": st.column_config.NumberColumn(
            "Memory (GiB per GPU)", help="Blank: from the catalogue."
        ),
        "price_usd_per_gpu_h": st.column_config.NumberColumn(
            "Price (USD per GPU and h)", help="Blank: from the catalogue."
        ),
    },
    "llms": {
        "name": st.column_config.TextColumn(
            "LLM", required=True, help="As in the profile and scores tables."
        ),
        "weights_gib": st.column_config.NumberColumn(
            "Weights (GiB)", help="Blank: the catalogue's, where the profiles state no memory."
        ),
        "min_replicas": st.column_config.NumberColumn("Replicas at least", min_value=0, step=1),
        "max_replicas": st.column_config.NumberColumn(
            "Replicas at most", min_value=0, step=1, help="Blank: no limit."
        ),
    },
    "slo": {
        "metric": st.column_config.SelectboxColumn(
            "Metric", options=["ttft", "tpot", "e2e"], required=True
        ),
        "statistic": st.column_config.SelectboxColumn(
            "Statistic", options=["mean", "p50", "p90", "p95", "p99"], required=True
        ),
        "limit_ms": st.column_config.NumberColumn("Limit (ms)", required=True, min_value=0.001),
        "scope": st.column_config.SelectboxColumn(
            "Over",
            options=list(SCOPES),
            format_func=lambda scope: SCOPES[str(scope)],
            required=True,
            help="Over all requests together a slow LLM is made up for by fast ones; for every LLM"
            " each of them keeps the limit by itself.",
        ),
    },
}
BLANKS: Mapping[str, Any] = {
    "min_replicas": 0,
    "scope": "all",
    "hours": 1.0,
    "slo_factor": 1.0,
    "weight": 1.0,
}
"""What a blank cell means; nothing (None) in other columns."""


@dataclass(frozen=True, kw_only=True)
class EditedTable:
    """A part of the scenario that is edited as a table.

    key: name of the editor; alt: what the table is, for those who hear the page; columns: name ->
    column of Streamlit; rows: what the scenario holds now; content: edited rows and the positions
    of the present rows that they were (None: a new row) -> the scenario's content, DataError where
    they cannot be put there; fixed: rows are neither added nor taken away.
    """

    key: str
    alt: str
    columns: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Row]
    content: Callable[[list[Row], list[int | None]], Mapping[str, Any]]
    fixed: bool = False


def draw_table_editor(key: str, alt: str) -> None:
    """Edit one list of the scenario; of LLMs those of the cluster. alt: what the table is, for
    those who hear the page.
    """
    content = state.edited_content()
    # LLMs outside have a table of their own.
    places = [k for k, row in enumerate(content[key]) if row.get("api") is None]
    whole = [content[key][k] for k in places]

    def edited(rows: list[Row], origins: list[int | None]) -> dict[str, Any]:
        entries = editor_content(COLUMNS[key], whole, rows, origins)
        if key == "llms":
            new = [{"api": None, **entry} for entry in entries]
            return edit_llms_at(content, places, new, origins)
        if key == "pools":
            return follow_renamed_pools(content, entries, origins)
        return {**content, key: entries}

    now = [editor_row(COLUMNS[key], row) for row in whole]
    draw_edited_table(EditedTable(key=key, alt=alt, columns=COLUMNS[key], rows=now, content=edited))


def draw_edited_table(table: EditedTable) -> None:
    """Edit a table. A sound edit takes effect at once; a faulty one stays in the table, without
    effect, and its faults are shown below it.
    """
    now = list(table.rows)
    editor = _editor_base(table, now)
    base: pd.DataFrame = editor["base"]
    edited = st.data_editor(
        base,
        key=editor["widget"],
        column_config=dict[str, Any](table.columns),
        alt=table.alt,
        num_rows="fixed" if table.fixed else "dynamic",
        hide_index=True,
        width="stretch",
        placeholder="not set",
    )
    rows, marks = _editor_rows(edited, table.columns, fixed=table.fixed)
    editor["last"] = rows
    if rows == now:
        return
    try:
        origins = row_origins(now, editor["marks"], rows, marks, len(base))
        content = table.content(rows, origins)
        new = changed(state.current_edit(), content)
        new.scenario  # noqa: B018 - raises when the edit is refused
    except DataError as error:
        faults_markdown_box(error.faults, "This edit has no effect yet", state.scenario_folder())
        name, args = f"discard-{table.key}", (table.key,)
        st.button("Discard this edit", key=name, on_click=_discard_edit, args=args)
        return
    editor["marks"] = marks
    state.set_edit(new)
    st.rerun()


@reruns.survive_reruns
def _discard_edit(key: str) -> None:
    """Draw an editor anew, with what the scenario holds."""
    editor = st.session_state[f"editor-{key}"]
    editor["last"] = editor["drawn"] = None


def editor_row(columns: Mapping[str, Any], row: Mapping[str, Any]) -> Row:
    """What an editor shows of an entry; blank where a cell cannot hold it (bounds on nodes)."""
    shown = {name: row.get(name) for name in columns}
    return {name: None if isinstance(value, Mapping) else value for name, value in shown.items()}


def row_origins(
    before: Sequence[Row],
    marks: Sequence[int],
    rows: Sequence[Row],
    new_marks: Sequence[int],
    count: int,
) -> list[int | None]:
    """Of each edited row, the position of the row that it was before; None: it is new.

    marks: of the rows before, as of the edited ones: what Streamlit counts them by; count: of the
    rows with which the editor was first drawn. Those keep their marks. Rows that were added are
    counted anew when one of them is taken away, so that they are found by their names first.
    """
    found = [marks.index(mark) if mark < count and mark in marks else None for mark in new_marks]
    added = [k for k, mark in enumerate(new_marks) if mark >= count]
    places = {row["name"]: at for at, row in enumerate(before) if row.get("name") is not None}
    for k in added:
        at = places.get(rows[k].get("name"))
        found[k] = None if at in found else at
    for k in added:
        if found[k] is None and new_marks[k] in marks:
            at = marks.index(new_marks[k])
            found[k] = None if at in found else at
    return found


def editor_content(
    columns: Mapping[str, Any],
    whole: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    origins: Sequence[int | None],
) -> list[dict[str, Any]]:
    """Edited rows as the scenario's entries: what has no column or no cell here (how a pool is
    paid, bounds on its nodes) stays with its entry.
    """
    entries = []
    for row, origin in zip(rows, origins, strict=True):
        before = {} if origin is None else whole[origin]
        kept = {
            name: value
            for name, value in before.items()
            if name not in columns or (isinstance(value, Mapping) and row.get(name) is None)
        }
        entries.append({**row, **kept})
    return entries


def _editor_base(table: EditedTable, now: Sequence[Row]) -> dict[str, Any]:
    """The editor with its constant table and key; both new when the scenario holds something else
    than the editor gave, when its columns are others, or when it was not drawn.
    """
    editor, columns = st.session_state.get(f"editor-{table.key}"), str(table.columns)
    if (
        editor is None
        or editor["widget"] not in st.session_state
        or editor["columns"] != columns
        or len(editor["marks"]) != len(now)
        or (editor["last"] != now and editor["drawn"] != now)
    ):
        number = 0 if editor is None else editor["number"] + 1
        base = pd.DataFrame(now, columns=list(table.columns))
        for column in base.columns:
            numeric = _kind_of_column(table.columns[column]) == "number"
            base[column] = pd.to_numeric(base[column]) if numeric else base[column].astype(object)
        editor = {
            "number": number,
            "base": base,
            "widget": f"edit-{table.key}-{number}",
            "columns": columns,
            "last": now,
            "marks": list(range(len(now))),
        }
        st.session_state[f"editor-{table.key}"] = editor
    editor["drawn"] = now
    return editor


def _kind_of_column(column: Mapping[str, Any]) -> str:
    """text, number, selectbox or multiselect."""
    return column["type_config"]["type"]


def _editor_rows(
    edited: pd.DataFrame, columns: Mapping[str, Mapping[str, Any]], *, fixed: bool = False
) -> tuple[list[Row], list[int]]:
    """The edited table as the scenario's content, and the marks of its rows: Streamlit keeps the
    index of a row that was there, and counts on for new ones. Rows without anything are left out.
    """
    rows, marks = [], []
    for mark, record in zip(edited.index, edited[list(columns)].to_dict("records"), strict=True):
        row = {str(name): editor_cell(columns[str(name)], value) for name, value in record.items()}
        if fixed or any(value is not None for value in row.values()):
            rows.append({n: BLANKS.get(n) if value is None else value for n, value in row.items()})
            marks.append(int(mark))
    return rows, marks


def editor_cell(column: Mapping[str, Any], value: Any) -> Any:
    """A cell as the scenario's content has it: None where blank, text stripped, whole numbers as
    such in columns that step by 1.
    """
    if _kind_of_column(column) == "multiselect":
        chosen = [str(one) for one in value] if isinstance(value, Iterable) else []
        return chosen or None
    if value is None or value is pd.NA or value == "":
        return None
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    if math.isnan(number):
        return None
    whole = column["type_config"].get("step") == 1
    return int(number) if whole and number.is_integer() else number


def draw_editor_changes() -> None:
    """Every value that differs from the file, as it was read: a pasted 23,4 that became 234 shows
    up here.
    """
    overrides = state.current_edit().overrides
    if not overrides:
        st.caption("Nothing is changed: the inputs are those of the file.")
        return
    st.markdown("**Changed against the file, as read:**")
    markdown_bullets(editor_changes(state.current_edit().base, state.edited_content(), overrides))
    st.button("Back to the inputs of the file", key="reset-edits", on_click=_reset_edits)


@reruns.survive_reruns
def _reset_edits() -> None:
    """Take all changes back."""
    edit = state.current_edit()
    state.set_edit(ScenarioEdit(edit.path, edit.base))


def editor_changes(
    base: Mapping[str, Any], content: Mapping[str, Any], overrides: Mapping[str, Any]
) -> list[str]:
    """What differs from the file: path and value, or row by row where rows came, went or have
    other names.
    """
    lines: list[str] = []
    by_row: list[str] = []
    for path, value in overrides.items():
        key = path.partition(".")[0]
        before, after = base[key], content[key]
        if not _are_other_rows(before, after):
            lines.append(f"{path}: {_editor_value_text(value)}")
        elif key not in by_row:
            by_row.append(key)
            lines += _changed_rows(key, before, after)
    return lines


def _are_other_rows(before: Any, after: Any) -> bool:
    """Whether both are lists of named entries, and differ by more than one new name."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return False
    names = [
        [one.get("name") for one in rows if isinstance(one, Mapping)] for rows in (before, after)
    ]
    renamed = sum(one != other for one, other in zip(*names, strict=False))
    return (len(before) != len(after) or renamed > 1) and None not in (*names[0], *names[1])


def _changed_rows(key: str, before: list[Row], after: list[Row]) -> list[str]:
    """Rows that are new, differ, or are gone, found by their names."""
    old, lines = {row["name"]: row for row in before}, []
    for row in after:
        was = old.pop(row["name"], None)
        if was is None:
            lines.append(f"{key}, new: {_editor_value_text(row)}")
        else:
            changes = {name: one for name, one in row.items() if one != was.get(name)}
            lines += [
                f"{key}, {row['name']}: {name} {_editor_value_text(one)}"
                for name, one in changes.items()
            ]
    return [*lines, *(f"{key}, no longer: {name}" for name in old)]


def _editor_value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (
            f"{key}: {_editor_value_text(one)}" for key, one in value.items() if one is not None
        )
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        return "; ".join(_editor_value_text(one) for one in value) or "nothing"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format_exact(value)
    return "blank" if value is None else str(value)


def known_gpus() -> str:
    """GPU types whose memory and price are known."""
    return ", ".join(load_catalogue_gpus())
