"""What all tests share: what a run reports at its end (outside programs that were missing, in
capitals), and a page that does not rest.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.support.outside import NOT_RUN

# The same examples in every run; `python -m tests.fuzz` looks for others.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile("suite")

MAIN = sys.modules["__main__"]

pytest_plugins = (
    "tests.support.kept.library_case",  # the fixtures `library` and `postgres`
    "tests.support.instances.stand_in_search",  # the fixture `search`
    "tests.support.plugins.installed_plugins",  # the fixture `plugin_path`
    "tests.support.plans.routed_plan",  # the fixture `source`
    "tests.support.scenarios.scenario_case",  # the fixture `case`
    "tests.support.scenarios.demand_case",  # the fixture `day`
    "tests.support.scenarios.workbook_case",  # the fixture `book`
)


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """Work that is to be spread over all cores stays in this process: starting others takes longer
    than the few small plans of a test. Tests of the spreading say how many they want.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def library_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is kept in the library of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_LIBRARY", str(tmp_path_factory.mktemp("library")))
        patch.delenv("PLANNER_DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def temporary_folder_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files lie where pytest removes them: a case that is made once for many tests is
    needed until the process ends.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture
def marginals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page does not wait for a moment of rest before it plans what nobody asked for: AppTest
    has no clock.
    """
    monkeypatch.setattr("app_pages.widgets.marginals.QUIET_S", 1e-9)


def pytest_runtest_teardown() -> None:
    """A page under test is `__main__` while it is drawn, and Streamlit leaves it there; processes
    that start afterwards would draw it.
    """
    sys.modules["__main__"] = MAIN


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the tests that were not run for want of a program."""
    reasons = [
        str(report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    missing = Counter(reason[reason.index(NOT_RUN) :] for reason in reasons if NOT_RUN in reason)
    for reason, tests in sorted(missing.items()):
        terminalreporter.write_line(f"{reason.upper()}: {tests} TESTS", red=True)
