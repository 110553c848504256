"""The files of a scenario: those that it names, under names that stay in one folder."""

from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import DataError
from planner.library import input_files
from planner.library.input_files import (
    KeptInput,
    collect_input_files,
    read_input_files,
    write_input_files,
)
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit, content_of_edit
from planner.scenario.load import load_scenario
from planner.scenario.templates import template_inputs
from reports.workbook.input_sheets import write_input_book
from tests.support.kept.kept_plans import kept_scenario_folder
from tests.support.paths import EXAMPLES


def sha256(path: Path, overrides: Any = ()) -> str:
    return assemble_instance(path, overrides, cells=True, sizing=True).sha256


def kept_again(path: Path, folder: Path, overrides: Any = ()) -> tuple[KeptInput, str]:
    """The files as they are kept, and the hash of the scenario that they are elsewhere."""
    kept = read_input_files(load_scenario(path, overrides))
    return kept, sha256(write_input_files(kept, folder), kept.overrides)


@pytest.mark.parametrize("name", ["paper-trio", "day", "from-benchmarks"])
def test_examples_keep_their_hash(name: str, tmp_path: Path) -> None:
    path = EXAMPLES / name / "scenario.yaml"
    kept, again = kept_again(path, tmp_path)
    assert again == sha256(path)
    assert kept.overrides == {}
    assert kept.files["scenario.yaml"] == path.read_bytes()


def test_tables_elsewhere_are_put_beside_the_scenario(tmp_path: Path) -> None:
    path = kept_scenario_folder(tmp_path / "here" / "deep")
    for name in ("profiles.csv", "tables/scores.csv"):
        target = tmp_path / "there" / Path(name).name
        target.parent.mkdir(exist_ok=True)
        (path.parent / name).rename(target)
    overrides = {
        "profiles": "../../there/profiles.csv",
        "scores": str(tmp_path / "there" / "scores.csv"),
        "arrival_rate_rps": 4,
    }
    kept, again = kept_again(path, tmp_path / "copy", overrides)
    assert again == sha256(path, overrides)
    assert set(kept.files) == {"scenario.yaml", "profiles.csv", "scores.csv"}
    moved = {"profiles": "profiles.csv", "scores": "scores.csv", "arrival_rate_rps": 4}
    assert kept.overrides == moved


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    path = kept_scenario_folder(tmp_path / "s")
    (tmp_path / "s" / "scores.csv").write_bytes((tmp_path / "s/tables/scores.csv").read_bytes())
    (tmp_path / "profiles.csv").write_bytes((tmp_path / "s/profiles.csv").read_bytes())
    (tmp_path / "s" / "profiles.csv").rename(tmp_path / "s" / "scores.dat")
    one = {"profiles": "../profiles.csv", "scores": "profiles.csv"}
    (tmp_path / "s" / "scores.csv").rename(tmp_path / "s" / "profiles.csv")
    kept, again = kept_again(path, tmp_path / "copy", one)
    assert again == sha256(path, one)
    assert set(kept.files) == {"scenario.yaml", "profiles.csv", "profiles-2.csv"}


def test_a_workbook_is_one_file(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from planner.cli.app import app

    path = kept_scenario_folder(tmp_path / "s")
    book = tmp_path / "book.xlsx"
    assert (
        CliRunner().invoke(app, ["init", "--xlsx", str(book), "--from", str(path)]).exit_code == 0
    )
    kept, again = kept_again(book, tmp_path / "copy")
    assert set(kept.files) == {"book.xlsx"}
    assert again == sha256(path)


def test_one_table_of_two_classes_is_there_once(tmp_path: Path) -> None:
    path = kept_scenario_folder(tmp_path / "s")
    overrides: dict[str, Any] = {
        "classes": [
            {"name": "a", "scores": "tables/scores.csv"},
            {"name": "b", "scores": str(tmp_path / "s" / "tables" / "scores.csv")},
        ],
        "arrival_rate_rps": {"a": 1, "b": 2},
    }
    kept, again = kept_again(path, tmp_path / "copy", overrides)
    assert set(kept.files) == {"scenario.yaml", "profiles.csv", "tables/scores.csv"}
    assert again == sha256(path, overrides)


@pytest.mark.parametrize(
    "name",
    [*("../x", "/tmp/x", "a/../../x", "a\\..\\x", "", ".", "a\x00b"), b"x", 3],  # noqa: S108
)
def test_a_name_that_leads_out_of_the_folder(name: Any, tmp_path: Path) -> None:
    kept = KeptInput({name: b"x"}, name, {})
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="leads out of its folder"):
        write_input_files(kept, tmp_path / "in")
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_files, "MOST_INPUT_FILES", 2)
    with pytest.raises(DataError, match="at most 200 MB and 2 files"):
        read_input_files(planner.load(kept_scenario_folder(tmp_path)).result.scenario)


@pytest.mark.parametrize("kind", ["from-benchmarks", "day", "workbook"])
def test_files_are_the_same_where_the_content_is_at_hand(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "my-cluster.xlsx"
    if kind == "workbook":
        write_input_book(path, template_inputs())
    else:
        path = EXAMPLES / kind / "scenario.yaml"
    edit = ScenarioEdit.of_file(str(path))
    kept = collect_input_files(path, content_of_edit(edit), {})
    assert kept == read_input_files(load_scenario(path))
    assert path.name in kept.files
