"""Temporary files live as long as the scenario they belong to."""

import gc
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.api.temporary_files import TemporaryFiles, content_for_temporary_files
from tests.support.scenarios.small_scenario import small_content


def test_files_go_with_the_last_scenario_that_needs_them() -> None:
    scenario = planner.load(small_content())
    path = scenario.path
    changed = planner.load(scenario, arrival_rate_rps=12)
    del scenario
    gc.collect()
    assert path.is_file()
    assert planner.load(changed).path == path
    del changed
    gc.collect()
    assert not path.parent.exists()


def test_nothing_is_written_before_it_is_needed(monkeypatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: 1 / 0)
    assert TemporaryFiles().write_tables({"scores": "scores.csv"}) == {"scores": "scores.csv"}


def test_plain_content() -> None:
    content = {"a": np.float64(0.1), "b": (1, np.int64(2)), "c": np.array([1.5]), "d": Path("x")}
    assert content_for_temporary_files(content) == {"a": 0.1, "b": [1, 2], "c": [1.5], "d": "x"}


def test_tables_of_classes_and_rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = TemporaryFiles()
    frame = pd.DataFrame({"prompt_id": ["p"], "a": [0.5]})
    classes = ({"name": "x", "scores": frame}, {"name": "y", "scores": "y.csv"}, {"name": "z"})
    content = {"classes": classes, "demand": frame, "scores": "s.csv"}
    path = files.write_scenario(content)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["scores"] == str(tmp_path / "s.csv")
    assert written["classes"][1]["scores"] == str(tmp_path / "y.csv")
    for table in (written["classes"][0]["scores"], written["demand"]):
        assert pd.read_csv(table).equals(frame)
    assert set(files.names.values()) >= {"classes.0.scores (DataFrame)", "demand (DataFrame)"}
    assert classes[0]["scores"] is frame
