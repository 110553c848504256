"""The Dockerfile: linted, and its steps run in an empty folder in place of an image; what they
make runs on a read-only file system.

No daemon is needed. COPY copies, RUN runs with the folder's paths in place of the image's;
dependencies come from this environment (tests/support/installed.py).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from planner.version import VERSION
from tests.support.installed import clean_environment, free_port
from tests.support.outside import need
from tests.support.paths import EXAMPLES, HOME
from tests.support.walls import UNHURRIED_S

STEPS = [
    line.split(maxsplit=1)
    for line in (HOME / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
"""Word and rest of every instruction; each is on one line."""
PLACES = ("/opt/planner", "/src", "/work", "/tmp")  # noqa: S108
"""Folders of the image that the steps name."""
READ_ONLY = (
    "mount --bind {0} {0} && mount -o remount,ro,bind {0} && mount -t tmpfs tmpfs {0}/tmp"
    " && mount -o remount,ro,bind / && cd {0}/work && exec "
)


def rest_of(word: str) -> list[str]:
    return [rest for one, rest in STEPS if one == word]


def test_hadolint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, HOME / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_pinned_and_the_user_has_no_rights() -> None:
    bases = {rest.split()[0] for rest in rest_of("FROM")}
    assert [base for base in bases if re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)]
    assert len(bases) == 1
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", rest_of("USER")[0])
    last = [word for word, _ in STEPS]
    assert last.index("USER") > len(last) - 1 - last[::-1].index("COPY")


@dataclass
class Image:
    """The folder that represents the image, and the variables of its last stage."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def place(self, text: str) -> str:
        """A text with the folder's paths in place of the image's."""
        return re.sub(rf"(?<![\w.])({'|'.join(PLACES)})\b", rf"{self.root}\1", text)

    def set_variables(self, text: str) -> None:
        for name, value in re.findall(r"(\w+)=(\S+)", self.place(text)):
            self.env[name] = value.replace("$PATH", self.env.get("PATH", os.environ["PATH"]))

    def start(self, words: Sequence[str], *, read_only: bool = False) -> subprocess.Popen[str]:
        """Start a program in the image's current folder. read_only: only /tmp can be written."""
        if read_only:
            shell = READ_ONLY.format(self.root) + '"$@"'
            words = ["unshare", "--map-root-user", "--mount", "sh", "-c", shell, "sh", *words]
        return subprocess.Popen(
            words,
            cwd=self.place(self.folder),
            env={**clean_environment(), **self.env, "TMPDIR": str(self.root / "tmp")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, words: Sequence[str], *, read_only: bool = False) -> str:
        """Run a program; fails unless its exit code is 0."""
        process = self.start(words, read_only=read_only)
        said, errors = process.communicate(timeout=60)
        assert process.returncode == 0, f"{words}\n{said}{errors}"
        return said


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A folder in which every step was done."""
    image = Image(tmp_path_factory.mktemp("image"))
    for place in PLACES:
        (image.root / place[1:]).mkdir(parents=True)
    # What is installed by .pth counts as installed: pip needs neither an index nor a minute.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_QUIET": "1"}
    for word, rest in STEPS:
        if word == "FROM":
            image.env = {} if image.env else dict(offline)
        elif word == "WORKDIR":
            image.folder = rest
        elif word == "ENV":
            image.set_variables(rest)
        elif word == "COPY" and not rest.startswith("--from"):
            _copy(rest.split()[:-1], Path(image.place(image.folder)))
        elif word == "RUN":
            image.run(["sh", "-ec", image.place(rest)])
            for packages in image.root.glob("opt/planner/lib/python*/site-packages"):
                (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return image


def _copy(names: Sequence[str], target: Path) -> None:
    """Copy names of the checkout; `.` is what .dockerignore, a list of exceptions, lets through."""
    allowed = [
        line[1:]
        for line in (HOME / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    for pattern in allowed if list(names) == ["."] else names:
        assert list(HOME.glob(pattern)), pattern
        for path in HOME.glob(pattern):
            copy = target / path.relative_to(HOME)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(path, copy, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy(path, copy)


@pytest.mark.slow
def test_the_command_runs(image: Image) -> None:
    [entry] = json.loads(rest_of("ENTRYPOINT")[0])
    assert image.run([entry, "--version"]) == f"planner {VERSION}\n"


@pytest.mark.slow
def test_a_plan_on_a_read_only_file_system(image: Image) -> None:
    need("unshare")
    shutil.copytree(EXAMPLES / "percentile-slo", image.root / "work", dirs_exist_ok=True)
    refused = image.start(["touch", "plan.json"], read_only=True)
    assert "Read-only file system" in refused.communicate(timeout=UNHURRIED_S)[1]
    report = str(image.root / "tmp" / "report.xlsx")
    words = ["llm-planner", "plan", "scenario.yaml", "--json", "-", "--xlsx", report]
    said = image.run(words, read_only=True)
    assert json.loads(said)["status"] == "optimal"


@pytest.mark.slow
def test_the_page_is_healthy_on_a_read_only_file_system(image: Image) -> None:
    need("unshare")
    port = free_port()
    words = [*json.loads(rest_of("ENTRYPOINT")[0]), *json.loads(rest_of("CMD")[0])]
    assert words[-2:] == ["--host", "0.0.0.0"]  # noqa: S104
    words[-1] = "127.0.0.1"
    probe = json.loads(rest_of("HEALTHCHECK")[0].partition("CMD ")[2].replace("8501", str(port)))
    assert probe[0] == "python"
    page = image.start([*words, "--port", str(port)], read_only=True)
    try:
        end = time.monotonic() + UNHURRIED_S
        while (check := image.start(probe)).wait(
            timeout=UNHURRIED_S
        ) != 0 and time.monotonic() < end:
            check.communicate()
            assert page.poll() is None, page.communicate()
        check.communicate()
        assert check.returncode == 0
    finally:
        page.terminate()
        said, errors = page.communicate(timeout=UNHURRIED_S)
    assert "Traceback" not in said + errors, said + errors
