"""Files of benchmarks become one table of grades."""

import json
from pathlib import Path

import pytest

from profiles.io.faults import DataError, ScoresError
from profiles.plugins.own_entry_points import PluginGroup
from profiles.score_importers.pipeline import ImportChoices, ImportedGrades, import_grades
from profiles.score_tables.score_writing import write_scores_frame
from profiles.score_tables.scores import load_scores
from tests.support.plugins.installed_plugins import write_distribution
from tests.support.scenarios.grade_files import (
    GRADES,
    lm_eval_rows,
    router_bench_csv,
    semantic_router_rows,
    write_lines,
    write_llm_router_bench,
    write_lm_eval,
)

ALL = ImportChoices(llms={})


def columns(imported: ImportedGrades) -> dict[str, list]:
    return imported.frame.set_index("prompt_id").drop(columns="provenance").to_dict("list")


@pytest.mark.parametrize("kind", ["LLMRouterBench", "lm-evaluation-harness", "semantic-router"])
def test_every_format_gives_the_same_grades(tmp_path: Path, kind: str) -> None:
    if kind == "LLMRouterBench":
        path = write_llm_router_bench(tmp_path)
    elif kind == "lm-evaluation-harness":
        path = write_lm_eval(tmp_path / "out")
    else:
        path = write_lines(tmp_path / "b.jsonl", semantic_router_rows())
    imported = import_grades([path], ALL)
    found = columns(imported)
    assert {tuple(sorted(pair)) for pair in zip(*found.values(), strict=True)} == {
        tuple(sorted(pair)) for pair in zip(*GRADES.values(), strict=True)
    }
    assert imported.lines[0].startswith(f"{kind}: ")
    assert set(imported.frame["provenance"]) == {"graded"}


def test_the_table_is_read_again_as_graded(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(router_bench_csv())
    imported = import_grades([tmp_path / "r.csv"], ImportChoices(llms={"org/large": "large"}))
    write_scores_frame(imported.frame, str(tmp_path / "s.csv"))
    scores, notices = load_scores(tmp_path / "s.csv", ["large"])
    assert scores.provenance == "graded"
    assert scores.values.tolist() == [list(GRADES["org/large"])]
    assert notices == ()


def test_the_newest_run_counts(tmp_path: Path) -> None:
    bench = write_llm_router_bench(tmp_path, "20260101_120000")
    place = bench / "aime" / "test" / "small" / "20260301_090000.json"
    content = json.loads((place.parent / "20260101_120000.json").read_text())
    for record in content["records"]:
        record["score"] = 0.25
    place.write_text(json.dumps(content))
    imported = import_grades([bench], ALL)
    assert columns(imported)["small"] == [0.25] * 3
    assert imported.notices == ["1 older runs of an LLM on the same task passed over"]


def test_prompts_that_some_llm_lacks_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path / "out")
    write_lines(
        folder / "small" / "samples_mmlu_2026-01-01T12-00-00.jsonl", lm_eval_rows((1.0, 0.0))
    )
    (folder / "small" / "results_2026-01-01.json").write_text('{"results": {}}')
    imported = import_grades([folder], ALL)
    assert imported.frame["prompt_id"].tolist() == ["arc/0", "arc/1", "arc/2"]
    passed, left = imported.notices
    assert "1 other files passed over" in passed
    assert left == ("2 of 5 prompts lack the grade of some LLM and are left out; org/large lacks 2")
    alone = import_grades([folder], ImportChoices(llms={"small": "s"}))
    assert len(alone.frame) == 5


def test_the_same_id_of_another_prompt_is_left_out(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path / "out")
    rows = lm_eval_rows(GRADES["small"])
    rows[1]["doc_hash"] = "another version"
    write_lines(folder / "small" / "samples_arc_2026-01-01T12-00-00.5.jsonl", rows)
    imported = import_grades([folder], ALL)
    assert imported.frame["prompt_id"].tolist() == ["arc/0", "arc/2"]
    assert "1 prompts are not the same for all LLMs" in imported.notices[0]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "r.pkl").write_bytes(b"\x80")
    rows = semantic_router_rows()
    rows[0]["performance"] = "x"
    path = write_lines(tmp_path / "b.jsonl", rows)
    choices = ImportChoices(llms={"smal": "a", "small": "weight", "org/large": "a"})
    with pytest.raises(DataError) as error:
        import_grades([tmp_path / "r.pkl", path, tmp_path / "none"], choices)
    text = str(error.value)
    for part in (
        *("r.pkl: pickles are not read", "b.jsonl:row 1, key performance", "there is no such file"),
        "no file has grades of this LLM, got 'smal'; did you mean",
        *("no LLM may be called so, got 'weight'", "2 LLMs would have this name, got 'a'"),
    ):
        assert part in text, part


def test_llms_that_share_no_prompt_are_a_fault(tmp_path: Path) -> None:
    write_lines(tmp_path / "a" / "samples_x.jsonl", lm_eval_rows((1.0,)))
    write_lines(tmp_path / "b" / "samples_y.jsonl", lm_eval_rows((1.0, 0.0)))
    with pytest.raises(DataError, match="no prompt has a grade of every LLM; leave out LLMs"):
        import_grades([tmp_path], ALL)
    with pytest.raises(DataError, match="the files hold no grade; check --filter"):
        import_grades([tmp_path], ImportChoices(llms={}, answer_filter="strict-match"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "x.txt").write_text("hello")
    with pytest.raises(DataError, match="there is no file of grades"):
        import_grades([tmp_path / "empty"], ALL)


ERRING = """
class Erring:
    def recognises(self, path): return path.read_text().startswith("mine")
    def run_of(self, path): raise KeyError("run")
    def read_grades(self, path, choices):
        if "wrong" in path.read_text(): yield 3
        raise ValueError("no grades today")
class Blind(Erring):
    def recognises(self, path): raise OverflowError("blind")
ERRING, BLIND = Erring(), Blind()
"""


def test_a_scorer_of_others_that_ends_in_an_error_is_a_fault_of_its_file(
    plugin_path: Path, tmp_path: Path
):
    points = {PluginGroup.SCORERS: {"erring": "ERRING", "blind": "BLIND"}}
    write_distribution(plugin_path, "mine", points, ERRING)
    for text, why in (
        ("mine", "scorer erring of mine failed (ValueError"),
        ("mine wrong", "scorer erring of mine gave int, which is no Grade"),
        ("other", "scorer blind of mine failed (OverflowError"),
    ):
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        with pytest.raises(ScoresError) as error:
            import_grades([tmp_path / "a.txt"], ALL)
        assert why in str(error.value)
