"""Scores of a new scenario from tables, workbooks and graded benchmarks."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from app_pages.jobs.new_scores import (
    NewScores,
    name_new_scores_job,
    read_new_scores_job,
    stand_in_scores_job,
)
from app_pages.session.uploads import upload_template_book
from planner.errors import DataError
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_charts import idle_job


def read(tmp_path: Path, name: str, content: bytes | str) -> NewScores:
    raw = content.encode() if isinstance(content, str) else content
    (tmp_path / "0").write_bytes(raw)
    (tmp_path / "new").mkdir()
    files = [(name, str(tmp_path / "0"))]
    return read_new_scores_job(str(tmp_path / "new"), files, job=idle_job())


def test_a_table_and_a_workbook_have_their_columns(tmp_path: Path) -> None:
    assert read(tmp_path, "s.csv", TEMPLATE_TEXTS["scores.csv"]).columns == ["small", "large"]
    (tmp_path / "book").mkdir()
    book = read(tmp_path / "book", "b.xlsx", upload_template_book())
    assert book.columns == ["small", "large"]


def test_graded_benchmarks_become_a_table(tmp_path: Path) -> None:
    records = [{"index": k, "score": k % 2, "prompt": "?"} for k in range(3)]
    run = {"model_name": "m", "dataset_name": "d", "split": "test", "records": records}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("bench/d/test/m/m-1.json", json.dumps(run))
    made = read(tmp_path, "bench.zip", target.getvalue())
    assert made.columns == ["m"]
    assert "3 grades" in made.lines[0]


def test_other_files_are_named_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is a profile table, and a score table"):
        read(tmp_path, "p.csv", TEMPLATE_TEXTS["profiles.csv"])


def test_llms_without_a_column_are_faults(tmp_path: Path) -> None:
    table = stand_in_scores_job(job=idle_job())
    out = str(tmp_path / "out.csv")
    columns = {"a": table.columns[0], "b": None}
    with pytest.raises(DataError, match="no column is chosen"):
        name_new_scores_job(table.path, columns, out, "error", job=idle_job())
    named = name_new_scores_job(table.path, {"a": table.columns[0]}, out, "error", job=idle_job())
    assert named.prompts == 2000
    assert list(named.summary["LLM"]) == ["a"]
