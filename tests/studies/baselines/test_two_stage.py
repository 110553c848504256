"""The two-stage baseline: the best and the median of eight guesses."""

from types import SimpleNamespace

import pytest

from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines import two_stage
from planner.studies.baselines.two_stage import two_stage_baseline
from tests.support.instances.baselines import trial
from tests.support.instances.tiny import random_instance
from tests.support.paths import EXAMPLES
from tests.support.walls import wall_size


@pytest.mark.slow
def test_two_stage_keeps_the_slos_at_the_edge_of_capacity() -> None:
    """Here the GPUs hardly carry the load: the idle LLMs of stage 2 must not take requests away.

    The best guess is as good as the joint plan; each of the two is named.
    """
    edge = ["arrival_rate_rps=85", "llms.2.min_replicas=1"]
    few = [] if wall_size(0, 1) else ["setups.mps_shares_pct=[30, 50, 100]"]
    instance = assemble_instance(EXAMPLES / "paper-trio/scenario.yaml", [*edge, *few]).instance
    best, median = two_stage_baseline(trial(instance), instance)
    assert best.met
    assert median.met
    joint = solve_joint(instance, Settings()).value
    assert best.value == pytest.approx(joint, rel=1e-4)
    assert median.value <= best.value
    assert "80 % load" in best.variant
    assert "half load" in median.variant
    assert all("from 8 assumptions" in one.notes[0] for one in (best, median))


@pytest.mark.parametrize("objective", ["quality", "cost"])
def test_the_median_is_the_fourth_best_of_eight(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guesses without a plan are the worst."""
    values = [0.3, None, 0.9, 0.5, None, 0.7, 0.6, 0.4]
    outcomes = [guess(value) for value in values]
    monkeypatch.setattr(two_stage, "_guess_outcomes", lambda *_: outcomes)
    monkeypatch.setattr(two_stage, "_two_stage_result", lambda _, outcome, *__: outcome.words)
    instance = random_instance(0, "cost" if objective == "cost" else "convex")
    expected = ("0.9", "0.5") if objective == "quality" else ("0.3", "0.6")
    assert two_stage_baseline(trial(instance), instance) == expected


def guess(value: float | None) -> two_stage.GuessOutcome:
    solution = SimpleNamespace(value=value, has_plan=value is not None)
    setup = two_stage.Setup(random_instance(0, "convex"), 1.0, solution)  # type: ignore[arg-type]
    return two_stage.GuessOutcome(str(value), routed=True, setup=setup)


def test_all_guesses_are_tried_however_much_work_they_take() -> None:
    """The work of the whole baseline is done before the first guess: all eight are tried."""
    instance = random_instance(43, "each_llm")
    solver = trial(instance)
    solver.left = 0.0
    best, median = two_stage_baseline(solver, instance)
    fresh = two_stage_baseline(trial(instance), instance)
    assert [best.value, median.value] == [one.value for one in fresh]
    assert "from 8 assumptions" in best.notes[0]
