"""A day of the draft: the cases that a worker made of its logs."""

from app_pages.jobs.messages import JobOutcome
from app_pages.jobs.new_scenario import NewDay
from app_pages.session import job_slots
from app_pages.session.draft import (
    draft_files,
    draft_folder,
    draft_outcome,
    draft_value,
)
from planner.demand.day import DayChoices
from planner.demand.day_levels import BinOrder
from profiles.request_logs.record import LogLabel

__all__ = ["LOGS", "draft_day", "draft_day_outcome"]

LOGS = "new-day"
"""Slot."""
READ = "app_pages.jobs.new_scenario:read_new_day_job"
HOUR_S = 3600.0


def _reading() -> tuple[object, ...]:
    choices = DayChoices(
        levels=draft_value("levels", 4),
        order=BinOrder(draft_value("bins by", BinOrder.TIME.value)),
        scale=draft_value("scale", 1.0),
        utc_offset_s=HOUR_S * draft_value("utc offset", 0.0),
    )
    label = LogLabel(draft_value("class by", LogLabel.CLASS.value))
    return (draft_folder(LOGS), draft_files(LOGS), label, choices)


def draft_day_outcome() -> JobOutcome | None:
    """The day as it is chosen now: a NewDay. None while a worker makes it."""
    return draft_outcome(LOGS, READ, _reading(), "Reading the logs")


def draft_day() -> NewDay | None:
    """The day, where it was made as it is chosen now."""
    if not draft_files(LOGS):
        return None
    done = job_slots.slot_outcome_for(LOGS, _reading())
    return done.result if done is not None and done.has_result else None
