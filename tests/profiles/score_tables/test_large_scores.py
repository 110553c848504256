"""A score table too large for memory: its representatives, what is known of all of it, faults."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from profiles.io.faults import Fault, ScoresError
from profiles.records import Scores
from profiles.score_tables import large_scores, score_batches
from profiles.score_tables.scores import parse_scores, read_score_table

LLMS = ["big", "small"]


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of more than 1,000 scores are large; of those 400 are kept."""
    monkeypatch.setattr(large_scores, "IN_MEMORY", 1_000)
    monkeypatch.setattr(large_scores, "STANDING", 400)
    monkeypatch.setattr(score_batches, "PROMPTS_OF_BATCH", 128)


def load_scores(
    path: Path, llms: Sequence[str], missing: str = "error"
) -> tuple[Scores, list[str]]:
    """As a scenario reads them."""
    faults: list[Fault] = []
    notices: list[str] = []
    table = read_score_table(path, llms, missing, faults, notices)
    scores = None if table is None else parse_scores(table, llms, missing, faults, notices)
    if scores is None:
        raise ScoresError(faults)
    return scores, notices


def table(prompts: int = 900, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {llm: rng.normal(size=prompts) for llm in [*LLMS, "alien"]}
    return pd.DataFrame({"prompt_id": [f"p{i}" for i in range(prompts)], **columns})


def written(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "scores.parquet"
    frame.to_parquet(path)
    return path


def test_representatives_carry_what_is_known_of_all(tmp_path: Path) -> None:
    frame = table()
    frame["weight"] = np.random.default_rng(1).uniform(0.0, 5.0, 900)
    scores, notices = load_scores(written(tmp_path, frame), LLMS)
    assert 180 <= scores.weights.size <= 210
    assert scores.weights.sum() == pytest.approx(1.0)
    assert scores.llms == tuple(LLMS)
    assert scores.whole is not None
    assert (scores.whole.prompts, scores.whole.exact) == (900, False)
    mean = np.average(frame[LLMS].to_numpy(), axis=0, weights=frame["weight"])
    assert scores.whole.means == pytest.approx(mean)
    rows = frame.set_index("prompt_id").loc[scores.prompt_ids.tolist(), LLMS]
    assert np.array_equal(rows.to_numpy().T, scores.values)
    assert any("900 prompts are too many for memory" in notice for notice in notices)
    assert any("ignored 1 column" in notice and "alien" in notice for notice in notices)


def test_a_table_within_memory_is_read_whole(tmp_path: Path) -> None:
    scores, notices = load_scores(written(tmp_path, table(500)), LLMS)
    assert scores.whole is None
    assert scores.weights.size == 500
    assert not any("too many for memory" in notice for notice in notices)


def test_grades_stay_exact(tmp_path: Path) -> None:
    frame = table()
    frame[LLMS] = (frame[LLMS] > 0).astype(float)
    scores, notices = load_scores(written(tmp_path, frame), LLMS)
    assert scores.whole is not None
    assert scores.whole.exact
    assert scores.weights.size == 4
    assert any("900 prompts with 4 different rows of scores" in notice for notice in notices)


def test_missing_scores(tmp_path: Path) -> None:
    frame = table()
    frame.loc[700, "big"] = np.nan
    with pytest.raises(ScoresError, match="row 702, column big: the score is missing"):
        load_scores(written(tmp_path, frame), LLMS)
    scores, notices = load_scores(written(tmp_path, frame), LLMS, "drop")
    assert scores.whole is not None
    assert scores.whole.prompts == 899
    assert scores.whole.missing == "drop"
    assert any("dropped 1 of 900 prompts that lack a score" in notice for notice in notices)
    frame["big"] = np.nan
    with pytest.raises(ScoresError, match="every prompt lacks a score"):
        load_scores(written(tmp_path, frame), LLMS, "drop")


def test_weights_of_zero(tmp_path: Path) -> None:
    frame = table()
    frame["weight"] = 0.0
    with pytest.raises(ScoresError, match="the weights sum to zero"):
        load_scores(written(tmp_path, frame), LLMS)


def test_prompts_that_appear_twice_are_named_by_their_rows(tmp_path: Path) -> None:
    frame = table()
    frame.loc[[500, 880], "prompt_id"] = "p3"
    with pytest.raises(ScoresError) as error:
        load_scores(written(tmp_path, frame), LLMS)
    places = [fault.where for fault in error.value.faults]
    assert places == ["row 502, column prompt_id", "row 882, column prompt_id"]


def test_different_prompts_of_one_hash_are_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        large_scores, "_hashes_of_prompts", lambda ids: np.zeros(len(ids), dtype=np.uint64)
    )
    assert load_scores(written(tmp_path, table()), LLMS)[0].whole is not None


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match="column small: the column is missing"):
        load_scores(written(tmp_path, table().drop(columns="small")), ["big", "alien", "small"])


def test_the_weakest_provenance_of_all_prompts_counts(tmp_path: Path) -> None:
    frame = table()
    frame["provenance"] = ["graded"] * 899 + ["calibrated"]
    scores, _ = load_scores(written(tmp_path, frame), LLMS)
    assert scores.provenance == "calibrated"


def test_the_same_file_gives_the_same_representatives(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    one, other = (load_scores(path, LLMS)[0] for _ in range(2))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.weights, other.weights)
