"""Files of one kind in the place of another are named as what they are."""

import json
from pathlib import Path

import pandas as pd
import pytest

from planner.scenario.starting.file_kinds import FileKind, file_kind, wrong_file_faults
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.paths import EXAMPLES

FILES = {
    "s.yaml": (TEMPLATE_TEXTS["scenario.yaml"], FileKind.SCENARIO),
    "p.csv": (TEMPLATE_TEXTS["profiles.csv"], FileKind.PROFILES),
    "q.csv": (TEMPLATE_TEXTS["scores.csv"], FileKind.SCORES),
    "plan.json": ('{"schema": 1,\n "scenario_sha256": "ab"}', FileKind.PLAN),
    "log.csv": ("time,input_tokens\n0,5\n1,6\n", FileKind.LOG),
    "rates.csv": ("case,class,rate_rps\na,b,1\n", None),
    "grades.jsonl": (
        json.dumps({"doc_id": 0, "doc_hash": "x", "exact_match": 1.0, "filter": "none"}) + "\n",
        None,
    ),
    "notes.txt": ("Dear all,\n", None),
    "book.xlsx": ("no workbook, but named like one", FileKind.WORKBOOK),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_known_by_their_content(name: str, tmp_path: Path) -> None:
    text, kind = FILES[name]
    (tmp_path / name).write_text(text)
    assert file_kind(tmp_path / name) == kind


def test_parquet_and_benchmark_files_are_known(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pd.DataFrame({"prompt_id": ["p"], "a": [0.5]}).to_parquet(path)
    assert file_kind(path) == FileKind.SCORES
    run = next((EXAMPLES / "from-benchmarks" / "runs").iterdir())
    assert file_kind(run) == FileKind.BENCHMARK
    path.write_bytes(b"PAR1 and then nothing")
    assert file_kind(path) is None


def test_only_files_of_other_kinds_are_faults(tmp_path: Path) -> None:
    for name in ("p.csv", "q.csv", "notes.txt"):
        (tmp_path / name).write_text(FILES[name][0])
    paths = [tmp_path / name for name in ("p.csv", "q.csv", "notes.txt")]
    (fault,) = wrong_file_faults(paths, [FileKind.SCORES])
    assert fault.problem == "this is a profile table, and a score table is expected here"
    assert fault.fix == "give it in the step Curves of the page New scenario"
