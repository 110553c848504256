"""Samples: split by seed; grades meet their prompts by id."""

from pathlib import Path

import pytest

from planner.errors import DataError
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.samples import read_sample, split_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.routed_plan import NAMES, SETTINGS, own


def test_a_split_is_of_all_prompts_and_the_same_for_a_seed(source: PlanAndScenario) -> None:
    sample = own(source)
    one, other = split_sample(sample, 0.3, 5)
    assert (one.prompts, other.prompts) == (180, 420)
    assert set(one.scores.prompt_ids) | set(other.scores.prompt_ids) == set(
        sample.scores.prompt_ids
    )
    assert (
        split_sample(sample, 0.3, 5)[0].scores.prompt_ids.tolist() == one.scores.prompt_ids.tolist()
    )
    assert (
        split_sample(sample, 0.3, 6)[0].scores.prompt_ids.tolist() != one.scores.prompt_ids.tolist()
    )
    assert one.scores.weights.sum() == pytest.approx(1.0)
    for share in (0.0, 1.0, 0.0001):
        with pytest.raises(DataError, match="--split"):
            split_sample(sample, share, 0)
    found = evaluate_out_of_sample(source, sample, SETTINGS, split=0.5, seed=2)
    assert found.fitted == 300
    assert found.sample.prompts == 300


def test_grades_meet_their_prompts_by_id_and_what_lacks_one_is_left_out(
    tmp_path: Path, source: PlanAndScenario
) -> None:
    known = source.loaded.instance.scores
    head = "prompt_id," + ",".join(NAMES)
    (tmp_path / "grades.csv").write_text(
        f"{head}\np3,0.3,0.2,0.1\np1,0.5,0.6,0.7\np2,,1,1\nelse,1,1,1\n"
    )
    sample, notices = read_sample(known, None, tmp_path / "grades.csv", "error")
    assert sample.scores.prompt_ids.tolist() == ["p1", "p3"]
    assert sample.truth.values.tolist() == [[0.5, 0.3], [0.6, 0.2], [0.7, 0.1]]
    assert sample.scores.values[:, 0].tolist() == known.values[:, 1].tolist()
    assert any("598 of 600 prompts" in notice for notice in notices)
    (tmp_path / "none.csv").write_text(f"{head}\nelse,1,1,1\n")
    with pytest.raises(DataError, match="no prompt of the scores has a grade"):
        read_sample(known, None, tmp_path / "none.csv", "error")
