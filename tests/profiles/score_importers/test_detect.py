"""Formats of grades are known by content."""

import gzip
import json
from pathlib import Path

import pytest

from profiles.score_importers.detect import GradeFormat, detect_grade_format
from tests.support.scenarios.grade_files import (
    llm_router_bench,
    lm_eval_rows,
    router_bench_csv,
    semantic_router_rows,
    write_lines,
)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("indent", [None, 1])
def test_names_do_not_matter(tmp_path: Path, indent: int | None, packed: bool) -> None:
    text = json.dumps(llm_router_bench((1.0,)), indent=indent).encode()
    (tmp_path / "x").write_bytes(gzip.compress(text) if packed else text)
    assert detect_grade_format(tmp_path / "x") == GradeFormat.LLM_ROUTER_BENCH
    write_lines(tmp_path / "y", lm_eval_rows((1.0,)))
    assert detect_grade_format(tmp_path / "y") == GradeFormat.LM_EVAL
    write_lines(tmp_path / "z.json", semantic_router_rows())
    assert detect_grade_format(tmp_path / "z.json") == GradeFormat.SEMANTIC_ROUTER
    (tmp_path / "t.csv").write_text(router_bench_csv())
    assert detect_grade_format(tmp_path / "t.csv") == GradeFormat.ROUTER_BENCH


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pkl", b"\x80\x04", "pickles are not read"),
        ("a.csv", b"prompt_id,a\n1,2\n", "no RouterBench table"),
        ("a.json", b'{"results": {"arc": {"acc": 1}}}', "no file of grades that is known"),
        ("a.json", b'{"records": [{"index": 1}]}', "no file of grades that is known"),
        ("a.json", b'{"records": [{"index": 1', "ends in the middle"),
        ("a.json", b"", "the file is empty"),
        ("a.zip", b"PK\x03\x04", "the file is packed"),
        ("a.txt", b"hello", "no file of grades that is known"),
    ],
)
def test_what_is_not_read_has_a_reason(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert why in str(detect_grade_format(tmp_path / name))
