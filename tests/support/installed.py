"""The planner installed from its wheel into a separate environment, for the tests of what is
packed.

Dependencies come from the environment that runs the tests, by a .pth file: installing them again
takes a minute. The checkout stays out of reach: commands run in another folder.
"""

import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import HOME

__all__ = ["Installed", "build_wheel", "clean_environment", "free_port", "install_wheel"]

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Installed:
    """An environment with the planner; commands run in `folder`."""

    environment: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.environment / "bin" / "llm-planner"

    def run(
        self, *words: str | Path, code: int = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; fails on another exit code."""
        program, *arguments = map(str, words)
        done = subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=self.folder,
            env={**clean_environment(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != code:
            pytest.fail(f"{program} {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done


def clean_environment() -> dict[str, str]:
    """This process's variables without those that change what Python imports."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the checkout without the network; its file."""
    options = ("--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run([*PIP, "wheel", *options, "--wheel-dir", folder, HOME], check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def install_wheel(wheel: Path, environment: Path) -> None:
    """Make an environment without pip, install the wheel, and lend it the dependencies."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    options = ("--python", environment / "bin" / "python")
    subprocess.run([*PIP, *options, "install", "--no-deps", "--no-index", wheel], check=True)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
