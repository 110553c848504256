"""Results of LLMRouterBench."""

import json
from pathlib import Path

from profiles.score_importers.grades import Grade
from profiles.score_importers.llm_router_bench import (
    llm_router_bench_run,
    read_llm_router_bench,
)
from tests.support.scenarios.grade_files import llm_router_bench, write_llm_router_bench


def test_folders_say_data_set_split_and_model(tmp_path: Path) -> None:
    path = write_llm_router_bench(tmp_path) / "aime" / "test" / "large" / "20260101_120000.json"
    assert llm_router_bench_run(path) == (("aime", "test", "large"), "20260101_120000")
    grades = list(read_llm_router_bench(path))
    assert [(g.llm, g.prompt, g.value, g.place) for g in grades if isinstance(g, Grade)] == [
        ("large", "aime/test/0", 1.0, "records.0"),
        ("large", "aime/test/1", 0.5, "records.1"),
        ("large", "aime/test/2", 1.0, "records.2"),
    ]
    prints = [grade.fingerprint for grade in grades if isinstance(grade, Grade)]
    assert len(set(prints)) == 3
    assert all(len(mark) == 16 for mark in prints)


def test_bad_records_are_faults_and_the_others_count(tmp_path: Path) -> None:
    content = llm_router_bench((1.0, 0.5, 0.0))
    content["records"][0]["score"] = "good"
    del content["records"][1]["index"]
    content["records"][2]["score"] = float("nan")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    word, lacking, missing = read_llm_router_bench(path)
    assert "records.0.score: this is no grade, got 'good'" in str(word)
    assert "records.1: the record has no index" in str(lacking)
    assert isinstance(missing, Grade)
    assert missing.value is None


def test_a_file_that_breaks_off_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(llm_router_bench((1.0, 0.5)))[:-200])
    *_, fault = read_llm_router_bench(path)
    assert "the file ends in the middle" in str(fault)
    path.write_text('{"records": []}')
    (fault,) = read_llm_router_bench(path)
    assert "no list of records" in str(fault)
