"""Score tables read batch by batch: every cell checked, with its row in the whole file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from profiles.io.faults import Fault
from profiles.score_tables import score_batches
from profiles.score_tables.score_batches import ScoreBatch, open_score_batches, read_score_batches


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_batches, "PROMPTS_OF_BATCH", 4)


def written(folder: Path, **columns: list) -> Path:
    """A table of ten prompts with two LLMs, some columns replaced."""
    table = {"prompt_id": [f"p{i}" for i in range(10)], "big": [0.9] * 10, "small": [0.1] * 10}
    path = folder / "scores.parquet"
    pd.DataFrame(table | columns).to_parquet(path)
    return path


def read(path: Path, missing: str = "error") -> tuple[list[ScoreBatch], list[Fault], list[str]]:
    file = open_score_batches(path)
    assert file is not None
    faults: list[Fault] = []
    notices: list[str] = []
    llms = ["small", "big"]
    batches = list(read_score_batches(file, "scores.parquet", llms, missing, faults, notices))
    return batches, faults, notices


def test_rows_follow_the_llms_and_the_file(tmp_path: Path) -> None:
    batches, faults, _ = read(written(tmp_path, weight=[float(i) for i in range(10)]))
    assert not faults
    assert [batch.weights.size for batch in batches] == [4, 4, 2]
    assert np.concatenate([b.weights for b in batches]).tolist() == list(range(10))
    assert "".join(batches[2].prompt_ids.tolist()) == "p8p9"
    assert all(np.all(batch.values == [[0.1], [0.9]]) for batch in batches)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"big": [0.5] * 6 + [None] + [0.5] * 3}, "row 8, column big: the score is missing"),
        ({"big": [0.5] * 6 + [1e12] + [0.5] * 3}, "row 8, column big: the score is absurdly large"),
        ({"weight": [1.0] * 9 + [-1.0]}, "row 11, column weight: the weight is negative"),
        ({"prompt_id": ["p"] * 5 + [" "] + ["q"] * 4}, "row 7, column prompt_id: the cell is bl"),
        ({"big": ["good"] * 10}, "column big: the column does not hold numbers"),
    ],
)
def test_a_fault_in_a_later_batch_has_its_row(
    tmp_path: Path, columns: dict[str, list], words: str
) -> None:
    _, faults, _ = read(written(tmp_path, **columns))
    assert words in str(faults[0])


def test_nothing_is_read_after_a_batch_with_faults(tmp_path: Path) -> None:
    batches, faults, _ = read(written(tmp_path, big=[None] + [0.5] * 8 + [None]))
    assert not batches
    assert [fault.where for fault in faults] == ["row 2, column big"]


def test_missing_scores_are_dropped_and_counted(tmp_path: Path) -> None:
    batches, faults, _ = read(written(tmp_path, big=[None] + [0.5] * 8 + [None]), "drop")
    assert not faults
    assert [batch.dropped for batch in batches] == [1, 0, 1]
    assert [batch.weights.size for batch in batches] == [3, 4, 1]


def test_the_weakest_provenance_counts_and_a_notice_comes_once(tmp_path: Path) -> None:
    words = ["graded"] * 5 + ["calibrated"] * 5
    batches, _, notices = read(written(tmp_path, provenance=words))
    assert [batch.provenance for batch in batches] == [0, 1, 1]
    assert not notices
    batches, _, notices = read(written(tmp_path, provenance=["whatever"] * 10))
    assert [batch.provenance for batch in batches] == [2, 2, 2]
    assert len(notices) == 1
    assert [batch.provenance for batch in read(written(tmp_path))[0]] == [2, 2, 2]


def test_a_file_that_ends_early_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, big=np.linspace(0, 1, 10).tolist())
    file = open_score_batches(path)
    assert file is not None
    raw = path.read_bytes()
    path.write_bytes(raw[:4] + b"\xff" * (len(raw) - 400) + raw[len(raw) - 396 :])
    faults: list[Fault] = []
    list(read_score_batches(file, "scores.parquet", ["big"], "error", faults, []))
    assert "cannot be read from about row 2 on" in str(faults[0])


def test_what_is_no_parquet_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    path.write_text("prompt_id,big\np1,0.5\n")
    assert open_score_batches(path) is None
    assert open_score_batches(tmp_path / "nothing.parquet") is None
