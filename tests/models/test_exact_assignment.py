"""The exact assignment within a window, and how ties are divided."""

import numpy as np
import pytest
from scipy.optimize import linprog

from models import exact_assignment
from models.exact_assignment import EXACT_MARGIN, assign_exactly_within_window
from tests.support.instances.score_tables import best_quality, fractions_of, scores_of

ALL_OPEN = 8.0


@pytest.mark.parametrize("kind", ["continuous", "binary", "grades", "weighted", "equal columns"])
def test_with_every_prompt_open_it_is_the_optimum(kind: str) -> None:
    rng = np.random.default_rng(5)
    for seed in range(6):
        scores = scores_of(kind, seed)
        target = np.maximum(fractions_of(rng, len(scores.llms), seed % 4), 0.01)
        target /= target.sum()
        answer = assign_exactly_within_window(
            scores.values, scores.weights, target, np.zeros(target.size), ALL_OPEN
        )
        assert answer is not None
        assert answer.value == pytest.approx(best_quality(scores, target), abs=1e-9)
        met = answer.flows.sum(axis=1)
        decided = np.ones(scores.weights.size, dtype=bool)
        decided[answer.prompts] = False
        met += np.bincount(
            answer.best[decided], weights=scores.weights[decided], minlength=target.size
        )
        assert met == pytest.approx(target, abs=1e-9)
        assert answer.prices.min() == 0.0
        base = float((scores.values - answer.prices[:, None]).max(axis=0) @ scores.weights)
        assert base + float(answer.prices @ target) == pytest.approx(answer.value, abs=1e-8)


def test_a_window_that_is_too_narrow_has_no_answer() -> None:
    """Both prompts prefer the first LLM by 0.5: half of them cannot leave it within 0.1."""
    values, weights = np.array([[0.9, 0.9], [0.4, 0.4]]), np.array([0.5, 0.5])
    half, prices = np.array([0.5, 0.5]), np.zeros(2)
    assert assign_exactly_within_window(values, weights, half, prices, 0.1) is None
    wide = assign_exactly_within_window(values, weights, half, prices, 0.6)
    assert wide is not None
    assert wide.value == pytest.approx(0.65)
    assert wide.prices == pytest.approx([0.5, 0.0])


def test_without_an_undecided_prompt_the_fractions_must_fit() -> None:
    values, weights = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0.25, 0.75])
    exact = assign_exactly_within_window(values, weights, np.array([0.25, 0.75]), np.zeros(2), 1e-3)
    assert exact is not None
    assert exact.prompts.size == 0
    assert exact.value == pytest.approx(0.9)
    assert (
        assign_exactly_within_window(values, weights, np.array([0.3, 0.7]), np.zeros(2), 1e-3)
        is None
    )


def test_no_prompt_is_left_with_an_llm_that_is_worse_after_prices() -> None:
    """300 prompts whose margins differ by about 1e-8: a solver that stops at 1e-7 may divide them
    in any order, the router cannot.
    """
    rng = np.random.default_rng(4)
    values = rng.integers(0, 5, (3, 300)) / 4 + rng.normal(size=(3, 300)) * 1e-8
    weights = np.full(300, 1 / 300)
    for target in rng.dirichlet(np.ones(3), 10):
        answer = assign_exactly_within_window(values, weights, target, np.zeros(3), ALL_OPEN)
        assert answer is not None
        margin = values - answer.prices[:, None]
        margin = margin.max(axis=0) - margin
        for x, flow in zip(answer.prompts, answer.flows.T, strict=True):
            assert margin[flow > 0, x].max() <= EXACT_MARGIN
        assert (
            margin[answer.best, np.arange(300)][
                np.isin(np.arange(300), answer.prompts, invert=True)
            ].max()
            <= EXACT_MARGIN
        )
        base = float((values - answer.prices[:, None]).max(axis=0) @ weights)
        assert base + float(answer.prices @ target) == pytest.approx(answer.value, abs=1e-14)


@pytest.mark.parametrize("kind", ["binary", "grades", "continuous"])
def test_merging_prompts_that_lose_the_same_changes_no_value(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(11)
    for seed in range(6):
        scores = scores_of(kind, seed)
        target = np.maximum(fractions_of(rng, len(scores.llms), seed % 4), 0.01)
        target /= target.sum()
        answers = []
        for many in (0, 10**9):
            monkeypatch.setattr(exact_assignment, "MANY_UNDECIDED", many)
            answers.append(
                assign_exactly_within_window(
                    scores.values, scores.weights, target, np.zeros(target.size), ALL_OPEN
                )
            )
        merged, plain = answers
        assert merged is not None
        assert plain is not None
        assert merged.value == pytest.approx(plain.value, abs=1e-10)
        whole = scores.weights[merged.prompts]
        assert merged.flows.sum(axis=0) == pytest.approx(whole, abs=1e-12)


@pytest.mark.parametrize(("kind", "method"), [("binary", "highs-ipm"), ("continuous", "highs")])
def test_only_prompts_that_lose_alike_take_the_interior_point_method(
    kind: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 0/1 scores few losses differ, of continuous ones as many as there are kinds; and only
    where no exact ties hold an assignment.
    """
    methods: list[str] = []

    def noted(*args: object, **named: object) -> object:
        methods.append(str(named["method"]))
        return linprog(*args, **named)

    monkeypatch.setattr(exact_assignment, "MANY_KINDS", 2)
    monkeypatch.setattr(exact_assignment, "divide_tied_prompts", lambda *_: None)
    monkeypatch.setattr(exact_assignment, "linprog", noted)
    scores = scores_of(kind, 1)
    target = np.full(len(scores.llms), 1 / len(scores.llms))
    prices = np.zeros(target.size)
    assert assign_exactly_within_window(scores.values, scores.weights, target, prices, ALL_OPEN)
    assert methods[0] == method
