"""Score tables: every fault by row and column; prompts without a score."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario.assemble import assemble_instance
from profiles.io.table_files import read_table_file
from profiles.score_tables.scores import load_scores, parse_scores
from tests.support.scenarios.scenario_case import FUZZ, assert_sound_or_faulty, change, fault_lines


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "p2,0.75",
            "p1,0.75",
            "row 3, column prompt_id: the prompt appears twice in the table, got 'p1'",
        ),
        ("p2,0.75", ",0.75", "row 3, column prompt_id: the cell is blank"),
        ("p2,0.75", "p2,NO", "row 3, column NO: this is not a number, got 'NO'"),
        (
            "p2,0.75",
            "p2,",
            "row 3, column NO: the score is missing; fill it in, or set scores_missing: drop",
        ),
        ("p2,0.75", "p2,nan", "row 3, column NO: the score is missing, got 'nan'"),
        ("p2,0.75", "p2,inf", "row 3, column NO: the number is not finite"),
        ("0.25,1,", "0.25,-1,", "row 2, column weight: the weight is negative"),
        ("0.25,1,", "0.25,,", "row 2, column weight: the weight is blank"),
        ("prompt_id,NO", "prompt_id,No", "column NO: the column is missing; did you mean No?"),
        ("prompt_id", "id", "column prompt_id: the column is missing"),
    ],
)
def test_scores_faults(case: Path, old: str, new: str, words: str) -> None:
    change(case / "scores.csv", old, new)
    assert words in fault_lines(case)


def test_weights_of_zero(case: Path) -> None:
    change(case / "scores.csv", "0.25,1,", "0.25,0,")
    assert load_scores(case / "scores.csv", ["NO", "NA"])[0].weights.tolist() == [0, 1]
    change(case / "scores.csv", "1,3,", "1,0,")
    assert "the weights sum to zero" in fault_lines(case)


def test_missing_scores_are_dropped_and_counted(case: Path) -> None:
    with (case / "scores.csv").open("a") as file:
        file.write("p3,,0.5,1,z\np4,0.5,NaN,1,z\n")
    assert "row 4, column NO" in fault_lines(case)
    assert "row 5, column NA" in fault_lines(case)
    loaded = assemble_instance(case / "scenario.yaml", ["scores_missing=drop"])
    assert loaded.instance.scores.dropped == 2
    assert loaded.instance.scores.prompt_ids.tolist() == ["p1", "p2"]
    assert any("dropped 2 of 4 prompts" in notice for notice in loaded.notices)
    (case / "scores.csv").write_text("prompt_id,NO,NA\np1,,1\n")
    assert "none is left" in fault_lines(case, "scores_missing=drop")


@FUZZ
@given(data=st.data())
def test_any_parquet_bytes_give_scores_or_faults(case: Path, data: st.DataObject) -> None:
    pq.write_table(
        pa.table({"prompt_id": ["a", "b"], "NO": [0.5, None], "NA": [1.0, 2.0]}), case / "s.parquet"
    )
    raw = bytearray((case / "s.parquet").read_bytes())
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=4)
    ):
        raw[at] = byte
    (case / "s.parquet").write_bytes(bytes(raw))
    missing = data.draw(st.sampled_from(["error", "drop"]))
    assert_sound_or_faulty(lambda: load_scores(case / "s.parquet", ["NO", "NA"], missing))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("graded", "graded"), "graded"),
        (("graded", "calibrated"), "calibrated"),
        (("graded", ""), "predicted"),
        (("", "placeholder"), "placeholder"),
        (("graded", "by hand"), "predicted"),
    ],
)
def test_the_weakest_provenance_is_that_of_the_table(
    tmp_path: Path, words: tuple[str, str], kind: str
) -> None:
    path = tmp_path / "s.csv"
    rows = "".join(f"p{k},{word},0.5\n" for k, word in enumerate(words))
    path.write_text(f"prompt_id,provenance,a\n{rows}")
    scores, notices = load_scores(path, ["a"])
    assert scores.provenance == kind
    assert [("by hand" in notice) for notice in notices] == [True] * ("by hand" in words)


def test_only_prompts_that_count_have_a_provenance(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("prompt_id,weight,provenance,a\np,1,graded,1\nq,0,,1\nr,1,predicted,\n")
    assert load_scores(path, ["a"], "drop")[0].provenance == "graded"


def test_an_llm_may_be_called_provenance(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("prompt_id,provenance\np,0.25\n")
    scores, notices = load_scores(path, ["provenance"])
    assert (scores.values.tolist(), scores.provenance, notices) == ([[0.25]], "predicted", ())


def test_a_table_and_its_scores_share_their_numbers(tmp_path: Path) -> None:
    """What was read keeps its cells; columns with a null, or of whole numbers, keep their own."""
    path = tmp_path / "scores.parquet"
    cells = {
        "prompt_id": pa.array(["p1", "p2"]),
        "a": pa.array([0.25, 0.5], pa.float32()),
        "b": pa.array([1, 2]),
        "c": pa.array([0.5, None]),
    }
    pq.write_table(pa.table(cells), path)
    table = read_table_file(path, [])
    assert table is not None
    scores = parse_scores(table, ["a", "b"], "error", [], [])
    assert scores is not None
    assert {name: column.to_pylist() for name, column in table.columns.items()} == {
        name: column.to_pylist() for name, column in cells.items()
    }
    shared = table.columns["a"].chunk(0).to_numpy()
    assert np.shares_memory(shared, scores.values)
    assert table.columns["b"].type == pa.int64()
    table.share_numbers("c", np.array([0.5, np.nan]))
    assert table.columns["c"].to_pylist() == [0.5, None]
    assert scores.prompt_ids.tolist() == ["p1", "p2"]
