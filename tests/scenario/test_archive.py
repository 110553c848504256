"""Scenarios in zip archives: they come back exactly, and archives are taken apart within bounds."""

import io
import zipfile
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.scenario import archive
from planner.scenario.archive import (
    unpack_scenario_archives,
    write_archive_folder,
    zip_scenario,
)
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit, changed, content_of_edit
from planner.scenario.templates import TEMPLATE_TEXTS
from planner.scenario.upload import store_upload
from tests.support.scenarios.demand_case import load_day, rates_in_a_table

FILES = {name: text.encode() for name, text in TEMPLATE_TEXTS.items()}


@pytest.fixture
def edit(tmp_path: Path) -> ScenarioEdit:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return ScenarioEdit.of_file(str(folder / "scenario.yaml"))


def make_archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return target.getvalue()


def fault_text(error: pytest.ExceptionInfo[DataError]) -> str:
    return "\n".join(map(str, error.value.faults))


def test_a_scenario_goes_into_an_archive_and_comes_back(edit: ScenarioEdit, tmp_path: Path) -> None:
    more = changed(edit, {**content_of_edit(edit), "arrival_rate_rps": 12.5})
    folder = tmp_path / "back"
    folder.mkdir()
    path = store_upload(folder, {"kept.zip": zip_scenario(more.scenario)})
    mine, theirs = (
        assemble_instance(Path(edit.path), {"arrival_rate_rps": 12.5}),
        assemble_instance(path),
    )
    assert theirs.sha256 == mine.sha256


@pytest.mark.parametrize("name", ["a: b", "yes", "1.5", "x, y", "# h", "*x", '"q"', "a]b", "ü"])
def test_names_that_yaml_reads_otherwise_come_back(day: Path, tmp_path: Path, name: str) -> None:
    edit = ScenarioEdit.of_file(str(day / "scenario.yaml"))
    content = content_of_edit(edit)
    content["pools"][0]["name"], content["classes"][0]["name"] = name, name
    content["cases"][2]["lost_nodes"] = {name: 1}
    for case in content["cases"]:
        case["arrival_rate_rps"] = {name: 1.0, "batch": 0.5}
    renamed = changed(edit, content).scenario
    path = write_archive_folder(renamed, tmp_path / "kept")
    back = ScenarioEdit.of_file(str(path)).base
    assert (back["cases"], back["pools"]) == (content["cases"], content["pools"])


def test_folders_of_an_archive_do_not_count(tmp_path: Path) -> None:
    members = {f"case/{name}": content for name, content in FILES.items()} | {
        "__MACOSX/case/._scores.csv": b"x",
        "case/.DS_Store": b"x",
    }
    assert unpack_scenario_archives({"case.zip": make_archive(members)}) == FILES
    assert (
        store_upload(
            tmp_path,
            {
                "case.zip": make_archive(
                    {"../../evil/../" + name: content for name, content in FILES.items()}
                )
            },
        ).parent
        == tmp_path
    )


def test_archives_that_cannot_be_read_are_reported_all_at_once() -> None:
    double = make_archive({"a/scores.csv": b"1", "b/scores.csv": b"2"})
    with pytest.raises(DataError) as error:
        unpack_scenario_archives({"bad.zip": b"PK\x03\x04 no", "double.zip": double})
    assert "bad.zip: this is no zip archive" in fault_text(error)
    assert "double.zip:scores.csv: there are two files" in fault_text(error)


def test_an_archive_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 3_000_000)
    bomb = make_archive({"scores.csv": b"0" * 4_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(DataError, match="more than 3,000,000 bytes"):
        unpack_scenario_archives({"bomb.zip": bomb})


def test_tables_of_classes_and_rates_are_packed(day: Path, tmp_path: Path) -> None:
    rates_in_a_table(day)
    stated = load_day(day, "cases.0.arrival_rate_rps.chat=9")
    write_archive_folder(stated.scenario, tmp_path / "copy")
    copied = load_day(tmp_path / "copy")
    assert copied.sha256 == stated.sha256
    assert copied.demand is not None
    assert copied.demand.rates()[0, 0] == 9
