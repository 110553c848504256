"""The journal of a sweep: another run goes on from it, another sweep does not; the table with
it.
"""

from pathlib import Path

import pandas as pd
import pytest

from planner.studies.sweep_axes import Axis
from planner.studies.sweep_journal import SweepJournal, write_sweep_journal
from planner.studies.sweep_point import PointStatus, SweepPoint

AXES = [Axis("arrival_rate_rps", (10, 20, 30))]


def point(number: int) -> SweepPoint:
    return SweepPoint(
        number=number,
        values={"arrival_rate_rps": 10 * (number + 1)},
        status=PointStatus.OPTIMAL,
        numbers={"Quality (mean score)": 0.5 + number / 10},
        reason="",
        seconds=0.1,
    )


def test_another_run_goes_on_from_the_points_that_are_done(tmp_path: Path) -> None:
    out = str(tmp_path / "s.csv")
    first = SweepJournal(out, "key", AXES)
    first.keep(point(1))
    first.keep(point(0))
    second = SweepJournal(out, "key", AXES)
    assert second.done == {0: point(0), 1: point(1)}
    assert SweepJournal(out, "another sweep", AXES).done == {}


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    out = str(tmp_path / "s.csv")
    journal = SweepJournal(out, "key", AXES)
    journal.keep(point(0))
    with Path(f"{out}.partial").open("a") as stream:
        stream.write('{"number": 1, "val')
    assert list(SweepJournal(out, "key", AXES).done) == [0]


@pytest.mark.parametrize("complete", [True, False])
def test_the_journal_stays_until_the_sweep_is_complete(tmp_path: Path, complete: bool) -> None:
    journal = SweepJournal(str(tmp_path / "s.csv"), "key", AXES)
    for number in (2, 0):
        journal.keep(point(number))
    journal.close([point(0), point(2)], complete=complete)
    assert list(pd.read_csv(tmp_path / "s.csv")["arrival_rate_rps"]) == [10, 30]
    assert (tmp_path / "s.csv.partial").exists() != complete


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = SweepJournal(None, "key", AXES)
    journal.keep(point(0))
    journal.close([point(0)], complete=True)
    assert not list(tmp_path.iterdir())


def test_a_table_that_cannot_be_written_leaves_the_journal(tmp_path: Path) -> None:
    out = tmp_path / "folder"
    journal = SweepJournal(str(out), "key", AXES)
    journal.keep(point(0))
    out.mkdir()
    with pytest.raises(OSError, match="folder"):
        journal.close([point(0)], complete=True)
    assert Path(f"{out}.partial").exists()


def test_columns_of_numbers_and_texts_fit_into_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"value": [1, "=HYPERLINK(1)", None], "n": [1.0, 2.0, 3.0]})
    write_sweep_journal(frame, tmp_path / "t.parquet")
    back = pd.read_parquet(tmp_path / "t.parquet")
    assert list(back["n"]) == [1.0, 2.0, 3.0]
    assert back["value"][0] == "1"
    assert not str(back["value"][1]).startswith("="), "a text that a spreadsheet might run"
