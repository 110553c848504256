"""What all commands share: errors become messages and exit codes, files that cannot be written
are reported.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from planner.cli.terminal.frame import (
    BAD_INPUT,
    framed_command,
    framed_csv_write,
    framed_write,
    notify,
)
from planner.errors import DataError, InfeasibleError, NoPlanInTimeError, VerificationError
from profiles.io.faults import Fault


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DataError([Fault("a.yaml", "nodes", "0", "too few", "write 1")]), 2, "a.yaml"),
        (InfeasibleError("10 req/s do not fit"), 3, "the plan is infeasible: 10 req/s do not fit"),
        (NoPlanInTimeError("stopped (time)"), 5, "No setup to work on: stopped (time)"),
    ],
)
def test_errors_become_exit_codes(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @framed_command
    def command() -> int:
        raise error

    assert command() == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


def test_a_bug_is_not_framed() -> None:
    @framed_command
    def command() -> int:
        raise VerificationError(["wrong sum"])

    with pytest.raises(VerificationError):
        command()


def test_notices_are_printed_once_and_not_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    notify(["a\x1b[31m", "b", "a\x1b[31m"])
    notify(["c"], quiet=True)
    assert capsys.readouterr().err == "Notice: a\\x1b[31m\nNotice: b\n"


def test_a_file_that_cannot_be_written_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert framed_write(tmp_path, lambda: tmp_path.write_text("x")) == BAD_INPUT
    assert f"{tmp_path}: cannot be written" in capsys.readouterr().err
    frame = pd.DataFrame({"a": [1, 2]})
    assert framed_csv_write(frame, None, "rows") == 0
    assert framed_csv_write(frame, str(tmp_path / "t.csv"), "rows") == 0
    assert "2 rows written to" in capsys.readouterr().out


def test_a_name_that_is_too_long_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @framed_command
    def command() -> int:
        return int((tmp_path / ("x" * 300)).exists())

    assert command() == BAD_INPUT
    assert "name another place" in capsys.readouterr().err


def test_other_errors_of_the_system_are_bugs() -> None:
    @framed_command
    def command() -> int:
        raise PermissionError(13, "Permission denied", "x")

    with pytest.raises(PermissionError):
        command()


@pytest.mark.parametrize("quiet", [True, False])
def test_quiet_faults_come_without_notices(
    capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    @dataclass
    class Options:
        quiet: bool

    fault = Fault("a.yaml", "nodes", "0", "too few", "write 1")

    @framed_command
    def by_name(*, quiet: bool) -> int:
        raise DataError([fault], notices=["80 GiB from the catalogue"])

    @framed_command
    def by_options(options: Options) -> int:
        raise DataError([fault], notices=["80 GiB from the catalogue"])

    for run in (lambda: by_name(quiet=quiet), lambda: by_options(Options(quiet))):
        assert run() == BAD_INPUT
        told = capsys.readouterr().err
        assert "too few" in told
        assert ("from the catalogue" in told) is not quiet
