"""Benchmark rows of the semantic router."""

import hashlib
from pathlib import Path

from profiles.score_importers.grades import Grade
from profiles.score_importers.semantic_router import is_semantic_router_row, read_semantic_router
from tests.support.scenarios.grade_files import GRADES, semantic_router_rows, write_lines


def test_a_query_is_the_same_prompt_for_all_models(tmp_path: Path) -> None:
    rows = semantic_router_rows()
    assert all(map(is_semantic_router_row, rows))
    grades = list(read_semantic_router(write_lines(tmp_path / "b.jsonl", rows)))
    ids = [hashlib.sha256(f"What is {k}?".encode()).hexdigest()[:16] for k in range(3)]
    assert [(g.llm, g.prompt, g.value) for g in grades if isinstance(g, Grade)] == [
        (llm, ids[k], grade) for llm, of in GRADES.items() for k, grade in enumerate(of)
    ]


def test_rows_without_query_or_grade_are_faults(tmp_path: Path) -> None:
    rows = semantic_router_rows()[:3]
    rows[0]["query"] = ""
    rows[1]["performance"] = "0.5"
    rows[2]["performance"] = None
    query, grade, missing = read_semantic_router(write_lines(tmp_path / "b.jsonl", rows))
    assert "row 1: the row has no query" in str(query)
    assert "row 2, key performance: this is no grade, got '0.5'" in str(grade)
    assert isinstance(missing, Grade)
    assert missing.value is None
