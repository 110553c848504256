"""Samples of lm-evaluation-harness."""

import gzip
from pathlib import Path

from profiles.io.faults import Fault
from profiles.score_importers.grades import Grade
from profiles.score_importers.lm_eval import is_lm_eval_row, lm_eval_run, read_lm_eval
from tests.support.scenarios.grade_files import lm_eval_rows, write_lines


def test_task_model_and_date_are_those_of_the_name(tmp_path: Path) -> None:
    name = "samples_gsm8k_cot_2026-01-01T12-00-00.123.jsonl"
    path = tmp_path / "Qwen__Qwen3-8B" / name
    assert lm_eval_run(path) == (("gsm8k_cot", "Qwen/Qwen3-8B"), "2026-01-01T12-00-00.123")
    assert lm_eval_run(tmp_path / "m" / "samples_arc.jsonl") == (("arc", "m"), "")


def test_rows_become_grades(tmp_path: Path) -> None:
    rows = lm_eval_rows((1.0, 0.5))
    assert all(map(is_lm_eval_row, rows))
    path = write_lines(tmp_path / "m" / "samples_arc_2026-01-01T12-00-00.jsonl", rows)
    assert list(read_lm_eval(path, (), None)) == [
        Grade("m", "arc/0", 1.0, "row 1", "'hash of 0'"),
        Grade("m", "arc/1", 0.5, "row 2", "'hash of 1'"),
    ]
    packed = path.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_lm_eval(packed, (), None)) == list(read_lm_eval(path, (), None))


def test_older_rows_do_not_name_their_metrics(tmp_path: Path) -> None:
    rows = [
        {key: value for key, value in row.items() if key not in ("metrics", "filter", "doc_hash")}
        for row in lm_eval_rows((1.0, 0.0), f1=[0.5, 1], exact=True)
    ]
    path = write_lines(tmp_path / "m" / "samples_arc.jsonl", rows)
    (fault,) = read_lm_eval(path, (), None)
    assert "row 1: rows have several metrics; choose by --metric: acc, exact" in str(fault)
    grades = list(read_lm_eval(path, ("f1", "exact", "acc"), None))
    assert [grade.value for grade in grades if isinstance(grade, Grade)] == [1.0, 1.0]
    (fault,) = read_lm_eval(path, ("bleu",), None)
    assert "none of the metrics bleu" in str(fault)


def test_a_prompt_has_a_row_for_each_filter(tmp_path: Path) -> None:
    rows = [
        *lm_eval_rows((1.0, 0.0), filter="strict-match"),
        *lm_eval_rows((1.0, 1.0), filter="flexible-extract"),
    ]
    path = write_lines(tmp_path / "m" / "samples_gsm8k.jsonl", rows)
    *_, fault = read_lm_eval(path, (), None)
    assert "row 3: prompts have grades of several filters" in str(fault)
    grades = list(read_lm_eval(path, (), "flexible-extract"))
    assert [grade.value for grade in grades if isinstance(grade, Grade)] == [1.0, 1.0]


def test_what_is_no_grade_is_a_fault_at_its_place(tmp_path: Path) -> None:
    rows = [*lm_eval_rows((1.0, 1e12)), {"resps": [], "acc": 1}]
    path = write_lines(tmp_path / "m" / "samples_arc.jsonl", rows)
    _, large, nothing = read_lm_eval(path, (), None)
    assert isinstance(large, Fault)
    assert "row 2, key acc: this is no grade" in str(large)
    assert "row 3: the row has no doc_id" in str(nothing)
