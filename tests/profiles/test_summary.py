"""Summaries of the tables, by hand."""

from pathlib import Path

import numpy as np
import pytest

from profiles.curves import load_curves
from profiles.records import Scores
from profiles.summary import summarise_profiles, summarise_scores
from tests.support.mig.mig_scenarios import write_mig_scenario


def test_profiles_by_llm_and_gpu(case: Path) -> None:
    frame = summarise_profiles(load_curves(case / "profiles.csv")).set_index("LLM")
    assert frame.loc["NO", "Options"] == 2
    assert frame.loc["NO", "TP degrees"] == "1, 2"
    assert frame.loc["NO", "MPS shares (%)"] == "50, 100"
    assert (frame.loc["NO", "Load points"], frame.loc["NO", "Highest rate (req/s)"]) == (3, 2)
    assert frame.loc["NA", "Provenance of the points"] == "1 measured, 1 interpolated"


def test_mig_profiles_have_a_column_where_there_are_any(case: Path, tmp_path: Path) -> None:
    assert "MIG profiles" not in summarise_profiles(load_curves(case / "profiles.csv"))
    (tmp_path / "mig").mkdir()
    write_mig_scenario(tmp_path / "mig")
    frame = summarise_profiles(load_curves(tmp_path / "mig" / "profiles.csv")).set_index("LLM")
    assert frame.loc["qwen2.5-14b", "MIG profiles"] == "3g.40gb, 4g.40gb"
    assert frame.loc["qwen2.5-14b", "MPS shares (%)"] == "100"
    assert frame.loc["llama-3.1-8b", "MPS shares (%)"] == ""


def test_scores_are_weighted_and_ties_count_for_each() -> None:
    values = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    weights = np.array([0.5, 0.25, 0.25])
    frame = summarise_scores(Scores(np.array(["a", "b", "c"]), ("x", "y"), values, weights))
    assert list(frame["Mean (score)"]) == pytest.approx([0.625, 0.375])
    assert list(frame["Best or tied (% of prompts)"]) == pytest.approx([75.0, 50.0])
