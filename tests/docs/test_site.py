"""The documentation site builds strictly: every page has its place in the navigation, every link
and anchor leads somewhere, and nothing is fetched from elsewhere.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.outside import need
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

PAGES = ("index", "command-line", "formulation", "tutorials/first-router", "examples/day")


def built(configuration: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """MkDocs's strict build into a folder. (With --quiet it counts no warnings.)"""
    command = [need("mkdocs"), "build", "--strict", "--config-file", configuration]
    return subprocess.run(
        [*command, "--site-dir", folder],
        cwd=HOME,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=UNHURRIED_S,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(HOME / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fetches_nothing_from_elsewhere(site: Path, page: str) -> None:
    text = (site / f"{page}.html").read_text(encoding="utf-8")
    fetched = re.findall(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="([^"]+)"', text)
    assert fetched
    assert not [one for one in fetched if re.match(r"(?:https?:)?//", one)]


def test_links_into_the_checkout_lead_to_its_text(site: Path) -> None:
    page = (site / "formulation.html").read_text(encoding="utf-8")
    assert 'href="source/models/program.py.html"' in page
    text = (site / "source" / "models" / "program.py.html").read_text(encoding="utf-8")
    assert "build_program" in text


def test_code_is_no_link(site: Path) -> None:
    """A fenced block with a file's name is a block with this title, its text as it is."""
    page = (site / "inputs.html").read_text(encoding="utf-8")
    assert '<span class="filename">demand.csv</span>' in page
    assert "```" not in page


def test_links_that_lead_nowhere_stop_the_build(tmp_path: Path) -> None:
    """Of a site with the configuration as it is, and of a file and an anchor that are missing."""
    for name in ("docs", "examples"):
        shutil.copytree(HOME / name, tmp_path / name)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "mkdocs.yml"):
        shutil.copy(HOME / name, tmp_path / name)
    links = ("gone.md", "formulation.md#no-such-section", "../examples/gone.py")
    text = "\n".join(f"[a link]({link})" for link in links)
    (tmp_path / "docs" / "glossary.md").write_text(f"# Glossary\n\n{text}\n", encoding="utf-8")
    done = built(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    for link in links:
        assert Path(link).name.rpartition("#")[2] in done.stderr, done.stderr
