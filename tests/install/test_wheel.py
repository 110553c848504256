"""The planner as installed from its wheel, run from another folder: nothing of the checkout is
reached.
"""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from planner.packed_files import EXAMPLES
from planner.version import VERSION
from tests.support.installed import Installed, clean_environment, free_port
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

PACKAGES = ("planner", "models", "profiles", "reports", "app_pages")


def test_every_package_is_the_installed_one(installed: Installed) -> None:
    code = f"import {', '.join(PACKAGES)}\nfor p in ({', '.join(PACKAGES)}): print(p.__path__[0])"
    folders = installed.run("python", "-c", code).stdout.split()
    assert len(folders) == len(PACKAGES)
    assert all(Path(folder).is_relative_to(installed.environment) for folder in folders)


def test_the_wheel_holds_every_file_of_the_packages(installed: Installed) -> None:
    files = [
        path.relative_to(HOME)
        for package in PACKAGES
        for path in (HOME / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    [packages] = installed.environment.glob("lib/python*/site-packages")
    assert len(files) > 200
    assert not [path for path in files if not (packages / path).is_file()]
    assert {path.name for path in packages.iterdir() if path.suffix != ".pth"} == {
        *PACKAGES,
        f"joint_llm_planner-{VERSION}.dist-info",
    }


def test_requirements_are_those_of_the_file(installed: Installed) -> None:
    code = (
        "from importlib.metadata import requires; print(*requires('joint-llm-planner'), sep='\\n')"
    )
    lines = installed.run("python", "-c", code).stdout.splitlines()
    required = [line for line in lines if "extra ==" not in line]
    [extra] = set(lines) - set(required)
    assert re.fullmatch(r"psycopg\[binary\].*extra == [\"']postgresql[\"']", extra)
    wanted = [
        line
        for line in (HOME / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    by_name = {found[0]: found for found in map(_spec, required)}
    assert by_name == {found[0]: found for found in map(_spec, wanted)}
    assert len(by_name) == len(required) == len(wanted)


def _spec(requirement: str) -> tuple[str, set[str], SpecifierSet]:
    """Name, extras and limits of a requirement in one spelling."""
    found = Requirement(requirement)
    return canonicalize_name(found.name), found.extras, found.specifier


def test_version_and_help(installed: Installed) -> None:
    assert installed.run("llm-planner", "--version").stdout == f"planner {VERSION}\n"
    assert "Example: llm-planner init" in installed.run("llm-planner", "-h").stdout


def test_our_entry_points_are_stated_once_and_loaded_once(installed: Installed) -> None:
    code = (
        "from importlib.metadata import entry_points\n"
        "for group in ('importers', 'exporters', 'scorers'):\n"
        "    print(*entry_points(group=f'llm_planner.{group}').names)"
    )
    stated = installed.run("python", "-c", code).stdout.split()
    listed = json.loads(installed.run("llm-planner", "plugins", "--json").stdout)
    names = [one["name"] for group in listed["plugins"].values() for one in group]
    assert sorted(stated) == sorted(names)
    assert listed["left_out"] == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("pl", {"plan", "plugins"}),
        ("profile e", {"estimate"}),
        ("init --example pa", {"paper-trio"}),
        ("plan scenario.yaml --near", {"--near", "--near-loss"}),
    ],
)
def test_shell_completion(
    installed: Installed, tmp_path: Path, typed: str, offered: set[str]
) -> None:
    """`--install-completion` writes a script by which bash completes words."""
    shell = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    installed.run("llm-planner", "--install-completion", "bash", env=shell)
    [script] = tmp_path.glob(".bash_completions/*.sh")
    function = re.search(r"complete -o default -F (\w+) llm-planner", script.read_text())
    assert function is not None
    line = f"source {script}; COMP_WORDS=(llm-planner {typed}); COMP_CWORD={len(typed.split())}"
    call = f"{line}; {function[1]} {installed.command}; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["/bin/bash", "-c", call], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered


def test_from_an_empty_folder_to_the_plan_of_the_readme(installed: Installed) -> None:
    installed.run("llm-planner", "init", "--example", "paper-trio")
    plan = installed.run("llm-planner", "plan", "paper-trio/scenario.yaml", "--json", "plan.json")
    shown = re.search(
        r"optimal: quality ([\d.]+)", (HOME / "README.md").read_text(encoding="utf-8")
    )
    found = re.search(r"optimal: quality ([\d.]+)", plan.stdout)
    assert shown is not None
    assert found is not None
    assert float(found[1]) == pytest.approx(float(shown[1]), abs=2e-4)
    installed.run("llm-planner", "export", "plan.json", "--to", "deploy")
    assert (installed.folder / "deploy" / "README.md").is_file()


def test_every_example_is_packed(installed: Installed) -> None:
    code = (
        "from planner.packed_files import EXAMPLES, packed_example_path, SCHEMAS\n"
        "assert all(packed_example_path(name).is_file() for name in EXAMPLES)\n"
        "print(len(EXAMPLES), len(list(SCHEMAS.glob('*.schema.json'))))"
    )
    assert installed.run("python", "-c", code).stdout.split() == [str(len(EXAMPLES)), "3"]


def test_a_foreign_package_in_the_current_folder(installed: Installed) -> None:
    """`llm-planner` does not see it, `python -m planner` refuses it with the way out."""
    (installed.folder / "models").mkdir()
    (installed.folder / "models" / "__init__.py").touch()
    try:
        installed.run("llm-planner", "init", "--example", "percentile-slo")
        refused = installed.run("python", "-m", "planner", "init", "--example", "none", code=2)
    finally:
        (installed.folder / "models" / "__init__.py").unlink()
        (installed.folder / "models").rmdir()
    assert "the package `models` is taken from" in refused.stderr
    assert "a separate environment" in refused.stderr


def test_the_page_answers(installed: Installed) -> None:
    port = free_port()
    process = subprocess.Popen(
        [installed.command, "app", "--port", str(port)],
        cwd=installed.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert _answer(f"http://127.0.0.1:{port}/_stcore/health", process) == "ok"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            said, _ = process.communicate(timeout=UNHURRIED_S)
        finally:
            process.kill()
    assert str(port) in said
    assert "Traceback" not in said
    # Streamlit says so unless it reads the packed .streamlit/config.toml.
    assert "usage statistics" not in said


def _answer(url: str, process: subprocess.Popen, seconds: float = UNHURRIED_S) -> str:
    """What a server says once it is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=UNHURRIED_S) as response:  # noqa: S310
                return str(response.read().decode())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"no answer at {url}; exit code {process.poll()}")
