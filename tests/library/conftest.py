"""A library file of a test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def one_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library of the environment is: a file, not there yet."""
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))
    return tmp_path / "kept" / "library.db"
