"""Tables of the scenario that are edited in place: pools, LLMs, SLOs.

An editor is handed a constant table and gives the edited one back; the constant one changes only
when something else changed the scenario. Valid edits take effect at once, faulty ones do not, and
their faults are shown below the editor.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app_pages.session import state
from app_pages.widgets.markdown import faults_markdown_box, markdown_bullets
from planner.errors import DataError
from planner.presentation.formatting import format_exact
from planner.scenario.edits import changed
from profiles.catalogue import load_catalogue_gpus

__all__ = ["draw_editor_changes", "draw_table_editor", "editor_content", "known_gpus"]

Row = dict[str, Any]

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
            "Over", options=["all", "each_llm"], help="All requests together, or each LLM."
        ),
    },
}
TEXTS = ("name", "gpu", "metric", "statistic", "scope")
WHOLE = ("nodes", "gpus_per_node", "min_replicas", "max_replicas")
BLANKS: Mapping[str, Any] = {"min_replicas": 0, "scope": "all"}
"""What a blank cell means; nothing (None) in other columns."""


def draw_table_editor(key: str, alt: str) -> None:
    """Edit one list of the scenario. alt: what the table is, for those who hear the page."""
    whole = state.edited_content()[key]
    now = [_editor_row(key, row) for row in whole]
    base, widget = _editor_base(key, now)
    edited = st.data_editor(
        base,
        key=widget,
        column_config=dict(COLUMNS[key]),
        alt=alt,
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        placeholder="not set",
    )
    rows = _editor_rows(edited, key)
    st.session_state[f"editor-{key}"]["last"] = rows
    if rows == now:
        return
    content = {**state.edited_content(), key: editor_content(key, whole, rows)}
    new = changed(state.current_edit(), content)
    try:
        new.scenario  # noqa: B018 - raises when the edit is refused
    except DataError as error:
        faults_markdown_box(error.faults, "This edit has no effect yet", state.scenario_folder())
        return
    state.set_edit(new)
    st.rerun()


def _editor_row(key: str, row: Mapping[str, Any]) -> Row:
    """What an editor shows of an entry; blank where a cell cannot hold it (bounds on nodes)."""
    shown = {name: row.get(name) for name in COLUMNS[key]}
    return {name: None if isinstance(value, Mapping) else value for name, value in shown.items()}


def editor_content(
    key: str, whole: Sequence[Mapping[str, Any]], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Edited rows as the scenario's entries: what has no column or no cell here (how a pool is
    paid, bounds on its nodes) stays with its entry, found by its name, or by its place where
    entries are neither added nor taken away.
    """
    by_name = {row["name"]: row for row in whole if "name" in row}
    same = len(rows) == len(whole)
    entries = []
    for at, row in enumerate(rows):
        before = by_name.get(row.get("name"), whole[at] if same else {})
        kept = {
            name: value
            for name, value in before.items()
            if name not in COLUMNS[key] or (isinstance(value, Mapping) and row.get(name) is None)
        }
        entries.append({**row, **kept})
    return entries


def _editor_base(key: str, now: Sequence[Row]) -> tuple[pd.DataFrame, str]:
    """The constant table and the editor's key; both new when the scenario holds something else
    than the editor gave, or when it was not drawn.
    """
    editor = st.session_state.get(f"editor-{key}")
    if (
        editor is None
        or editor["widget"] not in st.session_state
        or (editor["last"] != now and editor["drawn"] != now)
    ):
        number = 0 if editor is None else editor["number"] + 1
        base = pd.DataFrame(now, columns=list(COLUMNS[key]))
        for column in base.columns:
            numeric = column not in TEXTS
            base[column] = pd.to_numeric(base[column]) if numeric else base[column].astype(object)
        editor = {"number": number, "base": base, "widget": f"edit-{key}-{number}", "last": now}
        st.session_state[f"editor-{key}"] = editor
    editor["drawn"] = now
    return editor["base"], editor["widget"]


def _editor_rows(edited: pd.DataFrame, key: str) -> list[Row]:
    """The edited table as the scenario's content; rows without anything are left out."""
    rows = []
    for record in edited[list(COLUMNS[key])].to_dict("records"):
        row = {str(name): _editor_cell_value(str(name), value) for name, value in record.items()}
        if any(value is not None for value in row.values()):
            filled = row.items()
            rows.append({n: BLANKS.get(n) if value is None else value for n, value in filled})
    return rows


def _editor_cell_value(name: str, value: Any) -> Any:
    """A cell as the scenario's content has it: None where blank, text stripped, whole numbers as
    such.
    """
    if value is None or value is pd.NA or value == "":
        return None
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    if math.isnan(number):
        return None
    return int(number) if name in WHOLE and number.is_integer() else number


def draw_editor_changes() -> None:
    """Every value that differs from the file, as it was read: a pasted 23,4 that became 234 shows
    up here.
    """
    overrides = state.current_edit().overrides
    if not overrides:
        st.caption("Nothing is changed: the inputs are those of the file.")
        return
    st.markdown("**Changed against the file, as read:**")
    markdown_bullets(f"{path}: {_editor_value_text(value)}" for path, value in overrides.items())


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
