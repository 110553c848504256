"""`plan --write-model`: the last program as a file; bad names are refused before the search."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import planner
from planner.cli.app import app
from tests.support.scenarios.small_scenario import small_content


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planner.load(small_content()).to_folder(tmp_path_factory.mktemp("scenario"))


@pytest.mark.parametrize("ending", ["mps", "lp"])
def test_the_program_is_the_one_of_the_api(scenario: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"m.{ending}"
    outcome = CliRunner().invoke(app, ["plan", str(scenario), "--write-model", str(path)])
    assert outcome.exit_code == 0, outcome.output
    assert f"model written to {path}" in " ".join(outcome.stdout.split())
    planner.plan(scenario).to_model(tmp_path / f"api.{ending}")
    assert path.read_text() == (tmp_path / f"api.{ending}").read_text()


def test_an_infeasible_scenario_has_a_program_too(scenario: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.mps"
    line = ["plan", str(scenario), "--set", "arrival_rate_rps=90", "--write-model", str(path)]
    assert CliRunner().invoke(app, line).exit_code == 3
    assert "serve_every_request" in path.read_text()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("m.gms", "end the name with .mps or .lp"),
        ("none/m.mps", "--write-model cannot be written: there is no folder"),
    ],
)
def test_names_are_checked_before_the_search(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    monkeypatch.setattr("planner.joint.solve.solve_joint", lambda *_, **__: pytest.fail("searched"))
    outcome = CliRunner().invoke(
        app, ["plan", str(scenario), "--write-model", str(tmp_path / name)]
    )
    assert outcome.exit_code == 2
    assert problem in outcome.stderr
