"""The installed planner, made once for all test processes of a run."""

import os
import time
from pathlib import Path

import pytest

from tests.support.installed import Installed, build_wheel, install_wheel

PATIENCE_S = 300.0
"""Longest wait for the process that installs."""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a separate environment; commands run in a folder that is empty at first."""
    base = tmp_path_factory.getbasetemp()
    # Test processes of one run have folders beside each other.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"
    folder = tmp_path_factory.mktemp("folder")
    try:
        shared.mkdir()
    except FileExistsError:
        _wait_until_installed(shared)
    else:
        install_wheel(build_wheel(shared), shared / "environment")
        (shared / "ready").touch()
    return Installed(shared / "environment", folder)


def _wait_until_installed(shared: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while not (shared / "ready").exists():
        if time.monotonic() > end:
            pytest.fail("the process that installs the wheel did not end")
        time.sleep(0.2)
