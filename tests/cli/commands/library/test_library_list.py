"""`plan --save` and the commands on the library, one after the other, as a user types them."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from planner.cli.app import app
from planner.scenario.assemble import assemble_instance
from tests.support.kept.kept_plans import kept_scenario_folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of two plans, first and second, of one scenario at two rates."""
    folder = tmp_path_factory.mktemp("kept")
    scenario = kept_scenario_folder(folder / "s")
    for name, more in (("first", ()), ("second", ("--set", "arrival_rate_rps=1"))):
        words = ("plan", str(scenario), "--save-as", name, "--tag", "july", "--note", "why")
        done = said(folder, *words, *more)
        assert done.exit_code == 0, done.stderr
    return folder


def said(folder: Path, *words: str, columns: int = 80) -> Result:
    env = {"PLANNER_LIBRARY": str(folder / "library"), "COLUMNS": str(columns)}
    return CliRunner().invoke(app, words, env=env, catch_exceptions=False)


def numbers(folder: Path, *words: str) -> dict[str, int]:
    listed = json.loads(said(folder, "library", "list", "--json", *words).stdout)
    return {f"{one['kind']} {one['name']}": one["number"] for one in listed}


def test_nothing_is_kept_yet(tmp_path: Path) -> None:
    done = said(tmp_path, "library", "list")
    assert (done.exit_code, list(tmp_path.iterdir())) == (0, [])
    assert "Nothing is kept yet" in done.stdout
    assert "plan SCENARIO --save" in done.stdout
    assert said(tmp_path, "library", "list", "--json").stdout == "[]\n"


def test_the_list_fits_80_columns(kept: Path) -> None:
    lines = said(kept, "library", "list").stdout.splitlines()
    assert all(len(line.rstrip()) <= 80 for line in lines)
    [second] = [line for line in lines if " second " in line]
    assert " plan " in second
    assert " july " in second
    assert "quality 0." in second
    assert said(kept, "library", "list", "--top", "1").stdout.count("\n") < len(lines)
    assert "3 older ones are not listed" in said(kept, "library", "list", "--top", "1").stdout


def test_searches(kept: Path) -> None:
    assert set(numbers(kept, "SECOND")) == {"plan second"}
    assert set(numbers(kept, "--tag", "july", "--kind", "plan")) == {"plan first", "plan second"}
    assert "No record fits" in said(kept, "library", "list", "nothing").stdout
    wrong = said(kept, "library", "list", "--kind", "recipe")
    assert (wrong.exit_code, "it takes scenario, plan, study" in wrong.stderr) == (2, True)


def test_an_unreadable_library_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "library.db").write_bytes(b"x" * 5000)
    scenario = kept_scenario_folder(tmp_path / "s")
    for words in (
        ("library", "list"),
        ("library", "show", "1"),
        ("library", "rm", "1", "--yes"),
        ("plan", str(scenario), "--save", "--quiet"),
    ):
        done = said(tmp_path, *words)
        assert (done.exit_code, done.stdout) == (2, ""), words
        assert done.stderr.count("\n") == 1
        assert "is no library of the planner, or is damaged" in done.stderr


def test_a_password_is_never_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("mysql://me:open-sesame@db/x", f"postgres://me:open-sesame@/x?host={tmp_path}"):
        monkeypatch.setenv("PLANNER_DATABASE_URL", address)
        done = said(tmp_path, "library", "list")
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert "open-sesame" not in done.output


def test_show_prints_the_report(kept: Path, tmp_path: Path) -> None:
    shown = said(kept, "library", "show", "second").stdout
    number = numbers(kept)["plan second"]
    assert shown.startswith(f"plan {number}: second\n")
    for part in ("tags: july", "note: why", "tiny: 1 req/s on 1 x 4 G", "Routing", "GPU map"):
        assert part in shown
    content = json.loads(said(kept, "library", "show", str(number), "--json").stdout)
    assert content["overrides"] == {"arrival_rate_rps": 1}
    scenario = numbers(kept, "--kind", "scenario")["scenario tiny"]
    files = said(kept, "library", "show", str(scenario)).stdout
    assert "tables/scores.csv" in files
    record = json.loads(said(kept, "library", "show", str(scenario), "--json").stdout)
    assert record["kind"] == "scenario"
    assert said(kept, "library", "show", "nothing").exit_code == 2


