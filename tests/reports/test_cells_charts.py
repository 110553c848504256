"""Charts of a plan over classes and cases as files."""

from pathlib import Path

import pytest

from planner.export.cells.cells_report_content import build_cells_report
from reports.cells_charts import write_cells_charts
from tests.presentation.cells.test_setup_results import two_setups
from tests.support.plans.cells_sources import day_planned, hostile_day, impossible_day


def test_cases_and_a_map_of_every_setup(tmp_path: Path) -> None:
    _, loaded = day_planned()
    written = write_cells_charts(tmp_path / "charts", build_cells_report(two_setups(), loaded))
    names = [path.name for path in written]
    kinds = [
        f"{stem}.{kind}" for stem in ("cases", "gpu-map-1", "gpu-map-2") for kind in ("png", "svg")
    ]
    assert names == kinds
    svg = (tmp_path / "charts" / "cases.svg").read_text(encoding="utf-8")
    assert "day: 5 req/s, quality 0." in svg
    assert (tmp_path / "charts" / "cases.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_setup_there_is_no_chart(tmp_path: Path) -> None:
    assert write_cells_charts(tmp_path / "none", build_cells_report(*impossible_day())) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_hostile_names_are_drawn(tmp_path: Path) -> None:
    written = write_cells_charts(tmp_path / "some", build_cells_report(*hostile_day()))
    assert [path.name for path in written if path.suffix == ".svg"] == ["cases.svg", "gpu-map.svg"]
