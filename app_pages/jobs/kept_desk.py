"""What a visitor has on the page besides the scenario, as contents of drafts, and back: the answers
of a half-filled New scenario with its uploaded files, and the plans of Compare.

A draft opens with its first file. That of a scenario is the scenario; these two have names of their
own, which no scenario has.

    answers.of-new-scenario   step, values and names of files; <slot>/<k> the k-th file of a slot
    plans.of-compare          names, changes and examples; <k>/... the files of the k-th plan's
                              scenario, plan-<k>.json its plan
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app_pages.jobs.draft_keeper import (
    ANSWERS_FILE,
    PLANS_FILE,
    AnswersState,
    ComparedState,
    DraftState,
)
from app_pages.jobs.kept_work import opened_kept_work
from app_pages.jobs.messages import JobContext, OpenedWork
from planner.errors import DataError
from planner.library.drafts import DraftContent, read_draft
from planner.library.input_files import MOST_INPUT_BYTES, KeptInput, collect_input_files
from planner.library.library_database import open_library_database
from planner.plans.plan_file import plan_file_text
from planner.scenario.edits import content_of_edit
from planner.settings import Progress

__all__ = [
    "OpenedAnswers",
    "OpenedPlans",
    "desk_content",
    "open_desk_answers_job",
    "open_desk_plans_job",
]

MOST_ANSWER_BYTES = 50_000_000
"""Of the files of a half-filled scenario: they are written again with every answer that changes."""


@dataclass(frozen=True)
class OpenedAnswers:
    """step: of New scenario, from 0; files: slot -> name and stored path, without those that were
    too large; is_whole: whether all files are there.
    """

    step: int
    values: Mapping[str, Any]
    files: Mapping[str, tuple[tuple[str, str], ...]]
    is_whole: bool = True


@dataclass(frozen=True)
class OpenedPlans:
    """plans: name, whether the person gave it, what was chosen as the scenario, the work."""

    plans: tuple[tuple[str, bool, str, OpenedWork], ...]


def desk_content(state: DraftState | AnswersState | ComparedState) -> DraftContent:
    """What is kept of a state; DataError where a file of it is gone or too large."""
    if isinstance(state, AnswersState):
        return _content_of_answers(state)
    if isinstance(state, ComparedState):
        return _content_of_plans(state)
    kept, plan = _work_of_desk(state)
    return DraftContent(state.name, kept, plan)


def _work_of_desk(state: DraftState) -> tuple[KeptInput, dict[str, Any] | None]:
    """The files of a scenario, and the content of the plan that goes with them."""
    edit = state.edit
    kept = collect_input_files(Path(edit.path), content_of_edit(edit), edit.overrides)
    if state.plan is None:
        return kept, None
    moved = {k: v for k, v in kept.overrides.items() if k not in edit.overrides}
    return kept, {**state.plan, "overrides": {**state.planned, **moved}}


def _content_of_answers(state: AnswersState) -> DraftContent:
    files: dict[str, bytes] = {}
    size = sum(Path(path).stat().st_size for _, paths in state.files for _, path in paths)
    is_whole = size <= MOST_ANSWER_BYTES
    for slot, paths in state.files if is_whole else ():
        files |= {f"{slot}/{k}": Path(path).read_bytes() for k, (_, path) in enumerate(paths)}
    names = {slot: [name for name, _ in paths] for slot, paths in state.files} if is_whole else {}
    written = {"step": state.step, "values": json.loads(state.values), "files": names}
    text = json.dumps({**written, "is_whole": is_whole}).encode()
    return DraftContent(state.name, KeptInput({ANSWERS_FILE: text, **files}, ANSWERS_FILE, {}))


def _content_of_plans(state: ComparedState) -> DraftContent:
    files: dict[str, bytes] = {}
    known: dict[bytes, bytes] = {}  # plans share their tables, which are held once
    rows: list[dict[str, Any]] = []
    # The newest first: where they are too large together, the oldest are left out.
    for k, (is_named, example, one) in reversed(list(enumerate(state.plans))):
        kept, plan = _work_of_desk(one)
        if rows and sum(map(len, known.keys() | set(kept.files.values()))) > MOST_INPUT_BYTES:
            break
        for name, content in kept.files.items():
            files[f"{k}/{name}"] = known.setdefault(content, content)
        text = plan_file_text({**(plan or {}), "scenario_path": kept.scenario_file})
        files[f"plan-{k}.json"] = text.encode()
        row = {"at": k, "name": one.name, "is_named": is_named, "example": example}
        rows.insert(0, {**row, "file": kept.scenario_file, "overrides": dict(kept.overrides)})
    files[PLANS_FILE] = json.dumps(rows).encode()
    return DraftContent(state.name, KeptInput(files, PLANS_FILE, {}))


def open_desk_answers_job(
    folder: str, visitor: str, number: int, *, job: JobContext
) -> OpenedAnswers:
    """Write the files of a half-filled scenario into an empty folder, and read its answers.

    visitor: the secret by which the draft is found. DataError where there is none (any more).
    """
    job.progress(Progress(0.0, "reading"))
    kept, _ = read_draft(open_library_database(), visitor, number)
    written = json.loads(kept.files[ANSWERS_FILE])
    files: dict[str, tuple[tuple[str, str], ...]] = {}
    for at, (slot, names) in enumerate(written["files"].items()):
        paths = [Path(folder) / f"{at}-{k}" for k in range(len(names))]
        for k, path in enumerate(paths):
            path.write_bytes(kept.files[f"{slot}/{k}"])
        files[slot] = tuple(zip(names, map(str, paths), strict=True))
    return OpenedAnswers(int(written["step"]), written["values"], files, bool(written["is_whole"]))


def open_desk_plans_job(folder: str, visitor: str, number: int, *, job: JobContext) -> OpenedPlans:
    """Write the scenarios of kept plans into an empty folder, each into its own below, and read
    them; a plan that is not sound any more is left out.

    Arguments and errors as of `open_desk_answers_job`.
    """
    kept, _ = read_draft(open_library_database(), visitor, number)
    plans = []
    for row in json.loads(kept.files[PLANS_FILE]):
        job.progress(Progress(0.0, "reading"))
        k = row["at"]
        own = Path(folder) / str(k)
        own.mkdir()
        beginning = f"{k}/"
        files = {
            name.removeprefix(beginning): content
            for name, content in kept.files.items()
            if name.startswith(beginning)
        }
        of_plan = KeptInput(files, row["file"], row["overrides"])
        try:
            work = opened_kept_work(own, of_plan, kept.files[f"plan-{k}.json"])
        except DataError:
            continue
        if work.view is not None:
            plans.append((row["name"], row["is_named"], row["example"], work))
    return OpenedPlans(tuple(plans))
