"""What is there before anybody opens the page: warm workers and the solved examples, once for
everybody.

Examples are nobody's own. Plans of other scenarios live in the session of the person who asked for
them.
"""

import importlib
from pathlib import Path

import streamlit as st

from app_pages.jobs.desk import Desk
from app_pages.jobs.messages import Outcome, Told
from planner.packed_files import EXAMPLES, example_path
from planner.scenario.edits import ScenarioEdit, file_key

__all__ = ["PLAN", "close", "desk", "example", "example_plan", "warm_up"]

PLAN = "app_pages.jobs.planning:plan"
AT_ONCE = 2
"""Jobs that run side by side on this server; others wait."""
LONGEST_S = 120.0
PAGE_MODULES = ("app_pages.charts.report", "app_pages.widgets.sidebar", "app_pages.widgets.tables")


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """The server's desk, with warm workers."""
    return Desk(AT_ONCE)


def warm_up() -> None:
    """Start the workers, import what pages need, solve the first example; what goes wrong is told
    when somebody asks.
    """
    desk()
    for module in PAGE_MODULES:
        importlib.import_module(module)
    example_plan(example(EXAMPLES[0]))


def close() -> None:
    """End the workers."""
    desk().close()


@st.cache_resource(show_spinner=False, max_entries=20)
def _read(path: str, changed_ns: int) -> ScenarioEdit:
    return ScenarioEdit.of_file(path)


def example(name: str) -> ScenarioEdit:
    """An example as it stands in its file."""
    path = example_path(name)
    return _read(str(path), path.stat().st_mtime_ns)


def example_plan(one: ScenarioEdit) -> Outcome:
    """The plan of an example, solved when it is asked for the first time; an outcome without a plan
    is not kept.
    """
    try:
        return Outcome("result", _plan(one.path, file_key(one)))
    except _NoPlan as error:
        return error.outcome


@st.cache_resource(show_spinner=False, max_entries=20)
def _plan(path: str, content_hash: str) -> Told:
    name = desk().start(PLAN, (path, {}), key=str(Path(path).parent))
    done = desk().wait(name, LONGEST_S)
    desk().forget(name)
    if done is None or done.kind != "result":
        raise _NoPlan(done or Outcome("failed", message="The example took too long to solve."))
    return done.result


class _NoPlan(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome
