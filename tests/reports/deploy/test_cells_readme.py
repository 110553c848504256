"""The README of a bundle of classes and cases: setups, changes, groups, class and case."""

import re
from datetime import date
from pathlib import Path

import pytest

from planner.export import deployment_memory
from planner.export.cells.cells_bundle import build_cells_bundle
from profiles.catalogue import load_catalogue_llms
from tests.support.plans.cells_plans import day_source


@pytest.mark.parametrize("scheduled", [False, True])
def test_it_says_what_to_do(scheduled: bool, tmp_path: Path) -> None:
    made = build_cells_bundle(day_source(tmp_path, scheduled=scheduled), date(2026, 11, 1))
    text = made.files["README.md"]
    assert ("## 3. From one setup to the next" in text) == scheduled
    assert ("./change.sh day night a-0" in text) == scheduled
    assert "`node-lost 1`" in text
    assert "x-request-class" in text
    assert "- kubernetes: the weights" in text.partition("## Not here")[2]
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
    for name in made.files:
        if name.startswith("compose"):
            assert f"-f {name} up" in text


def test_limits_of_requests_are_in_commands_and_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if NO, of which some servers have less memory, were gemma-3-12b."""
    known = {"NO": load_catalogue_llms()["gemma-3-12b"]}
    monkeypatch.setattr(deployment_memory, "load_catalogue_llms", lambda: known)
    files = build_cells_bundle(day_source(tmp_path, scheduled=True), date(2026, 11, 1)).files
    (line,) = [x for x in files["README.md"].splitlines() if "Longest requests" in x]
    assert line in files["README.md"].partition("## What is assumed")[2].partition("## Files")[0]
    scripts = files["deploy-day.sh"] + files["deploy-night.sh"]
    limits = sorted({int(x) for x in re.findall(r"--max-model-len=(\d+)", scripts)})
    assert len(limits) > 1
    assert f"NO (tp 1) take at most {' or '.join(f'{x:,}' for x in limits)} tokens" in line


def test_without_servers_it_starts_none(tmp_path: Path) -> None:
    made = build_cells_bundle(day_source(tmp_path), date(2026, 11, 1), ["router"])
    text = made.files["README.md"]
    assert "## 2. Start a setup" not in text
    assert "deploy.env" not in text.partition("## If something fails")[0]
    assert "from router import CellRouter" in text
