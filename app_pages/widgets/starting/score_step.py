"""Step 4: how good each LLM's answers are expected to be: a table of yours, or a stand-in."""

import streamlit as st

from app_pages.jobs.new_scores import NewScores
from app_pages.session.draft import draft_folder, draft_value
from app_pages.session.starting.draft_scores import (
    EXAMPLE,
    SCORES,
    UPLOAD,
    draft_named_scores,
    draft_score_columns,
    draft_score_table,
    draft_scores,
    score_column_field,
)
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.starting.draft_fields import draw_draft_choice, draw_draft_files
from app_pages.widgets.tables import draw_shown_table
from profiles.io.faults import Fault

__all__ = ["draw_score_step", "score_step_faults"]

ENDINGS = ("csv", "parquet", "xlsx", "json", "jsonl", "zip")
SOURCES = {
    UPLOAD: "a table of mine",
    EXAMPLE: "none yet: take an example's as a stand-in",
}
GAPS = {"error": "are an error", "drop": "are left out"}
STAND_IN = (
    "**These scores are a stand-in**, made up: a plan's quality and routing **mean nothing** until"
    " you bring scores of your own; GPUs and cost may then change. All exports say so."
)

DEALT = (
    "Dealt by size alone: the largest of your LLMs gets the column of the largest LLM of the"
    " example, and so on down, also where a name would suggest another column."
)


def draw_score_step() -> None:
    """Where scores come from, which column is whose, what they look like."""
    st.markdown(
        "How good is each LLM's answer to each prompt of a sample expected to be? Higher is better."
    )
    draw_draft_choice("scores from", "Scores", list(SOURCES), words=SOURCES.__getitem__, radio=True)
    chosen = draft_value("scores from")
    if chosen == UPLOAD:
        st.caption(
            "One row a prompt: `prompt_id`, then a column for each LLM (CSV, Parquet, a workbook"
            " with a sheet Scores); or graded benchmarks: LLMRouterBench, lm-evaluation-harness,"
            " semantic-router, RouterBench."
        )
        draw_draft_files(SCORES, "Scores", ENDINGS, several=True)
    elif chosen == EXAMPLE:
        st.error(STAND_IN, icon=":material/warning:")
    _draw_score_table()


def _draw_score_table() -> None:
    done = draft_score_table()
    if done is None:
        return
    folder = f"{draft_folder(SCORES)}/"
    if not done.has_result:
        failure_markdown_box(done, "Not read", folder)
        return
    table: NewScores = done.result
    markdown_bullets(line.replace(folder, "") for line in table.lines)
    _draw_score_columns(table)
    named = draft_named_scores(table)
    if named is None:
        st.info("Reading the scores.")
    elif not named.has_result:
        failure_markdown_box(named, "Not taken yet", folder)
    else:
        st.markdown(f"**{named.result.prompts:,} prompts.**")
        alt = "Scores: mean, lowest and highest by LLM, and how often it is the best."
        if draft_value("scores from") == EXAMPLE:
            with st.expander("The made-up scores by LLM"):
                draw_shown_table(named.result.summary, alt, whole=True)
        else:
            draw_shown_table(named.result.summary, alt, whole=True)
        markdown_bullets(line.replace(folder, "") for line in named.result.notices)


def _draw_score_columns(table: NewScores) -> None:
    """A choice for each LLM, with what its name suggests."""
    columns = draft_score_columns(table)
    stand_in = draft_value("scores from") == EXAMPLE
    head = "Whose made-up scores each LLM gets" if stand_in else "Which column is whose"
    open_ = None in columns.values()
    with st.expander(head, icon=":material/view_column:", expanded=open_):
        if stand_in:
            st.caption(DEALT)
        with st.container(horizontal=True):
            for llm, column in columns.items():
                label = f"{'Scores' if stand_in else 'Column'} of {plain_markdown(llm)}"
                draw_draft_choice(
                    score_column_field(llm),
                    label,
                    list(table.columns),
                    column,
                    placeholder="choose",
                )
        if not stand_in:
            draw_draft_choice(
                "gaps", "Prompts that lack a score", list(GAPS), "error", words=GAPS.__getitem__
            )


def score_step_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if draft_scores() is not None:
        return ()
    fix = "upload a table and see that every LLM has a column, or take the stand-in"
    return (Fault("scores", "", "", "there are no scores of these LLMs yet", fix),)
