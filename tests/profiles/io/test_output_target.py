"""What a path leads to: files are replaced, links followed, devices and descriptors written to, and
the rest refused.
"""

import os
import socket
from pathlib import Path

import pytest

from profiles.io.output_target import RefusedTargetError, TargetKind, find_target


def test_a_file_and_a_free_name_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    for name in ("old", "new"):
        found = find_target(tmp_path / name)
        assert (found.kind, found.path) == (TargetKind.REPLACED, tmp_path / name)


def test_links_are_followed_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tmp_path / "a" / "file")
    (tmp_path / "folder").symlink_to("a")
    for name in ("one", "two", "folder/file"):
        found = find_target(tmp_path / name)
        assert (found.kind, found.path) == (TargetKind.REPLACED, tmp_path / "a" / "file")


@pytest.mark.parametrize("name", ["/dev/null", "/dev/full"])
def test_a_device_is_written_to(name: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(name)
    for path in (Path(name), tmp_path / "link"):
        found = find_target(path)
        assert (found.kind, found.path) == (TargetKind.DEVICE, Path(name))


def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert find_target(tmp_path / "fifo").kind == TargetKind.DEVICE


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{pid}/fd/{}"])
def test_an_open_descriptor_is_itself_also_where_it_is_a_file(tmp_path: Path, form: str) -> None:
    with (tmp_path / "file").open("w") as stream:
        name = form.format(stream.fileno(), pid=os.getpid())
        found = find_target(Path(name))
        assert (found.kind, found.descriptor) == (TargetKind.DESCRIPTOR, stream.fileno())
        (tmp_path / "link").symlink_to(name)
        assert find_target(tmp_path / "link").descriptor == stream.fileno()


def test_standard_streams_are_descriptors() -> None:
    assert find_target(Path("/dev/stdout")).descriptor == 1
    assert find_target(Path("/dev/stderr")).descriptor == 2


def test_a_descriptor_that_is_closed_or_only_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (tmp_path / "file").open() as stream:
        number = stream.fileno()
        with pytest.raises(RefusedTargetError, match="for reading only"):
            find_target(Path(f"/dev/fd/{number}"))
    with pytest.raises(RefusedTargetError, match="is not open"):
        find_target(Path(f"/dev/fd/{number}"))


def test_what_is_no_place_for_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle2")
    (tmp_path / "circle2").symlink_to("circle")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "plain").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)  # names of sockets are short
        server.bind("socket")
        os.chdir(here)
        for name, problem in (
            ("circle", "circle of links"),
            ("dangling", "leads to nothing"),
            ("folder", "a folder"),
            ("to-folder", "a folder"),
            ("socket", "a socket"),
            ("no/file", "there is no folder"),
            ("plain/file", "is no folder"),
            ("dangling/file", "no folder"),
            ("a\0b", "cannot be looked at"),
            ("x" * 300, "cannot be looked at"),
        ):
            with pytest.raises(RefusedTargetError) as refused:
                find_target(tmp_path / name)
            assert problem in refused.value.problem, name
            assert refused.value.fix
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("circle", "circle2", "dangling", "folder", "plain", "socket", "to-folder"),
    ]


def test_a_disk_is_refused(tmp_path: Path) -> None:
    disks = [path for path in Path("/dev").iterdir() if path.is_block_device()]
    for disk in disks[:1]:
        with pytest.raises(RefusedTargetError, match="a disk"):
            find_target(disk)
