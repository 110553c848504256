"""`init --example`: a copy that plans, and what is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.packed_files import EXAMPLES, packed_example_path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def init(*arguments: str) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(app, ["init", *arguments])
    return outcome.exit_code, outcome.stdout, outcome.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_copy_has_every_file_of_the_example(name: str) -> None:
    code, out, err = init("--example", name)
    files = {path.name: path for path in Path(name).rglob("*") if path.is_file()}
    source = packed_example_path(name).parent
    assert code == 0
    assert {str(path.relative_to(name)) for path in files.values()} == {
        str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()
    }
    assert all(f"wrote {path}" in out for path in files.values())
    assert f"plan {name}/scenario.yaml" in err


def test_a_folder_may_be_named() -> None:
    assert init("mine/first", "--example", "paper-trio")[0] == 0
    assert Path("mine/first/scenario.yaml").is_file()


def test_nothing_is_overwritten() -> None:
    Path("paper-trio").mkdir()
    code, _, err = init("--example", "paper-trio")
    assert (code, list(Path("paper-trio").iterdir())) == (2, [])
    assert "nothing is overwritten" in err


def test_an_unknown_name_lists_the_examples() -> None:
    code, _, err = init("--example", "paper-tri", "--xlsx", "x.xlsx")
    assert code == 2
    assert "did you mean paper-trio?" in err
    assert all(name in err for name in EXAMPLES)
    assert "--xlsx has no meaning with --example" in err
