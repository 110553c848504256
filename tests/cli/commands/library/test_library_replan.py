"""`library replan`, as a user types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from planner.cli.app import app
from tests.support.kept.kept_plans import kept_scenario_folder
from tests.support.kept.library_case import without_rights


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of two plans, july and august, of one scenario at two rates."""
    folder = tmp_path_factory.mktemp("kept")
    scenario = kept_scenario_folder(folder / "s")
    for name, rate in (("july", 1), ("august", 2)):
        words = ("plan", str(scenario), "--save-as", name, "--tag", name)
        done = said(folder, *words, "--set", f"arrival_rate_rps={rate}")
        assert done.exit_code == 0, done.stderr
    return folder


def said(folder: Path, *words: str) -> Result:
    env = {"PLANNER_LIBRARY": str(folder / "library"), "COLUMNS": "80"}
    return CliRunner().invoke(app, words, env=env, catch_exceptions=False)


def replan(folder: Path, *words: str) -> Result:
    return said(folder, "library", "replan", "--jobs", "1", *words)


def test_as_before(kept: Path) -> None:
    done = replan(kept)
    assert done.exit_code == 0, done.stderr
    assert "2 of 2 plans made again: 2 as before" in done.stdout
    assert all(len(line.rstrip()) <= 80 for line in done.stdout.splitlines())
    assert "1 of 1 plans made again" in replan(kept, "--tag", "july", "--quiet").stdout


def test_a_change_that_makes_plans_worse_has_an_exit_code(kept: Path) -> None:
    done = replan(kept, "--set", "arrival_rate_rps=500")
    assert done.exit_code == 6
    assert "2 no plan" in done.stdout
    assert "no plan keeps all limits" in done.stdout


def test_json_alone(kept: Path) -> None:
    listed = json.loads(replan(kept, "august", "--json", "-").stdout)
    assert [(one["name"], one["verdict"]) for one in listed] == [("august", "as before")]
    path = kept / "replan.json"
    assert replan(kept, "--json", str(path)).exit_code == 0
    assert len(json.loads(path.read_text())) == 2


def test_new_plans_are_kept_beside_the_old_ones_and_not_made_again(kept: Path) -> None:
    done = replan(kept, "july", "--save", "--set", "arrival_rate_rps=1.5")
    assert done.exit_code in (0, 6)
    assert "new plans kept in the library as" in done.stderr
    listed = json.loads(said(kept, "library", "list", "--tag", "replanned", "--json").stdout)
    assert [one["name"] for one in listed] == ["july"]
    assert "planned again with arrival_rate_rps=1.5" in listed[0]["note"]
    assert "2 of 2 plans made again" in replan(kept).stdout
    assert "1 of 1 plans made again" in replan(kept, "--tag", "replanned").stdout


def test_what_cannot_be_done_is_said_at_once(kept: Path, tmp_path: Path) -> None:
    done = replan(kept, "december")
    assert done.exit_code == 2
    assert "no plan fits, got 'december'" in done.stderr
    assert replan(tmp_path).exit_code == 2
    refused, file = replan(kept, "--set", "slo.7.limit_ms=3", "--quiet"), tmp_path / "none.json"
    assert refused.exit_code == 2
    assert "record 2: " in refused.stderr
    assert "slo.7" in refused.stderr
    assert replan(kept, "--set", "slo.7.limit_ms=3", "--json", str(file)).exit_code == 2
    assert not file.exists()
    assert replan(kept, "--json", str(tmp_path / "no" / "folder.json")).exit_code == 2
    both = replan(kept, "--dask", "tcp://127.0.0.1:9", "--ray", "auto")
    assert both.exit_code == 2
    assert "leave one of them out" in both.stderr


def test_a_library_that_cannot_be_written_is_no_place_to_keep_plans(kept: Path) -> None:
    (kept / "library").chmod(0o500)
    (kept / "library" / "library.db").chmod(0o400)
    try:
        with without_rights():
            assert replan(kept, "--save").exit_code == 2
    finally:
        (kept / "library").chmod(0o700)
        (kept / "library" / "library.db").chmod(0o600)
