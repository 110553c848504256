"""What is ready before the page is opened: warm workers and the solved examples, once for
everybody.

Examples belong to nobody. Plans of other scenarios live in the session of the person who solved
them.
"""

import importlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app_pages.jobs.draft_keeper import DraftKeeper
from app_pages.jobs.messages import CellsPlanView, JobOutcome, OutcomeKind, PlanView
from app_pages.jobs.worker_pool import WorkerPool
from planner.packed_files import PAGE_EXAMPLES, packed_example_path
from planner.scenario.edits import ScenarioEdit, file_key_of_edit

__all__ = [
    "PLAN",
    "close",
    "compute_now",
    "draft_keeper",
    "example",
    "page_is_open",
    "server_example_plan",
    "warm_up_server",
    "worker_pool",
]

PLAN = "app_pages.jobs.planning:run_planning_job"
AT_ONCE = 2
"""Jobs that run side by side on this server; others wait."""
LONGEST_S = 120.0
TOO_LONG = f"This took longer than {LONGEST_S:g} s and was stopped. Try again."
PAGE_MODULES = (
    "app_pages.widgets.deployment",
    "app_pages.widgets.headline",
    "app_pages.widgets.sidebar",
)


@st.cache_resource(show_spinner=False)
def worker_pool() -> WorkerPool:
    """The server's pool, with warm workers."""
    return WorkerPool(AT_ONCE)


@st.cache_resource(show_spinner=False)
def draft_keeper() -> DraftKeeper:
    """The server's thread that keeps drafts."""
    return DraftKeeper()


def warm_up_server() -> None:
    """Start the workers, import what pages need, solve the first example; what fails is shown when
    the example is opened.
    """
    worker_pool()
    draft_keeper().warm_up()
    for module in PAGE_MODULES:
        importlib.import_module(module)
    server_example_plan(example(PAGE_EXAMPLES[0]))


def page_is_open() -> Callable[[], bool]:
    """Whether the browser tab that is served now is connected; to be called later, from any thread.

    A closed tab leaves its session behind for a while, without a connection.
    """
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    return partial(runtime.get_instance().is_active_session, context.session_id)


def compute_now(
    call: str, args: Sequence[Any], key: str = "", *, reading_limit: float = math.inf
) -> JobOutcome:
    """The outcome of a job, waited for; arguments as of `WorkerPool.start`."""
    pool = worker_pool()
    job = pool.start(call, args, key, reading_limit=reading_limit)
    done = pool.wait(job, LONGEST_S)
    pool.forget(job)
    return done or JobOutcome(OutcomeKind.FAILED, message=TOO_LONG)


def close() -> None:
    """Keep what waits, and end the workers."""
    draft_keeper().close()
    worker_pool().close()


@st.cache_resource(show_spinner=False, max_entries=20)
def _read(path: str, changed_ns: int) -> ScenarioEdit:
    return ScenarioEdit.of_file(path)


def example(name: str) -> ScenarioEdit:
    """An example as in its file."""
    path = packed_example_path(name)
    return _read(str(path), path.stat().st_mtime_ns)


def server_example_plan(edit: ScenarioEdit) -> JobOutcome:
    """The plan of an example, solved at its first use; an outcome without a plan is not kept."""
    try:
        return JobOutcome(OutcomeKind.RESULT, _plan_on_server(edit.path, file_key_of_edit(edit)))
    except _NoPlanError as error:
        return error.outcome


@st.cache_resource(show_spinner=False, max_entries=20)
def _plan_on_server(path: str, content_hash: str) -> PlanView | CellsPlanView:
    done = compute_now(PLAN, (path, {}), key=str(Path(path).parent))
    if not done.has_result:
        raise _NoPlanError(done)
    return done.result


class _NoPlanError(Exception):
    """Keeps `st.cache_resource` from keeping an outcome without a plan."""

    def __init__(self, outcome: JobOutcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome
