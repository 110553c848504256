"""Drafts are kept by a thread of the server, not by a worker: a search may occupy those for
minutes, and what was uploaded a moment ago must be safe at once. It reads bytes and parses none.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from planner.errors import DataError
from planner.scenario.edits import ScenarioEdit

if TYPE_CHECKING:
    from planner.library.drafts import KeptDraft
    from planner.library.library_database import LibraryDatabase

__all__ = [
    "ANSWERS_FILE",
    "PLANS_FILE",
    "AnswersState",
    "ComparedState",
    "DraftKeeper",
    "DraftState",
]

ANSWERS_FILE, PLANS_FILE = "answers.of-new-scenario", "plans.of-compare"
"""What a draft opens with that is no scenario: see `app_pages.jobs.kept_desk`."""

FULL = 200
"""States of sessions that wait; more come only where the library does not answer."""


@dataclass(frozen=True)
class DraftState:
    """What a person has on the page. name: what it is called; plan: content of plan.json of a plan
    of the same file, None without one; planned: changes that this plan is of.
    """

    name: str
    edit: ScenarioEdit
    plan: Mapping[str, Any] | None = field(default=None, repr=False)
    planned: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswersState:
    """A half-filled New scenario. values: a JSON object; files: slot -> name and stored path."""

    name: str
    step: int
    values: str = field(repr=False)
    files: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True)
class ComparedState:
    """The plans of Compare: whether the person gave the name, what was chosen as the scenario, and
    the plan under its name.
    """

    name: str
    plans: tuple[tuple[bool, str, DraftState], ...] = field(repr=False)


AnyState = DraftState | AnswersState | ComparedState


class DraftKeeper:
    """Keeps states one after another; of those of one draft that wait, only the last. Safe to use
    from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "drafts")
        self._waiting: dict[str, tuple[str, AnyState]] = {}
        self._numbers: dict[str, int] = {}
        self._library: LibraryDatabase | None = None
        self._faults: dict[str, str] = {}

    def fault_of(self, draft: str) -> str:
        """Why the last state of a draft could not be kept; "" where it was, or waits."""
        return self._faults.get(draft, "")

    def keep_state(self, visitor: str, draft: str, state: AnyState) -> None:
        """Keep a state soon, in place of what was kept of the same draft.

        visitor: the secret by which it is found again; draft: a name of the page's own.
        """
        with self._lock:
            is_waiting = draft in self._waiting
            if len(self._waiting) < FULL or is_waiting:
                self._waiting[draft] = visitor, state
        if not is_waiting:
            self._thread.submit(self._keep_waiting, draft)

    def go_on_from(self, draft: str, number: int) -> None:
        """What is kept of a draft from now on replaces the draft of this number."""
        with self._lock:
            self._numbers[draft] = number

    def forget_state(self, visitor: str, draft: str) -> None:
        """Remove what is kept of a draft, once what waits before is done."""
        with self._lock:
            self._waiting.pop(draft, None)
        self._thread.submit(self._forget, visitor, draft)

    def list_states(self, visitor: str) -> "Future[tuple[KeptDraft, ...]]":
        """A visitor's drafts, the newest first; DataError where the library cannot be read."""
        return self._thread.submit(self._list_states, visitor)

    def remove_states(self, visitor: str, numbers: Sequence[int]) -> "Future[None]":
        """Remove drafts of a visitor; DataError where the library cannot be written."""
        return self._thread.submit(self._remove_states, visitor, numbers)

    def warm_up(self) -> None:
        """Import what the first use needs."""
        with suppress(RuntimeError):  # the server ends already
            self._thread.submit(self._opened)

    def close(self) -> None:
        """Keep what waits, then end the thread."""
        self._thread.shutdown()

    # ---------------------------------------------------------------- in the thread

    def _keep_waiting(self, draft: str) -> None:
        # Imported here, in the thread: the page opens without waiting for SQLAlchemy.
        from app_pages.jobs.kept_desk import desk_content
        from planner.library.drafts import keep_draft

        with self._lock:
            taken = self._waiting.pop(draft, None)
            number = self._numbers.get(draft, 0)
        if taken is None:
            return
        visitor, state = taken
        try:
            number = keep_draft(self._opened(), visitor, desk_content(state), number)
        except DataError as error:
            self._faults[draft] = error.faults[0].problem
        except OSError:
            # Uploaded files go with their session, which may have ended meanwhile.
            self._faults[draft] = "an uploaded file is gone"
        else:
            self._faults.pop(draft, None)
            self.go_on_from(draft, number)

    def _forget(self, visitor: str, draft: str) -> None:
        with self._lock:
            number = self._numbers.pop(draft, 0)
        if number:
            with suppress(DataError):  # it goes by its age
                self._remove_states(visitor, [number])

    def _list_states(self, visitor: str) -> "tuple[KeptDraft, ...]":
        # Imported here for the same reason.
        from planner.library.drafts import list_drafts

        return list_drafts(self._opened(), visitor)

    def _remove_states(self, visitor: str, numbers: Sequence[int]) -> None:
        # Imported here for the same reason.
        from planner.library.drafts import remove_drafts

        remove_drafts(self._opened(), visitor, numbers)

    def _opened(self) -> "LibraryDatabase":
        if self._library is None:
            # Imported here for the same reason.
            from planner.library.library_database import open_library_database

            self._library = open_library_database()
        return self._library
