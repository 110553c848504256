"""A folder is filled whole or not at all."""

from pathlib import Path

import pytest

from profiles.io.output_folder import put_folder
from profiles.io.writing import WriteError


def fill(folder: Path, *, broken: bool = False) -> None:
    with put_folder(folder) as place:
        (place / "sub").mkdir()
        (place / "sub" / "a.txt").write_text("a")
        (place / "b.txt").write_text("b")
        if broken:
            raise OSError(28, "No space left on device")


@pytest.mark.parametrize("where", ["new", "above/new", "there"])
def test_files_arrive_and_nothing_else(tmp_path: Path, where: str) -> None:
    (tmp_path / "there").mkdir()
    fill(tmp_path / where)
    files = sorted(path.name for path in (tmp_path / where).iterdir())
    assert files == ["b.txt", "sub"]
    assert (tmp_path / where / "sub" / "a.txt").read_text() == "a"


@pytest.mark.parametrize("where", ["new", "above/new", "there"])
def test_a_failure_leaves_all_as_it_was(tmp_path: Path, where: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("mine")
    with pytest.raises(WriteError, match="No space left") as failed:
        fill(tmp_path / where, broken=True)
    assert failed.value.filename == str(tmp_path / where)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "there"]


def test_a_name_that_is_taken_is_refused_and_nothing_moved(tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("mine")
    with pytest.raises(WriteError, match="nothing is overwritten"):
        fill(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sub"]
    assert (tmp_path / "sub").read_text() == "mine"


def test_a_circle_of_links_is_reported(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(WriteError, match="circle"), put_folder(circle):
        pass
    assert circle.is_symlink()
