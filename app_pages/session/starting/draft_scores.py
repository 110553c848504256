"""Scores of the draft: the table that was uploaded, or an example's, with a column for each LLM."""

import hashlib
from pathlib import Path

from app_pages.jobs.messages import JobOutcome
from app_pages.jobs.new_scores import NewScores
from app_pages.session import job_slots
from app_pages.session.draft import (
    draft_files,
    draft_folder,
    draft_outcome,
    draft_value,
)
from app_pages.session.starting.draft_outside import draft_llm_names
from planner.scenario.starting.score_columns import (
    NamedScores,
    stand_in_score_columns,
    suggest_score_columns,
)

__all__ = [
    "EXAMPLE",
    "SCORES",
    "UPLOAD",
    "draft_named_scores",
    "draft_score_columns",
    "draft_score_table",
    "draft_scores",
    "draft_scores_path",
    "score_column_field",
]

SCORES, STAND_IN, NAMED = "new-scores", "new-stand-in", "new-named-scores"
"""Slots."""
UPLOAD, EXAMPLE = "upload", "example"
"""Where scores come from."""
READ = "app_pages.jobs.new_scores:read_new_scores_job"
TAKE = "app_pages.jobs.new_scores:stand_in_scores_job"
NAME = "app_pages.jobs.new_scores:name_new_scores_job"


def draft_score_table() -> JobOutcome | None:
    """The table: a NewScores. None while a worker reads it, or nothing was given."""
    if draft_value("scores from") == EXAMPLE:
        return draft_outcome(STAND_IN, TAKE, (), "Reading the scores of an example")
    if not draft_files(SCORES):
        return None
    args = (draft_folder(SCORES), draft_files(SCORES))
    return draft_outcome(SCORES, READ, args, "Reading the scores")


def draft_score_columns(table: NewScores) -> dict[str, str | None]:
    """LLM -> column of the table, as chosen or suggested; None where neither is."""
    llms = draft_llm_names()
    of_example = draft_value("scores from") == EXAMPLE
    suggest = stand_in_score_columns if of_example else suggest_score_columns
    suggested = suggest(llms, table.columns)
    chosen = {llm: draft_value(score_column_field(llm)) for llm in llms}
    return {
        llm: column if column in table.columns else suggested.get(llm)
        for llm, column in chosen.items()
    }


def score_column_field(llm: str) -> str:
    """The field that holds the column of an LLM; a table of one's own and the stand-in have their
    own.
    """
    return f"column {draft_value('scores from')} {llm}"


def draft_named_scores(table: NewScores) -> JobOutcome | None:
    """The table with a column for each LLM: a NamedScores. None while a worker writes it."""
    return draft_outcome(NAMED, NAME, _naming(table), "Reading the scores")


def _naming(table: NewScores) -> tuple[object, ...]:
    columns = draft_score_columns(table)
    missing = draft_value("gaps", "error")
    mark = hashlib.sha256(repr((table.path, columns, missing)).encode()).hexdigest()[:16]
    out = str(Path(draft_folder(NAMED)) / f"{mark}.csv")
    return (table.path, columns, out, missing)


def draft_scores() -> NamedScores | None:
    """Scores that go with the LLMs chosen now."""
    table = draft_score_table()
    if table is None or not table.has_result:
        return None
    done = job_slots.slot_outcome_for(NAMED, _naming(table.result))
    return done.result if done is not None and done.has_result else None


def draft_scores_path() -> Path | None:
    """The file of `draft_scores`."""
    job = job_slots.get(NAMED)
    return None if job is None or draft_scores() is None else Path(job.args[2])
