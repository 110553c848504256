"""Columns of a score table, given to LLMs by name or size, and the table written for them."""

from pathlib import Path

import pandas as pd
import pytest

from planner.errors import ScoresError
from planner.scenario.starting.score_columns import (
    name_score_columns,
    read_matched_scores,
    read_score_columns,
    stand_in_score_columns,
    stand_in_scores_path,
    suggest_score_columns,
)
from profiles.io.faults import Fault
from profiles.score_tables.scores import load_scores

TABLE = (
    "prompt_id,weight,kind,meta-llama/Llama-3.1-8B-Instruct,Big\n"
    "p1,1,a,0.2,0.9\np2,3,b,0.8,0.1\np3,1,c,0.5,\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def test_columns_are_found_by_name_or_by_the_name_at_the_publisher(table: Path) -> None:
    columns = read_score_columns(table)
    assert columns == ["meta-llama/Llama-3.1-8B-Instruct", "Big"]
    assert suggest_score_columns(["llama-3.1-8b", "big", "other"], columns) == {
        "llama-3.1-8b": "meta-llama/Llama-3.1-8B-Instruct",
        "big": "Big",
    }


def test_scores_are_read_under_the_names_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    faults: list[Fault] = []
    notices: list[str] = []
    path.write_text("prompt_id,Qwen3-32B,Qwen/Qwen3-8B\np1,0.9,0.2\np2,0.1,0.3\n")
    llms = ["qwen3-8b", "qwen3-32b"]
    scores = read_matched_scores(path, llms, "error", faults, notices)
    assert scores is not None
    assert not faults
    assert scores.llms == tuple(llms)
    assert scores.values.tolist() == [[0.2, 0.3], [0.9, 0.1]]
    assert notices == [f"{path}: Qwen/Qwen3-8B is qwen3-8b, Qwen3-32B is qwen3-32b"]


def test_a_column_that_no_name_leads_to_is_missing(table: Path) -> None:
    faults: list[Fault] = []
    assert read_matched_scores(table, ["llama-3.1-8b", "other"], "drop", faults, []) is None
    assert {fault.where for fault in faults} == {"column llama-3.1-8b", "column other"}


def test_the_table_gets_a_column_for_each_llm(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(ScoresError, match="the score is missing"):
        name_score_columns(table, {"a": "Big"}, out)
    named = name_score_columns(table, {"a": "Big", "b": "Big"}, out, "drop")
    scores, _ = load_scores(out, ["a", "b"])
    assert named.prompts == len(scores.weights) == 2
    assert scores.values.tolist() == [[0.9, 0.1], [0.9, 0.1]]
    assert scores.weights == pytest.approx([0.25, 0.75])
    # Sums of products differ in their last digit from processor to processor.
    assert (named.lowest, named.highest) == pytest.approx((0.3, 0.3))


def test_what_is_no_score_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("llm,rate_rps\nx,1\n")
    with pytest.raises(ScoresError, match="no column prompt_id"):
        read_score_columns(path)
    path.write_text("prompt_id,kind\np1,a\n")
    with pytest.raises(ScoresError, match="no column holds a score"):
        read_score_columns(path)


def test_a_stand_in_takes_columns_by_name_then_by_size() -> None:
    columns = read_score_columns(stand_in_scores_path())
    llms = ["llama-3.1-8b", "qwen2.5-72b", "qwen2.5-1.5b", "unknown", "phi-4"]
    chosen = stand_in_score_columns(llms, columns)
    assert chosen["llama-3.1-8b"] == "llama-3.1-8b"
    assert chosen["qwen2.5-72b"] == "llama-3.3-70b"
    assert chosen["qwen2.5-1.5b"] == "llama-3.2-3b"
    assert chosen["phi-4"] == "qwen2.5-14b"
    assert chosen["unknown"] in columns
    assert stand_in_score_columns(["unknown", "qwen2.5-72b"], columns)["unknown"] in columns[:3]


def test_larger_llms_get_better_stand_ins() -> None:
    """Also where a smaller one is called like a column, and where LLMs are more than columns."""
    path = stand_in_scores_path()
    columns = read_score_columns(path)
    mean = pd.read_csv(path)[columns].mean()
    llms = ["llama-3.1-8b", "qwen3-32b", "gpt-oss-120b", "minimax-m2.5"]
    chosen = stand_in_score_columns(llms[::-1], columns)
    assert [mean[chosen[llm]] for llm in llms] == sorted(mean)
    more = ["llama-3.2-1b", "qwen3-8b", "qwen3-14b", *llms[1:]]
    of_more = [mean[column] for column in stand_in_score_columns(more, columns).values()]
    assert of_more == sorted(of_more)
    assert stand_in_score_columns([], columns) == {}


def test_a_stand_in_is_written_as_placeholders(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    name_score_columns(stand_in_scores_path(), {"a": "llama-3.1-8b"}, out)
    assert load_scores(out, ["a"])[0].provenance == "placeholder"
    copy = tmp_path / "mine.csv"
    copy.write_bytes(stand_in_scores_path().read_bytes())
    name_score_columns(copy, {"a": "llama-3.1-8b"}, out)
    assert load_scores(out, ["a"])[0].provenance == "predicted"


def test_a_larger_llm_never_has_the_stand_in_of_a_smaller_one() -> None:
    columns = read_score_columns(stand_in_scores_path())
    llms = ["llama-3.1-8b", "qwen2.5-32b", "mistral-7b", "llama-3.1-70b"]
    assert stand_in_score_columns(llms, columns) == {
        "llama-3.1-8b": "llama-3.1-8b",
        "mistral-7b": "llama-3.2-3b",
        "qwen2.5-32b": "qwen2.5-14b",
        "llama-3.1-70b": "llama-3.3-70b",
    }
