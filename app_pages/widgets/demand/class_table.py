"""Classes of requests: weight, LLMs permitted, floors of quality, tokens; and their SLOs."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages.session import state
from app_pages.widgets.demand.known_rates import known_rates
from app_pages.widgets.editors import (
    COLUMNS,
    EditedTable,
    Row,
    draw_edited_table,
    editor_content,
    editor_row,
)
from app_pages.widgets.markdown import plain_markdown
from planner.errors import DataError
from planner.presentation.formatting import format_exact
from planner.scenario.demand.demand_edits import edit_demand_classes
from profiles.io.faults import Fault

__all__ = [
    "class_entries",
    "class_slo_rows",
    "classes_with_slos",
    "draw_class_slo_table",
    "draw_class_table",
]


def draw_class_table() -> None:
    """A row for each class; nothing while the rates are unknown."""
    content, rates = state.edited_content(), known_rates()
    if rates is None:
        return
    classes = content["classes"] or []
    columns = _class_columns(content)

    def edited(rows: list[Row], origins: list[int | None]) -> dict[str, Any]:
        entries = class_entries(columns, classes, rows, origins)
        return edit_demand_classes(content, rates, entries, origins)

    draw_edited_table(
        EditedTable(
            key="classes",
            alt="Classes: name, weight, quality, LLMs permitted, tokens, work.",
            columns=columns,
            rows=[editor_row(columns, one) for one in classes],
            content=edited,
        )
    )
    st.caption(
        "A class is requests of one kind, which the gateway tells by a header or an API key. Its"
        " limits and its LLMs hold for its own requests."
    )
    _draw_class_work(classes)


def _class_columns(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    llms = [llm["name"] for llm in content["llms"]]
    tokens = "Mean, for prices by tokens."
    return {
        "name": text("Class", required=True),
        "weight": number("Weight", help="Of one request in the objective. Blank: 1."),
        "quality_at_least": number("Quality at least", help="In every case. Blank: no limit."),
        "llms": st.column_config.MultiselectColumn(
            "LLMs permitted", options=llms, help="Blank: all."
        ),
        "input_tokens": number("Input tokens", min_value=0.0, help=tokens),
        "output_tokens": number("Output tokens", min_value=0.0, help=tokens),
        "work": number("Work", help="Load of one request; 1: as profiled. Blank: 1, or by LLM."),
        "scores": text("Scores", disabled=True, help="Its own table. Blank: the scenario's."),
    }


def _draw_class_work(classes: Sequence[Mapping[str, Any]]) -> None:
    """Work by LLM, which has no cell."""
    for one in classes:
        if isinstance(one["work"], Mapping):
            by_llm = (f"{llm} {format_exact(work)}" for llm, work in one["work"].items())
            words = plain_markdown(f"Work of {one['name']} by LLM: {', '.join(by_llm)}")
            st.caption(f"{words} (1 on other LLMs). A number in the table replaces it.")


def class_entries(
    columns: Mapping[str, Any],
    classes: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    origins: Sequence[int | None],
) -> list[dict[str, Any]]:
    """Edited rows as classes."""
    entries = editor_content(columns, classes, rows, origins)
    return [
        {"slo": [], **one, "work": 1.0 if one["work"] is None else one["work"]} for one in entries
    ]


def draw_class_slo_table() -> None:
    """A row for each SLO of a class."""
    content = state.edited_content()
    classes = content["classes"]
    if not classes:
        return
    names = [one["name"] for one in classes]

    def edited(rows: list[Row], _: list[int | None]) -> dict[str, Any]:
        return {**content, "classes": classes_with_slos(classes, rows)}

    st.markdown("**SLOs of classes**: over the requests of one class.")
    draw_edited_table(
        EditedTable(
            key="class-slo",
            alt="SLOs of classes: class, metric, statistic, limit and scope.",
            columns={
                "class": st.column_config.SelectboxColumn("Class", options=names, required=True),
                **COLUMNS["slo"],
            },
            rows=class_slo_rows(classes),
            content=edited,
        )
    )


def class_slo_rows(classes: Sequence[Mapping[str, Any]]) -> list[Row]:
    """SLOs of all classes below each other."""
    return [{"class": one["name"], **slo} for one in classes for slo in one["slo"]]


def classes_with_slos(
    classes: Sequence[Mapping[str, Any]], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Classes with the SLOs of the rows. DataError where a row names none of them."""
    names = [one["name"] for one in classes]
    slos: dict[str, list[Row]] = {name: [] for name in names}
    faults = []
    for k, row in enumerate(rows):
        slo = {key: value for key, value in row.items() if key != "class"}
        if row["class"] in slos:
            slos[row["class"]].append(slo)
        else:
            problem, fix = "the SLO names no class", f"choose one of {', '.join(names)}"
            faults.append(Fault("SLOs of classes", f"row {k + 1}", "", problem, fix))
    if faults:
        raise DataError(faults)
    return [{**one, "slo": slos[one["name"]]} for one in classes]
