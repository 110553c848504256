"""A plan found on representatives, held against all prompts: what the planner finds on all of them
lies between what was promised.
"""

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from models.quality import Quality
from planner.cli.commands.plan import run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.joint.solve import solve_joint
from planner.operation.all_prompts import check_on_all_prompts
from planner.presentation.plan.all_prompts import all_prompts_lines
from planner.scenario.assemble import assemble_instance
from profiles.io.faults import ScoresError
from profiles.score_tables import large_scores, score_batches
from tests.support.paths import HOME

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"
PROMPTS = 6_000


def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_scores, "IN_MEMORY", 5_000)
    monkeypatch.setattr(large_scores, "STANDING", 1_500)
    monkeypatch.setattr(score_batches, "PROMPTS_OF_BATCH", 1_024)


def written(folder: Path, *, grades: bool = False) -> Path:
    """A table of 6,000 prompts. grades: 0 or 1 in place of scores."""
    rng = np.random.default_rng(3)
    hard = rng.beta(2, 2, PROMPTS)
    values = np.array([0.3, 0.45, 0.6])[:, None] + 0.4 * (0.5 - hard)
    values = np.clip(values + rng.normal(0.0, 0.15, (3, PROMPTS)), 0.0, 1.0)
    if grades:
        values = (rng.random((3, PROMPTS)) < values).astype(float)
    llms = ("mistral-7b", "wizardlm-13b", "yi-34b")
    frame = pd.DataFrame(dict(zip(llms, values, strict=True)))
    frame.insert(0, "prompt_id", [f"p{i}" for i in range(PROMPTS)])
    frame["weight"] = rng.uniform(0.5, 1.5, PROMPTS)
    path = folder / "scores.parquet"
    frame.to_parquet(path)
    return path


@pytest.mark.parametrize("grades", [False, True])
def test_what_all_prompts_give_lies_within_what_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, grades: bool
) -> None:
    changes = {"scores": str(written(tmp_path, grades=grades))}
    instance = planner.load(TRIO, changes).result.instance
    best, exact = solve_joint(instance), Quality(instance.scores)
    little_memory(monkeypatch)
    content = planner.plan(planner.load(TRIO, changes)).content
    stated = content["context"]["all_prompts"]
    assert (stated["prompts"], stated["exact"]) == (PROMPTS, grades)
    assert stated["standing"] == 8 if grades else 480 < stated["standing"] < 520
    held = stated["checked"]
    assert held is not None
    assert best.quality is not None
    assert held["bound"] is not None
    assert held["bound"] >= best.quality - 1e-9
    fractions = [content["routing"][llm.name] for llm in instance.llms]
    assert held["quality"] <= exact.settle(np.array(fractions)).value + 1e-9
    assert held["bound"] - held["quality"] < 0.03
    if grades:
        assert held["bound_shift"] < 1e-8
        assert held["fraction_off_pct"] < 1e-6


def test_a_cost_says_for_which_floor_it_is_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    little_memory(monkeypatch)
    objective = "objective={minimize: cost, quality_at_least: 0.5}"
    changes = [f"scores={written(tmp_path)}", objective, "arrival_rate_rps=20"]
    plan = run_plan_on_scenario(TRIO, changes, Interrupt(), quiet=True).plan
    held = plan.content["context"]["all_prompts"]["checked"]
    assert held is not None
    assert held["bound"] is None
    said = " ".join(all_prompts_lines(plan.content))
    assert f"proved for a floor of {0.5 + held['bound_shift']:.5f}" in said
    assert ("may miss the floor of 0.5" in said) == (held["quality"] < 0.5)


def test_a_stopped_check_says_nothing_of_all_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    little_memory(monkeypatch)
    instance = assemble_instance(TRIO, [f"scores={written(tmp_path)}"]).instance
    quality, cancel = Quality(instance.scores), threading.Event()
    solution = solve_joint(instance, quality=quality)
    cancel.set()
    assert check_on_all_prompts(instance, solution, quality, cancel=cancel) is None
    assert check_on_all_prompts(instance, solution, quality) is not None


def test_a_table_that_changed_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    little_memory(monkeypatch)
    table = written(tmp_path)
    instance = assemble_instance(TRIO, [f"scores={table}"]).instance
    quality = Quality(instance.scores)
    solution = solve_joint(instance, quality=quality)
    frame = pd.read_parquet(table)
    frame.loc[17, "yi-34b"] += 0.01
    frame.to_parquet(table)
    with pytest.raises(ScoresError, match="changed while it was planned with"):
        check_on_all_prompts(instance, solution, quality)
    table.unlink()
    with pytest.raises(ScoresError, match="cannot be opened any more"):
        check_on_all_prompts(instance, solution, quality)
