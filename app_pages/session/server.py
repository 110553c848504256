"""What is ready before the page is opened: warm workers and the solved examples, once for
everybody.

Examples belong to nobody. Plans of other scenarios live in the session of the person who solved
them.
"""

import importlib
from pathlib import Path

import streamlit as st

from app_pages.jobs.messages import JobOutcome, OutcomeKind, PlanView
from app_pages.jobs.worker_pool import WorkerPool
from planner.packed_files import EXAMPLES, packed_example_path
from planner.scenario.edits import ScenarioEdit, file_key_of_edit

__all__ = [
    "PLAN",
    "close",
    "example",
    "server_example_plan",
    "warm_up_server",
    "worker_pool",
]

PLAN = "app_pages.jobs.planning:run_planning_job"
AT_ONCE = 2
"""Jobs that run side by side on this server; others wait."""
LONGEST_S = 120.0
PAGE_MODULES = (
    "app_pages.widgets.deployment",
    "app_pages.widgets.headline",
    "app_pages.widgets.sidebar",
)


@st.cache_resource(show_spinner=False)
def worker_pool() -> WorkerPool:
    """The server's pool, with warm workers."""
    return WorkerPool(AT_ONCE)


def warm_up_server() -> None:
    """Start the workers, import what pages need, solve the first example; what fails is shown when
    the example is opened.
    """
    worker_pool()
    for module in PAGE_MODULES:
        importlib.import_module(module)
    server_example_plan(example(EXAMPLES[0]))


def close() -> None:
    """End the workers."""
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
def _plan_on_server(path: str, content_hash: str) -> PlanView:
    pool = worker_pool()
    job = pool.start(PLAN, (path, {}), key=str(Path(path).parent))
    done = pool.wait(job, LONGEST_S)
    pool.forget(job)
    if done is None:
        message = "The example took too long to solve."
        done = JobOutcome(OutcomeKind.FAILED, message=message)
    if not done.has_result:
        raise _NoPlanError(done)
    return done.result


class _NoPlanError(Exception):
    """Keeps `st.cache_resource` from keeping an outcome without a plan."""

    def __init__(self, outcome: JobOutcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome
