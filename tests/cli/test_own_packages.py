"""Foreign packages of our names are refused before anything is imported from them."""

import subprocess
import sys
from pathlib import Path

from planner.cli.own_packages import foreign_packages
from tests.support.paths import HOME


def test_our_own_packages_are_no_fault() -> None:
    assert foreign_packages() == []


def test_a_foreign_package_is_refused(tmp_path: Path) -> None:
    """A package `profiles` that precedes ours on the path."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "__init__.py").write_text("")
    code = (
        f"import sys; sys.path[:0] = [{str(HOME)!r}]; import planner.cli.app as m; sys.path[:0] ="
        f" [{str(tmp_path)!r}]; m.app()"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code, "plan", "x.yaml"],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert f"`profiles` is taken from {tmp_path / 'profiles'}" in outcome.stderr
    assert f"run from {HOME}" in outcome.stderr
