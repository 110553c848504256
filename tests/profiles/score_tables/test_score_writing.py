"""Scores tables written: read again as they were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from profiles.io.faults import DataError
from profiles.records import Scores
from profiles.score_tables.score_writing import (
    check_scores_writable,
    scores_frame,
    write_scores_frame,
)
from profiles.score_tables.scores import load_scores

IDS = np.array(["p1", "-2"], dtype=object)
SCORES = Scores(IDS, ("a", "b"), np.array([[0.5, 1 / 3], [0.0, 1.0]]), np.array([0.25, 0.75]))


def test_parquet_keeps_ids_and_csv_says_which_it_changed(tmp_path: Path) -> None:
    frame = scores_frame(SCORES)
    assert write_scores_frame(frame, str(tmp_path / "s.parquet")) == []
    again, _ = load_scores(tmp_path / "s.parquet", ["a", "b"])
    assert again.prompt_ids.tolist() == IDS.tolist()
    assert again.values.tolist() == SCORES.values.tolist()
    assert again.weights.tolist() == SCORES.weights.tolist()
    (notice,) = write_scores_frame(frame, str(tmp_path / "s.csv"))
    assert "1 names begin like a formula, e.g. '-2'" in notice
    again, _ = load_scores(tmp_path / "s.csv", ["a", "b"])
    assert again.prompt_ids.tolist() == ["p1", "'-2"]
    assert again.values == pytest.approx(SCORES.values, rel=1e-11)


def test_equal_weights_are_not_written() -> None:
    equal = Scores(IDS, ("a", "b"), SCORES.values, np.array([0.5, 0.5]))
    assert list(scores_frame(equal).columns) == ["prompt_id", "a", "b"]


def test_standard_output_gets_csv(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"prompt_id": ["p"], "a": [0.5]})
    assert write_scores_frame(frame, "-") == []
    assert capsys.readouterr().out == "prompt_id,a\np,0.5\n"


def test_endings_that_are_not_read_again_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither in \.csv nor in \.parquet"):
        check_scores_writable(str(tmp_path / "s.xlsx"))
    with pytest.raises(DataError, match="no folder"):
        check_scores_writable(str(tmp_path / "none" / "s.csv"))
    for fine in ("-", "/dev/null", str(tmp_path / "S.CSV")):
        check_scores_writable(fine)
