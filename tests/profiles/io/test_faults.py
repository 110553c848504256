"""Faults as lines: at most so many of a file, every kind among them; files that cannot be read."""

import shutil
from pathlib import Path

from profiles.io.faults import DataError, Fault
from tests.support.scenarios.scenario_case import fault_lines


def test_an_alien_file_gives_few_lines_but_every_kind(tmp_path: Path) -> None:
    faults = [Fault("f", f"row {i}, column a", "", "bad", "fix") for i in range(500)] + [
        Fault("f", "row 9, column b", "", "worse", "fix")
    ]
    lines = str(DataError(faults)).splitlines()
    assert len(lines) == 51
    assert any("worse" in line for line in lines)
    assert lines[-1] == "f: and 451 more"


def test_files_that_cannot_be_read(case: Path) -> None:
    shutil.move(case / "profiles.csv", case / "profile.csv")
    (case / "scores.csv").unlink()
    (case / "scores.csv").mkdir()
    lines = fault_lines(case)
    assert "profiles.csv: there is no such file; did you mean profile.csv?" in lines
    assert "scores.csv: this is a folder" in lines
    assert "ending is neither" in fault_lines(case, "scores=scores.txt")
    (case / "s.parquet").write_bytes(b"PAR1 this is none PAR1")
    assert "not a readable Parquet file" in fault_lines(case, "scores=s.parquet")
    assert "there is no folder" in fault_lines(case, "scores=away/s.parquet")
