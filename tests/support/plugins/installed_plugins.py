"""Distributions with entry points, in a folder of their own on the path of this process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiles.plugins.entry_points import load_plugins
from tests.support.paths import HOME

__all__ = ["install_example_plugin", "plugin_path", "write_distribution"]


@pytest.fixture
def plugin_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder on the path; what is loaded is forgotten before and after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    load_plugins.cache_clear()
    known = set(sys.modules)
    yield folder
    load_plugins.cache_clear()
    for name in set(sys.modules) - known:
        if name.startswith(("plugged_", "planner_plugin_example")):
            del sys.modules[name]


def write_distribution(folder: Path, name: str, points: dict[str, dict[str, str]], code: str):
    """A distribution whose module is `plugged_NAME`. points: group -> name -> attribute of it."""
    module = f"plugged_{name.replace('-', '_')}"
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    lines = []
    for group, entries in points.items():
        lines += [f"[{group}]", *(f"{key} = {module}:{made}" for key, made in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def install_example_plugin(folder: Path) -> None:
    """`examples/plugin`, installed by pip from a copy of nothing but what is there, offline."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*command, str(HOME / "examples" / "plugin")], check=True, timeout=300)
