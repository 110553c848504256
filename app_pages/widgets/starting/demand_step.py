"""Step 5: how many requests arrive: one rate, rates of classes, or a day's log."""

import streamlit as st

from app_pages.jobs.new_scenario import NewDay
from app_pages.session.draft import draft_files, draft_folder, draft_rows, draft_value
from app_pages.session.starting.draft_day import LOGS, draft_day, draft_day_outcome
from app_pages.session.starting.draft_demand import (
    DAY,
    ONE,
    SEVERAL,
    draft_demand_part,
    draft_demand_tokens,
    draft_lacks_tokens,
    draft_tokens_field,
)
from app_pages.session.starting.draft_outside import draft_prices_tokens
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_files,
    draw_draft_number,
    draw_draft_row_buttons,
    draw_draft_text,
)
from app_pages.widgets.tables import draw_shown_table
from planner.demand.day_levels import BinOrder
from planner.scenario.starting.new_scenario import new_scenario_faults
from profiles.io.faults import Fault
from profiles.request_logs.record import LogLabel

__all__ = ["demand_step_faults", "draw_demand_step"]

KINDS = {
    ONE: "one rate: all requests are alike",
    SEVERAL: "classes: several kinds of requests, each with its rate",
    DAY: "a day: rates that change, from a log of requests",
}
ENDINGS = ("csv", "jsonl", "json", "gz", "zip")
LABELS = {
    LogLabel.CLASS.value: "the log's class",
    LogLabel.MODEL.value: "the model called",
    LogLabel.NONE.value: "nothing: all are alike",
}
ORDERS = {
    BinOrder.TIME.value: "hours of similar rates",
    BinOrder.PERIOD.value: "periods of the day",
    BinOrder.HOUR_OF_DAY.value: "hours of the day, over several days",
}
MOST_LEVELS = 20


def draw_demand_step() -> None:
    """The kind of demand, and its numbers."""
    draw_draft_choice("demand", "Demand", list(KINDS), ONE, words=KINDS.__getitem__, radio=True)
    kind = draft_value("demand", ONE)
    if kind == DAY:
        _draw_demand_of_day()
    elif kind == SEVERAL:
        _draw_demand_of_classes()
    else:
        draw_draft_number(
            "rate", "Arrival rate (req/s)", step=1.0, min_value=0.001, placeholder="e.g. 40"
        )
        st.caption("Requests per second of all users together, at the busiest time planned for.")
        if draft_prices_tokens():
            with st.container(horizontal=True):
                _draw_demand_tokens()


def _draw_demand_tokens(of: str = "") -> None:
    """Lengths of requests, where an LLM outside is paid by tokens. of: beginning of the names."""
    labels = ("Tokens of a prompt (mean)", "Tokens of an answer (mean)")
    for label, (key, first) in zip(labels, draft_demand_tokens(of).items(), strict=True):
        field = draft_tokens_field(key, of)
        draw_draft_number(field, label, first, step=1, min_value=0, width=190)


def _draw_demand_of_classes() -> None:
    st.markdown(
        "A class is requests of one kind, which the gateway tells by a header or an API key."
        " SLOs of a class are set in the next step; its LLMs and scores on the page Inputs"
        " afterwards."
    )
    for k in draft_rows("class", 2):
        with st.container(horizontal=True):
            name, label = f"class {k} name", f"Class {k + 1}"
            draw_draft_text(name, label, placeholder="e.g. chat", width=190)
            rate, label = f"class {k} rate", "Rate (req/s)"
            draw_draft_number(rate, label, step=1.0, min_value=0.0, width=150)
            if draft_prices_tokens():
                _draw_demand_tokens(f"class {k} ")
    draw_draft_row_buttons("class", 2, "a class", least=1)


def _draw_demand_of_day() -> None:
    st.caption(
        "OpenTelemetry GenAI spans, Azure or BurstGPT CSV, Mooncake or semantic-router JSON lines,"
        " a CSV with a column time or arrival_s, or a table of rates. No text of a prompt is kept."
    )
    draw_draft_files(LOGS, "Logs", ENDINGS, several=True)
    if not draft_files(LOGS):
        return
    with st.container(horizontal=True):
        draw_draft_number("levels", "Cases at most", 4, step=1, min_value=1, max_value=MOST_LEVELS)
        draw_draft_choice(
            "bins by", "Cases are", list(ORDERS), BinOrder.TIME.value, words=ORDERS.__getitem__
        )
        draw_draft_choice(
            "class by", "Classes by", list(LABELS), LogLabel.CLASS.value, words=LABELS.__getitem__
        )
        draw_draft_number("scale", "All rates times", 1.0, step=0.1, min_value=1e-9)
    if draft_value("levels", 4) is None or draft_value("scale", 1.0) is None:
        st.info("Fill in both numbers.")
        return
    done = draft_day_outcome()
    if done is None:
        st.info("Reading the logs.")
    elif done.has_result:
        _draw_read_day(done.result)
    else:
        failure_markdown_box(done, "Not read", f"{draft_folder(LOGS)}/")


def _draw_read_day(day: NewDay) -> None:
    st.markdown(f"**{plain_markdown(day.headline)}**")
    draw_shown_table(day.levels, "Cases: hours, bins and rates by class.", whole=True)
    with st.expander("What this means, and what was left out"):
        markdown_bullets(line.replace(f"{draft_folder(LOGS)}/", "") for line in day.lines)
        draw_shown_table(day.classes, "Classes: rates, tokens and burstiness.", whole=True)
    if draft_lacks_tokens():
        st.markdown("The log does not say how long requests are, and prices by tokens need it.")
        with st.container(horizontal=True):
            _draw_demand_tokens()


def demand_step_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    kind = draft_value("demand", ONE)
    if kind == ONE and draft_value("rate") is None:
        return (Fault("Demand", "", "", "the arrival rate is blank", "type requests per second"),)
    if kind != DAY:
        return new_scenario_faults(draft_demand_part(), "Demand")
    day = None if None in (draft_value("levels", 4), draft_value("scale", 1.0)) else draft_day()
    if day is None:
        fix = "upload a log of requests and wait until it is read, or choose another demand"
        return (Fault("Demand", "", "", "there are no cases of a day yet", fix),)
    return new_scenario_faults(draft_demand_part(), "Demand")