def test_compare_is_diff(kept: Path) -> None:
    done = said(kept, "library", "compare", "first", "second")
    assert done.exit_code == 0
    assert "(first) ->" in done.stdout
    assert "What differs" in done.stdout
    wrong = said(kept, "library", "compare", "first", "tiny")
    assert (wrong.exit_code, "there is no such plan" in wrong.stderr) == (2, True)


def test_export_gives_the_same_hash(kept: Path, tmp_path: Path) -> None:
    content = json.loads(said(kept, "library", "show", "second", "--json").stdout)
    done = said(kept, "library", "export", "second", "--to", str(tmp_path / "out"))
    assert done.exit_code == 0, done.stderr
    assert "4 files written to" in done.stdout
    exported = tmp_path / "out" / "scenario.yaml"
    assert exported.read_text() == (kept / "s" / "scenario.yaml").read_text()
    loaded = assemble_instance(exported, content["overrides"])
    assert loaded.sha256 == content["scenario_sha256"]
    again = said(kept, "library", "export", "first", "--to", str(tmp_path / "out"))
    assert (again.exit_code, "nothing is overwritten" in again.stderr) == (2, True)
    report = said(kept, "diff", str(tmp_path / "out/plan.json"), str(tmp_path / "out/plan.json"))
    assert (report.exit_code, "not verified" in report.stderr) == (0, False)
    refused = said(kept, "library", "export", "first", "--to", "/proc/nothing")
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (2, True)


def test_words_are_changed_and_records_removed(tmp_path: Path) -> None:
    scenario = kept_scenario_folder(tmp_path / "s")
    done = said(tmp_path, "plan", str(scenario), "--save", "--json", "-")
    assert json.loads(done.stdout)["status"] == "optimal"
    assert "the library as 2 (tiny)" in done.stderr
    tagged = said(tmp_path, "library", "tag", "2", "a", "b").stdout
    assert "tags: a, b" in tagged
    assert "tags: b\n" in said(tmp_path, "library", "tag", "2", "--remove", "a").stdout
    renamed = said(tmp_path, "library", "rename", "2", "two nodes", "--note", "for May").stdout
    assert renamed.startswith("plan 2: two nodes\n")
    assert "note: for May" in renamed
    for words in (("tag", "2"), ("rename", "2"), ("rename", "2", " "), ("tag", "2", "a\x07")):
        assert said(tmp_path, "library", *words).exit_code == 2
    kept = said(tmp_path, "library", "rm", "2", "1")
    assert kept.exit_code == 2
    assert "Nothing was removed; --yes removes without a question" in kept.stderr
    assert said(tmp_path, "library", "rm", "2", "9", "--yes").exit_code == 2
    assert len(numbers(tmp_path)) == 2
    gone = said(tmp_path, "library", "rm", "two nodes", "1", "--yes")
    assert (gone.exit_code, gone.stdout.count("removed ")) == (0, 2)
    assert numbers(tmp_path) == {}


def test_a_removal_is_asked_for_on_a_terminal(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from planner.cli.commands.library.library_changes import run_library_remove

    monkeypatch.setenv("PLANNER_LIBRARY", str(kept / "library"))
    for answer, code in (("n\n", 2), ("y\n", 0)):
        master, terminal = os.openpty()
        os.write(master, answer.encode())
        with os.fdopen(terminal) as typed, monkeypatch.context() as patch:
            patch.setattr("sys.stdin", typed)
            assert run_library_remove(["first"], is_confirmed=False) == code
        os.close(master)
        assert "Remove for good? [y/N]" in capsys.readouterr().err
    assert "plan first" not in numbers(kept)
