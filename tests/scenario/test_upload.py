"""Files that are uploaded: stored in a separate folder, a table replaced by another."""

from pathlib import Path

import pytest

from planner.errors import DataError
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.scenario.templates import TEMPLATE_TEXTS, template_inputs
from planner.scenario.upload import replace_uploaded_table, store_upload
from reports.workbook.input_sheets import write_input_book

FILES = {name: text.encode() for name, text in TEMPLATE_TEXTS.items()}


@pytest.fixture
def edit(tmp_path: Path) -> ScenarioEdit:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return ScenarioEdit.of_file(str(folder / "scenario.yaml"))


def fault_text(error: pytest.ExceptionInfo[DataError]) -> str:
    return "\n".join(map(str, error.value.faults))


def test_files_are_read_where_they_were_put(tmp_path: Path) -> None:
    path = store_upload(tmp_path, FILES)
    assert path == tmp_path / "scenario.yaml"
    assert assemble_instance(path).scenario.spec.name == "my-cluster"


def test_tables_elsewhere_on_the_server_are_refused_all_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(FILES["scores.csv"])
    text = TEMPLATE_TEXTS["scenario.yaml"].replace(
        "profiles: profiles.csv", "profiles: ../other/profiles.csv"
    )
    text = text.replace("scores: scores.csv", f"scores: {secret}").replace(
        "arrival_rate_rps: 20", "arrival_rate_rps: -1"
    )
    folder = tmp_path / "upload"
    folder.mkdir()
    with pytest.raises(DataError) as error:
        store_upload(folder, {**FILES, "scenario.yaml": text.encode()})
    for word in (
        "profiles: this file is not among",
        "scores: this file is not among",
        "arrival_rate_rps",
    ):
        assert word in fault_text(error)


def test_tables_of_classes_and_rates_are_not_read_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(FILES["scores.csv"])
    text = TEMPLATE_TEXTS["scenario.yaml"].replace(
        "arrival_rate_rps: 20",
        f"demand: {secret}\nclasses: [{{name: a, scores: {secret}}}]\ncases: [{{name: day}}]",
    )
    folder = tmp_path / "upload"
    folder.mkdir()
    with pytest.raises(DataError) as error:
        store_upload(folder, {**FILES, "scenario.yaml": text.encode()})
    for where in ("demand", "classes.0.scores"):
        assert f"scenario.yaml:{where}: this file is not among" in fault_text(error)


def test_names_with_folders_stay_in_the_upload(tmp_path: Path) -> None:
    folder = tmp_path / "upload"
    folder.mkdir()
    store_upload(folder, {f"../../{name}": content for name, content in FILES.items()})
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["upload"]


@pytest.mark.parametrize(
    "files", [{}, {"scores.csv": b"x"}, {"a.yaml": b"version: 1", "b.yaml": b"version: 1"}]
)
def test_one_scenario_is_needed(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match="exactly one of the files must be a scenario"):
        store_upload(tmp_path, files)


def test_a_workbook_alone_is_a_scenario(tmp_path: Path) -> None:
    write_input_book(tmp_path / "book.xlsx", template_inputs())
    folder = tmp_path / "upload"
    folder.mkdir()
    path = store_upload(folder, {"book.xlsx": (tmp_path / "book.xlsx").read_bytes()})
    assert len(assemble_instance(path).instance.llms) == 2


def test_a_table_is_replaced_in_a_separate_folder(edit: ScenarioEdit, tmp_path: Path) -> None:
    scores = FILES["scores.csv"].decode().splitlines()[:3]
    path = replace_uploaded_table(
        edit.scenario, "scores", "mine.csv", "\n".join(scores).encode(), tmp_path / "new"
    )
    assert path.parent == tmp_path / "new"
    assert len(assemble_instance(path).instance.scores.weights) == 2
    assert len(assemble_instance(Path(edit.path)).instance.scores.weights) > 2


def test_a_table_is_taken_from_a_workbook_sheet(edit: ScenarioEdit, tmp_path: Path) -> None:
    write_input_book(tmp_path / "book.xlsx", template_inputs())
    path = replace_uploaded_table(
        edit.scenario,
        "profiles",
        "book.xlsx",
        (tmp_path / "book.xlsx").read_bytes(),
        tmp_path / "new",
    )
    assert len(assemble_instance(path).instance.options) == len(
        assemble_instance(Path(edit.path)).instance.options
    )


def test_what_is_no_table_is_refused(edit: ScenarioEdit, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is no table"):
        replace_uploaded_table(edit.scenario, "scores", "scores.pdf", b"%PDF", tmp_path / "new")
