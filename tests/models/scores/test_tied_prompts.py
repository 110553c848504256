"""Assignments at exact ties: the optimum wherever there is an answer, and only to tied LLMs."""

import numpy as np
import pytest
from scipy.optimize import linprog

from models import exact_assignment
from models.exact_assignment import assign_exactly_within_window
from models.scores.tied_prompts import divide_tied_prompts, tie_prices
from tests.support.instances.score_tables import best_quality, table

WINDOW = 0.1


def test_discrete_scores_are_assigned_at_exact_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 random tables of 0/1 scores or grades: the optimum, often without a linear program."""
    programs: list[object] = []

    def noted(*args: object, **named: object) -> object:
        programs.append(args)
        return linprog(*args, **named)

    monkeypatch.setattr(exact_assignment, "MANY_UNDECIDED", 0)
    monkeypatch.setattr(exact_assignment, "MANY_KINDS", 2)
    monkeypatch.setattr(exact_assignment, "linprog", noted)
    solved = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        llms, prompts, grades = int(rng.integers(2, 6)), int(rng.integers(20, 80)), seed % 3 + 1
        values = rng.integers(0, grades + 1, (llms, prompts)) / grades
        scores = table(values, rng.integers(1, 4, prompts).astype(float))
        target = rng.dirichlet(np.full(llms, 3.0))
        if seed % 2:  # what ties at equal prices allow
            tied = rng.uniform(0.1, 1.0, values.shape) * (values == values.max(axis=0))
            target = (tied / tied.sum(axis=0)) @ scores.weights
        programs.clear()
        near = rng.uniform(0, 0.02, llms)
        answer = assign_exactly_within_window(scores.values, scores.weights, target, near, WINDOW)
        if answer is None:
            continue
        upper = float((scores.values - answer.prices[:, None]).max(axis=0) @ scores.weights)
        upper += float(answer.prices @ target)
        if upper - answer.value > 1e-9:
            assert programs, "not the optimum, and no program was asked"
            continue
        assert answer.value == pytest.approx(best_quality(scores, target), abs=1e-9)
        decided = np.delete(np.arange(prompts), answer.prompts)
        met = answer.flows.sum(axis=1) + np.bincount(
            answer.best[decided], weights=scores.weights[decided], minlength=llms
        )
        assert met == pytest.approx(target, abs=1e-11)
        margin = scores.values - answer.prices[:, None]
        lost = margin.max(axis=0) - margin
        assert (lost[:, answer.prompts] * (answer.flows > 0)).max(initial=0.0) <= 1e-10
        solved += not programs
    assert solved >= 60, solved


def test_prices_move_to_the_ties_of_most_weight() -> None:
    inf = np.inf
    lost = np.array([[0.0, 0.0, 0.0, inf], [0.003, 0.003, 0.5, 0.0], [inf, 0.01, inf, 0.002]])
    moved = tie_prices(lost, np.array([0.4, 0.2, 0.1, 0.3]), np.zeros(3))
    margin = -lost - moved[:, None]
    assert margin[0, 0] == pytest.approx(margin[1, 0])  # 0.6 of the weight loses 0.003
    assert margin[1, 3] == pytest.approx(margin[2, 3])  # 0.3 loses 0.002, 0.2 loses 0.01
    apart = tie_prices(np.array([[0.0, inf], [inf, 0.0]]), np.ones(2), np.array([0.1, 0.2]))
    assert apart.tolist() == [0.1, 0.2]


def test_tied_prompts_meet_every_demand_that_is_within_their_ties() -> None:
    tied = np.array([[True, True, False], [True, False, True], [False, True, True]])
    weight = np.array([0.5, 0.3, 0.2])
    demand = np.array([0.6, 0.25, 0.15])
    shares = divide_tied_prompts(tied, weight, demand)
    assert shares is not None
    assert shares.sum(axis=0) == pytest.approx(weight)
    assert shares.sum(axis=1) == pytest.approx(demand, abs=1e-12)
    assert not shares[~tied].any()
    assert divide_tied_prompts(tied, weight, np.array([0.9, 0.05, 0.05])) is None  # at most 0.8
    assert divide_tied_prompts(tied, weight, np.array([0.6, 0.25, 0.2])) is None  # more than all
    none_of_one = divide_tied_prompts(tied, weight, np.array([0.7, 0.3, 0.0]))
    assert none_of_one is not None
    assert not none_of_one[2].any()
    alone = np.array([[False, True], [True, True]])
    assert divide_tied_prompts(alone, np.array([0.5, 0.5]), np.array([1.0, 0.0])) is None
