"""The README of a bundle of classes and cases: setups, changes, groups, class and case."""

import re
from datetime import date
from pathlib import Path

import pytest

from planner.export.cells.cells_bundle import build_cells_bundle
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


def test_without_servers_it_starts_none(tmp_path: Path) -> None:
    made = build_cells_bundle(day_source(tmp_path), date(2026, 11, 1), ["router"])
    text = made.files["README.md"]
    assert "## 2. Start a setup" not in text
    assert "deploy.env" not in text.partition("## If something fails")[0]
    assert "from router import CellRouter" in text
