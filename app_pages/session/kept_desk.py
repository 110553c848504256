"""What is kept of a session besides its scenario (`kept_drafts`): the answers of a half-filled New
scenario, and the plans of Compare; each is offered on its own page when that is opened anew.

kept-desk      part -> _Kept: what was kept last in this session, and its draft's name
desk-declined  parts that were answered: nothing of before is offered any more
"""

import json
import secrets
from collections.abc import Hashable
from concurrent.futures import TimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages.jobs.draft_keeper import (
    ANSWERS_FILE,
    PLANS_FILE,
    AnswersState,
    ComparedState,
    DraftState,
)
from app_pages.jobs.messages import JobOutcome
from app_pages.session import reruns, saved_plans
from app_pages.session.draft import Draft, current_draft
from app_pages.session.kept_drafts import drafts_of_before
from app_pages.session.opened_work import own_example_edits
from app_pages.session.server import compute_now, draft_keeper
from app_pages.session.state import ShownPlan
from app_pages.session.uploads import TemporaryFolder
from app_pages.session.visitor import visitor_of_drafts
from planner.errors import DataError

if TYPE_CHECKING:
    from planner.library.drafts import KeptDraft

__all__ = [
    "ANSWERS_FILE",
    "PLANS_FILE",
    "decline_desk",
    "desk_of_before",
    "finish_desk_answers",
    "keep_session_desk",
    "resume_desk_answers",
    "resume_desk_plans",
]

PATIENCE_S = 15.0
MOST_PLANS = 12
"""Of Compare; older ones are not kept."""
LAST_WITHOUT_JOBS = 2
"""The step of New scenario where files are read and curves estimated, from 0: later ones need what
came of that, which is made again.
"""


@dataclass(frozen=True)
class _Kept:
    draft: str
    mark: Hashable


@reruns.survive_reruns
def keep_session_desk() -> None:
    """Keep what has changed since it was kept. Called once, before a page is drawn."""
    visitor = visitor_of_drafts()
    if not visitor:
        return
    _keep_desk_answers(visitor, current_draft())
    _keep_desk_plans(visitor)


def _keep_desk_answers(visitor: str, draft: Draft) -> None:
    values = json.dumps({k: v for k, v in draft.values.items() if _is_plain(v)})
    files = tuple(sorted(draft.files.items()))
    last = _kept_desk().get(ANSWERS_FILE)
    if values == "{}" and not files:
        if last is not None:  # begun anew
            draft_keeper().forget_state(visitor, last.draft)
            del _kept_desk()[ANSWERS_FILE]
        return
    name = f"New scenario, step {draft.step + 1}"
    state = AnswersState(name, draft.step, values, files)
    _keep_desk(visitor, ANSWERS_FILE, (draft.step, values, files), state)


def _keep_desk_plans(visitor: str) -> None:
    saved = list(saved_plans.by_name().items())[-MOST_PLANS:]
    mark = tuple((name, saved_plans.is_named(name), id(one.view)) for name, one in saved)
    if len(saved) < 2 and PLANS_FILE not in _kept_desk():
        return  # that of the scenario is kept with it
    plans = tuple(
        (
            saved_plans.is_named(name),
            one.example,
            DraftState(name, one.edit, one.content, dict(one.edit.overrides)),
        )
        for name, one in saved
    )
    _keep_desk(visitor, PLANS_FILE, mark, ComparedState(f"Compare: {len(saved)} plans", plans))


def _keep_desk(
    visitor: str, part: str, mark: Hashable, state: AnswersState | ComparedState
) -> None:
    last = _kept_desk().get(part)
    if last is not None and last.mark == mark:
        return
    draft = secrets.token_hex(8) if last is None else last.draft
    draft_keeper().keep_state(visitor, draft, state)
    _kept_desk()[part] = _Kept(draft, mark)


def _kept_desk() -> dict[str, _Kept]:
    return st.session_state.setdefault("kept-desk", {})


def _is_plain(value: Any) -> bool:
    """Whether a value is an answer; what workers made is none, and is made again."""
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


# ---------------------------------------------------------------- offered, and brought back


def desk_of_before(part: str) -> "KeptDraft | None":
    """The newest of an earlier session, until it was brought back or declined.

    part: ANSWERS_FILE or PLANS_FILE.
    """
    visitor = visitor_of_drafts()
    if not visitor or part in st.session_state.get("desk-declined", ()):
        return None
    try:
        listed = drafts_of_before(visitor).result(PATIENCE_S)
    except (TimeoutError, DataError):
        return None
    return next((one for one in listed if one.file == part), None)


def finish_desk_answers() -> None:
    """A scenario was made of the answers: they are half-filled no more, until one changes."""
    last = _kept_desk().get(ANSWERS_FILE)
    if last is not None:
        draft_keeper().forget_state(visitor_of_drafts(), last.draft)
        _kept_desk()[ANSWERS_FILE] = _Kept(secrets.token_hex(8), last.mark)


@reruns.survive_reruns
def decline_desk(part: str) -> None:
    """Offer it no more in this session."""
    st.session_state["desk-declined"] = {*st.session_state.get("desk-declined", ()), part}


def _open_desk(job: str, number: int) -> tuple[JobOutcome, TemporaryFolder]:
    folder = TemporaryFolder()
    call = f"app_pages.jobs.kept_desk:{job}"
    done = compute_now(call, (str(folder.path), visitor_of_drafts(), number))
    st.session_state["desk-failure"] = None if done.has_result else done
    return done, folder


def _go_on_from(part: str, number: int) -> None:
    """What is kept from now on stands in the place of the draft of this number."""
    draft = secrets.token_hex(8)
    draft_keeper().go_on_from(draft, number)
    _kept_desk()[part] = _Kept(draft, None)
    decline_desk(part)


@reruns.survive_reruns
def resume_desk_answers(number: int) -> None:
    """Put the answers back, at the step they were at, or at the one where files are read."""
    done, folder = _open_desk("open_desk_answers_job", number)
    if not done.has_result:
        return
    answers = done.result
    draft = Draft(min(answers.step, LAST_WITHOUT_JOBS), dict(answers.values))
    draft.files.update(answers.files)
    draft.folders.update({f"{slot}: stored": folder for slot in answers.files})
    st.session_state["draft"], st.session_state["desk-whole"] = draft, answers.is_whole
    _go_on_from(ANSWERS_FILE, number)


@reruns.survive_reruns
def resume_desk_plans(number: int) -> None:
    """Put the plans back among those of this session, which stay."""
    done, folder = _open_desk("open_desk_plans_job", number)
    if not done.has_result:
        return
    st.session_state.setdefault("desk-folders", []).append(folder)
    for name, is_named, example, work in done.result.plans:
        _, planned = own_example_edits(example, work)
        saved_plans.restore_saved(name, ShownPlan(planned, work.view, example), is_named=is_named)
    _go_on_from(PLANS_FILE, number)
