"""`init --from-tables`: a scenario that plans, beside tables that stay where they are."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.scenario.templates import TEMPLATE_TEXTS


@pytest.fixture(autouse=True)
def _tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tables").mkdir()
    for name in ("profiles.csv", "scores.csv"):
        Path("tables", name).write_text(TEMPLATE_TEXTS[name])


def run(*arguments: str) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(app, list(arguments))
    return outcome.exit_code, outcome.stdout, outcome.stderr


TABLES = ("--from-tables", "tables/profiles.csv", "tables/scores.csv")


def test_the_scenario_plans_as_it_was_written() -> None:
    code, out, err = run("init", *TABLES)
    assert (code, out) == (0, "wrote scenario.yaml\n")
    assert "plan scenario.yaml" in err
    assert "\nprofiles: tables/profiles.csv\n" in Path("scenario.yaml").read_text()
    code, out, _ = run("plan", "scenario.yaml", "--quiet")
    assert code == 0
    assert "optimal" in out


def test_in_a_folder_the_tables_are_named_from_there() -> None:
    assert run("init", "a/b", *TABLES)[0] == 0
    assert "../../tables/scores.csv" in Path("a/b/scenario.yaml").read_text()
    assert run("plan", "a/b/scenario.yaml", "--quiet")[0] == 0


def test_nothing_is_overwritten_and_other_options_are_refused() -> None:
    Path("scenario.yaml").write_text("mine")
    code, _, err = run("init", *TABLES, "--xlsx", "x.xlsx")
    assert code == 2
    assert "nothing is overwritten" in err
    assert "--xlsx has no meaning with --from-tables" in err
    assert Path("scenario.yaml").read_text() == "mine"
    assert run("init", "--example", "paper-trio", *TABLES)[0] == 2


def test_faults_leave_no_folder_behind() -> None:
    assert run("init", "new", "--from-tables", "tables/none.csv", "tables/scores.csv")[0] == 2
    assert not Path("new").exists()
