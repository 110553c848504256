"""Curves of the draft: what workers made of benchmark files, and what they estimated."""

from dataclasses import replace
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobOutcome
from app_pages.jobs.new_curves import EstimateChoice, NewCurves
from app_pages.session import job_slots, reruns
from app_pages.session.draft import (
    current_draft,
    draft_files,
    draft_folder,
    draft_outcome,
    draft_value,
)
from planner.profiling.measured_errors import NOTHING_HELD, MeasuredErrors
from planner.scenario.starting.curve_coverage import covered_pairs, curves_of_pairs

__all__ = [
    "ESTIMATE",
    "INSTEAD",
    "RUNS",
    "draft_estimate",
    "draft_estimate_choice",
    "draft_imported_curves",
    "draft_measured_curves",
    "draft_measured_errors",
    "draft_measured_lengths",
    "draft_runs",
    "draft_tokens",
    "start_draft_estimate",
]

RUNS, IMPORT, ESTIMATE = "new-runs", "new-curves", "new-estimate"
"""Slots."""
IDENTIFY = "app_pages.jobs.new_curves:identify_new_runs_job"
MAKE = "app_pages.jobs.new_curves:import_new_curves_job"
GUESS = "app_pages.jobs.new_curves:estimate_new_curves_job"
INSTEAD = "estimate all"
"""Field: whether pairs that were measured are estimated too, for want of a statistic."""
QUICK_S = 2.0
"""An estimate that takes no longer is shown without a progress box."""
DEGREES, SHARES = (1, 2, 4, 8), (100,)
TOKENS = {"input_tokens": 1000, "output_tokens": 250}


def draft_runs() -> JobOutcome | None:
    """Benchmark files, looked at: a NewRuns. None while a worker reads them."""
    args = (draft_folder(RUNS), draft_files(RUNS))
    done = draft_outcome(RUNS, IDENTIFY, args, "Reading the benchmark files")
    if done is None or not done.has_result:
        current_draft().values["measured"] = None
    return done


def draft_imported_curves(
    options: Any, stated: dict[str, dict[str, Any]], defaults: dict[str, Any]
) -> JobOutcome | None:
    """Curves of the benchmark files: a NewCurves. None while a worker makes them.

    Arguments as of `import_new_curves_job`.
    """
    args = (draft_folder(RUNS), options, stated, defaults)
    done = draft_outcome(IMPORT, MAKE, args, "Making curves of the benchmark files")
    current_draft().values["measured"] = done.result if done and done.has_result else None
    return done


def draft_measured_curves() -> pd.DataFrame | None:
    """The profile table of the benchmark files as they were last read."""
    made: NewCurves | None = draft_value("measured") if draft_files(RUNS) else None
    return None if made is None else made.frame


def draft_measured_errors() -> MeasuredErrors:
    """How far estimates lie from the points of the benchmark files."""
    made: NewCurves | None = draft_value("measured") if draft_files(RUNS) else None
    return NOTHING_HELD if made is None else made.errors


def draft_estimate_choice() -> EstimateChoice:
    """What is to be estimated: pairs of LLM and GPU type without measurements, or all pairs."""
    llms, gpus = draft_value("llms", []), draft_value("gpus", [])
    measured = set() if draft_value(INSTEAD) else covered_pairs(draft_measured_curves())
    return EstimateChoice(
        pairs=tuple((llm, gpu) for llm in llms for gpu in gpus if (llm, gpu) not in measured),
        tp_degrees=tuple(sorted(draft_value("degrees", list(DEGREES)))),
        shares_pct=tuple(sorted(draft_value("shares", list(SHARES)))),
        input_tokens=draft_value("input tokens", draft_tokens("input_tokens")),
        output_tokens=draft_value("output tokens", draft_tokens("output_tokens")),
    )


def draft_tokens(column: str) -> int:
    """Mean length of a request before one is typed: that of the load tests, where they say it.

    column: input_tokens or output_tokens.
    """
    measured = draft_measured_curves()
    if measured is None or column not in measured or not measured[column].notna().any():
        return TOKENS[column]
    return round(float(measured[column].median()))


def draft_measured_lengths() -> dict[str, str]:
    """LLM -> mean tokens of a prompt and of an answer in the benchmark files, as they are shown;
    none where the lengths were typed, or no file says them.
    """
    measured = draft_measured_curves()
    typed = draft_value("input tokens") or draft_value("output tokens")
    if typed or measured is None or not set(TOKENS) <= set(measured):
        return {}
    means = measured.groupby("llm")[list(TOKENS)].median().dropna()
    return {
        str(llm): f"{round(prompt):,} / {round(answer):,}"
        for llm, prompt, answer in means.itertuples(name=None)
    }


def draft_estimate() -> NewCurves | None:
    """The estimate, where it was made of all that is to be estimated now."""
    job, choice = job_slots.get(ESTIMATE), draft_estimate_choice()
    if job is None or job.outcome is None or not job.outcome.has_result:
        return None
    made: EstimateChoice = job.args[0]
    wanted = set(choice.pairs)
    if not wanted <= set(made.pairs) or replace(made, pairs=choice.pairs) != choice:
        return None
    result: NewCurves = job.outcome.result
    return replace(result, frame=curves_of_pairs(result.frame, wanted))


@reruns.survive_reruns
def start_draft_estimate() -> None:
    """Let a worker estimate."""
    args = (draft_estimate_choice(),)
    job_slots.start_in_slot(ESTIMATE, GUESS, args, "Estimating curves", wait=QUICK_S)
    current_draft().faults = ()
