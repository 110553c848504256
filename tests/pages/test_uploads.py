"""What is handed over to the page and what is taken away: uploads, archives, scenarios as files
again, and what was changed.
"""

import io
import zipfile
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.scenario import archive as upload_zip
from planner.scenario.archive import unpack_archives, zip_scenario
from planner.scenario.assemble import load_instance
from planner.scenario.edits import ScenarioEdit, changed, content_of, difference_words, file_key
from planner.scenario.schema import ScenarioSpec
from planner.scenario.schema_paths import set_path
from planner.scenario.templates import TEMPLATE_TEXTS, template_inputs
from planner.scenario.upload import replace_table, store_upload
from reports.workbook.input_sheets import write_input_book

FILES = {name: text.encode() for name, text in TEMPLATE_TEXTS.items()}


@pytest.fixture
def asked(tmp_path: Path) -> ScenarioEdit:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return ScenarioEdit.of_file(str(folder / "scenario.yaml"))


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return target.getvalue()


def told(error: pytest.ExceptionInfo[DataError]) -> str:
    return "\n".join(map(str, error.value.faults))


# ---------------------------------------------------------------- uploads


def test_files_are_read_where_they_were_put(tmp_path: Path) -> None:
    path = store_upload(tmp_path, FILES)
    assert path == tmp_path / "scenario.yaml"
    assert load_instance(path).scenario.spec.name == "my-cluster"


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
        assert word in told(error)


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
    with pytest.raises(DataError, match="one scenario is needed"):
        store_upload(tmp_path, files)


def test_a_workbook_alone_is_a_scenario(tmp_path: Path) -> None:
    write_input_book(str(tmp_path / "book.xlsx"), template_inputs())
    folder = tmp_path / "upload"
    folder.mkdir()
    path = store_upload(folder, {"book.xlsx": (tmp_path / "book.xlsx").read_bytes()})
    assert len(load_instance(path).instance.llms) == 2


# ---------------------------------------------------------------- archives


def test_a_scenario_goes_into_an_archive_and_comes_back(
    asked: ScenarioEdit, tmp_path: Path
) -> None:
    more = changed(asked, {**content_of(asked), "arrival_rate_rps": 12.5})
    folder = tmp_path / "back"
    folder.mkdir()
    path = store_upload(folder, {"kept.zip": zip_scenario(more.scenario)})
    mine, theirs = load_instance(Path(asked.path), {"arrival_rate_rps": 12.5}), load_instance(path)
    assert theirs.sha256 == mine.sha256


def test_folders_of_an_archive_do_not_count(tmp_path: Path) -> None:
    members = {f"case/{name}": content for name, content in FILES.items()} | {
        "__MACOSX/case/._scores.csv": b"x",
        "case/.DS_Store": b"x",
    }
    assert unpack_archives({"case.zip": archive(members)}) == FILES
    assert (
        store_upload(
            tmp_path,
            {
                "case.zip": archive(
                    {"../../evil/../" + name: content for name, content in FILES.items()}
                )
            },
        ).parent
        == tmp_path
    )


def test_archives_that_cannot_be_read_are_told_all_at_once() -> None:
    double = archive({"a/scores.csv": b"1", "b/scores.csv": b"2"})
    with pytest.raises(DataError) as error:
        unpack_archives({"bad.zip": b"PK\x03\x04 no", "double.zip": double})
    assert "bad.zip: this is no zip archive" in told(error)
    assert "double.zip:scores.csv: there are two files" in told(error)


def test_an_archive_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_zip, "MOST_BYTES", 3_000_000)
    bomb = archive({"scores.csv": b"0" * 4_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(DataError, match="more than 3,000,000 bytes"):
        unpack_archives({"bomb.zip": bomb})


# ---------------------------------------------------------------- another table


def test_a_table_is_replaced_in_a_folder_of_its_own(asked: ScenarioEdit, tmp_path: Path) -> None:
    scores = FILES["scores.csv"].decode().splitlines()[:3]
    path = replace_table(
        asked.scenario, "scores", "mine.csv", "\n".join(scores).encode(), tmp_path / "new"
    )
    assert path.parent == tmp_path / "new"
    assert len(load_instance(path).instance.scores.weights) == 2
    assert len(load_instance(Path(asked.path)).instance.scores.weights) > 2


def test_a_table_is_taken_from_a_workbook_sheet(asked: ScenarioEdit, tmp_path: Path) -> None:
    write_input_book(str(tmp_path / "book.xlsx"), template_inputs())
    path = replace_table(
        asked.scenario,
        "profiles",
        "book.xlsx",
        (tmp_path / "book.xlsx").read_bytes(),
        tmp_path / "new",
    )
    assert len(load_instance(path).instance.options) == len(
        load_instance(Path(asked.path)).instance.options
    )


def test_what_is_no_table_is_refused(asked: ScenarioEdit, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is no table"):
        replace_table(asked.scenario, "scores", "scores.pdf", b"%PDF", tmp_path / "new")


# ---------------------------------------------------------------- what was changed


def test_changes_are_told_as_few_overrides_and_in_words(asked: ScenarioEdit) -> None:
    content = content_of(asked)
    content["pools"][0]["nodes"] = 2
    content["slo"][0]["limit_ms"] = 250.0
    content["llms"] = content["llms"][:1]
    one = changed(asked, content)
    assert set(one.overrides) == {"pools.0.nodes", "slo.0.limit_ms", "llms"}
    assert content_of(one) == content
    assert difference_words(one) == ["2 nodes of a100", "other llms", "mean TTFT 250 ms"]
    assert changed(one, content_of(asked)) == asked


def test_changes_read_by_the_command_line_mean_the_same(asked: ScenarioEdit) -> None:
    one = changed(asked, {**content_of(asked), "arrival_rate_rps": 7.0})
    content = dict(asked.base)
    assert set_path(ScenarioSpec, content, "arrival_rate_rps", 7.0) is None
    assert one.scenario.spec == load_instance(Path(asked.path), dict(one.overrides)).scenario.spec


def test_the_key_of_files_follows_their_content(asked: ScenarioEdit) -> None:
    before = file_key(asked)
    scores = Path(asked.path).parent / "scores.csv"
    scores.write_bytes(scores.read_bytes() + b"p99,0.5,0.6\n")
    assert file_key(asked) != before
