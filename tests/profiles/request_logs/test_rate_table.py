"""Tables of rates: windows, means, faults with their cells."""

from pathlib import Path

import numpy as np
import pytest

from profiles.io.faults import Fault
from profiles.request_logs.rate_table import ONE_CLASS, is_rate_table, read_rate_table
from profiles.request_logs.record import LogClock, LogLabel, RateWindows
from tests.support.scenarios.log_files import rate_table_text


def read(path: Path, text: str, label: LogLabel = LogLabel.CLASS) -> RateWindows | str:
    path.write_text(text)
    faults: list[Fault] = []
    windows = read_rate_table(path, label, faults)
    assert (windows is None) == bool(faults)
    return "\n".join(map(str, faults)) if windows is None else windows


def test_windows_are_read(tmp_path: Path) -> None:
    text = rate_table_text(hours=24)
    assert is_rate_table(text.splitlines()[0].split(","))
    windows = read(tmp_path / "r.csv", text)
    assert isinstance(windows, RateWindows)
    assert (windows.names, windows.width) == (("chat", "code"), 1800.0)
    assert windows.clock == LogClock.RELATIVE
    assert windows.rates[windows.labels == 0].tolist() == [4.0] * 24 + [8.0] * 24
    assert np.unique(windows.output_tokens).tolist() == [10.0]


def test_one_class_and_no_tokens(tmp_path: Path) -> None:
    text = "bin_start_s,rate_rps\n1700000000,1\n1700000600,2\n"
    windows = read(tmp_path / "r.csv", text)
    assert isinstance(windows, RateWindows)
    assert (windows.names, windows.clock) == ((ONE_CLASS,), LogClock.UNIX)
    assert np.isnan(windows.input_tokens).all()


def test_classes_of_a_table_are_its_own(tmp_path: Path) -> None:
    found = read(tmp_path / "r.csv", rate_table_text(), LogLabel.NONE)
    assert "column category: a table of rates has the classes that it names" in str(found)
    assert isinstance(
        read(tmp_path / "r.csv", "bin_start_s,rate_rps\n0,1\n9,2\n", LogLabel.NONE), RateWindows
    )


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("0,a,1\n600,a,-1\n", "row 3, column rate_rps: the number is negative"),
        ("0,a,\n600,a,1\n", "row 2, column rate_rps: the cell is blank"),
        ("0,a,1\n600,,1\n", "row 3, column class: the cell is blank"),
        ("0,a,1\n600,a,1\n600,a,2\n", "row 4, column bin_start_s: the class has this window twice"),
        ("0,a,1\n", "one window alone"),
        ("0,a,1\n600,a,1\n1500,a,1\n", "row 4, column bin_start_s: the window does not begin"),
        ("0,a,x\n600,a,1\n", "this is not a number"),
        ("0,a,1\n1e300,a,1\n", "row 3, column bin_start_s: the number is above 1e+11"),
        ("0,a,1\n5e-324,a,1\n", "two windows begin within 1 millisecond"),
        ("0,a,1\n600,a,1e308\n", "row 3, column rate_rps: the number is above 1e+09"),
    ],
)
def test_faults_have_their_cells(tmp_path: Path, rows: str, why: str) -> None:
    assert why in str(read(tmp_path / "r.csv", "bin_start_s,class,rate_rps\n" + rows))


def test_token_means_have_an_end(tmp_path: Path) -> None:
    text = "bin_start_s,rate_rps,input_tokens\n0,1,2e9\n9,2,5\n"
    assert "row 2, column input_tokens: the number is above 1e+09" in str(
        read(tmp_path / "r.csv", text)
    )
