"""The examples as version 0.1.0 had them, which its plans are of."""

import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.support.paths import HOME

__all__ = ["OLD_PLANS", "old_example"]

OLD_PLANS = HOME / "tests" / "plans" / "version_0_1_0"


@cache
def _unpacked() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed when the process ends."""
    folder: tempfile.TemporaryDirectory[str] = tempfile.TemporaryDirectory()
    with zipfile.ZipFile(OLD_PLANS / "examples.zip") as archive:
        archive.extractall(folder.name)
    return folder


def old_example(name: str) -> Path:
    """The scenario file of an example."""
    return Path(_unpacked().name) / name / "scenario.yaml"
