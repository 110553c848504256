"""Joint search and decomposition: they agree on tiny instances of every kind, and a planted
error in either turns the verdict."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import pytest

from models.instance import Instance, Slo
from planner.decomposition import master as decompose_master
from planner.decomposition import packing
from planner.decomposition.enumeration import TooManySetupsError
from planner.decomposition.policies import Prompts
from planner.decomposition.price_bank import Prices
from planner.errors import DataError
from planner.joint import solve as joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.solution import Effort, Solution, Status, Termination
from planner.studies import decomposition_run
from planner.studies.crosscheck import CrossCheck, crosscheck_runs
from planner.studies.decomposition_run import run_decomposition
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.paths import HOME
from tests.support.walls import first_fast, usually, wall_size

REL_GAP = 1e-5

AGREEING = wall_size(3, 25)
"""Seeds of each of the eight kinds: 200 instances."""


PLANNED: dict[int, tuple[Instance, Solution]] = {}
"""Joint plans by the identity of their instances: no test changes the joint search itself."""


def joint_plan(instance: Instance) -> Solution:
    if id(instance) not in PLANNED:
        solution = joint.solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        PLANNED[id(instance)] = instance, solution
    return PLANNED[id(instance)][1]


def verdict(
    instance: Instance, joint_on: Instance | None = None, decomposed_on: Instance | None = None
) -> CrossCheck:
    """Compare for `instance`, each method on a tampered one if given."""
    return crosscheck_runs(
        instance,
        joint_plan(joint_on or instance),
        run_decomposition(decomposed_on or instance),
        REL_GAP,
    )


@pytest.mark.parametrize("seeds", first_fast([range(2), range(2, AGREEING)]))
@pytest.mark.parametrize("kind", KINDS)
def test_both_methods_agree(kind: str, seeds: range) -> None:
    plans = 0
    for seed in seeds:
        instance = random_instance(1000 + seed, kind)
        check = verdict(instance)
        assert check.verdict == "agree", (
            f"{kind} {seed}: {check.verdict}, {check.reasons}, gaps {check.joint_gap},"
            f" {check.decomposition_gap}"
        )
        plans += check.plan is not None
    assert plans >= len(seeds) // 3


numbered_instance = cache(lambda kind, seed: random_instance(seed, kind))


def tight(kind: str, count: int) -> list[Instance]:
    """Instances with a plan."""
    found = (numbered_instance(kind, seed) for seed in range(3 * count))
    return list(islice((one for one in found if joint_plan(one).has_plan), count))


def lighter(instance: Instance) -> Instance:
    """Every shard needs a tenth of its memory and compute."""
    return replace(
        instance,
        options=tuple(
            replace(o, memory=0.1 * o.memory, mps_share=0.1 * o.mps_share) for o in instance.options
        ),
    )


def without_slos(instance: Instance) -> Instance:
    return replace(instance, slos=())


def looser(instance: Instance) -> Instance:
    return replace(
        instance, slos=tuple(replace(slo, limit=1.3 * slo.limit) for slo in instance.slos)
    )


def faster(instance: Instance) -> Instance:
    """Every curve reaches 1.2 times its rates."""
    return replace(
        instance,
        options=tuple(
            replace(o, curve=replace(o.curve, rates=1.2 * o.curve.rates)) for o in instance.options
        ),
    )


def caught(instances: list[Instance], check: Callable[[Instance], CrossCheck]) -> int:
    """How many verdicts are negative."""
    return sum(check(instance).negative for instance in instances)


@pytest.mark.parametrize(
    "error", first_fast(usually([lighter, without_slos, looser, faster], (0,)))
)
def test_an_error_in_the_joint_search_turns_the_verdict(
    error: Callable[[Instance], Instance],
) -> None:
    instances = tight("convex", 8)
    assert caught(instances, lambda one: verdict(one, joint_on=error(one))) >= 4


@pytest.mark.parametrize(
    "error", first_fast(usually([lighter, without_slos, looser, faster], (0,)))
)
def test_an_error_in_the_decomposition_turns_the_verdict(
    error: Callable[[Instance], Instance],
) -> None:
    instances = tight("convex", 8)
    assert caught(instances, lambda one: verdict(one, decomposed_on=error(one))) >= 4


@pytest.mark.slow
def test_what_is_planted_is_nothing_when_it_changes_nothing() -> None:
    assert caught(tight("convex", 8), verdict) == 0


@pytest.fixture(scope="module")
def trio() -> tuple[Instance, Solution]:
    """The first example with fewer shares, on which pruning matters, and its joint plan."""
    fewer = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]
    instance = assemble_instance(HOME / "examples" / "paper-trio" / "scenario.yaml", fewer).instance
    return instance, joint.solve_joint(instance, Settings(), explain=False)


def test_without_a_planted_error_the_trio_agrees(trio: tuple[Instance, Solution]) -> None:
    assert crosscheck_runs(*trio, run_decomposition(trio[0]), 1e-4).verdict == "agree"


def test_a_wrong_sign_of_the_price_on_latency_turns_the_verdict(
    trio: tuple[Instance, Solution], monkeypatch: pytest.MonkeyPatch
) -> None:
    """beta taken off the decomposition's bounds instead of added."""
    real = decompose_master.Master.climb

    def wrong(
        master: decompose_master.Master, tolerance: float, target: float
    ) -> tuple[float, Prices]:
        bound, prices = real(master, tolerance, target)
        twice = 2 * float(prices.beta.sum())
        return bound - twice, replace(prices, base=prices.base - twice)

    monkeypatch.setattr(decompose_master.Master, "climb", wrong)
    check = crosscheck_runs(*trio, run_decomposition(trio[0]), 1e-4)
    assert check.verdict == "disagree"
    assert any("its own bound" in reason for reason in check.reasons)


@pytest.mark.slow
def test_a_wrong_sign_of_the_dual_prices_turns_the_verdict(
    trio: tuple[Instance, Solution], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decomposition's prompts go to the LLM of the largest score + price."""
    real = Prompts.policy
    monkeypatch.setattr(Prompts, "policy", lambda prompts, llms, alpha: real(prompts, llms, -alpha))
    monkeypatch.setattr(decompose_master, "MOST_ROUNDS", 10)
    assert crosscheck_runs(*trio, run_decomposition(trio[0]), 1e-4).verdict != "agree"


@pytest.mark.slow
def test_a_wrong_sign_of_the_joint_search_s_dual_prices_turns_the_verdict(
    trio: tuple[Instance, Solution],
) -> None:
    """A router stated with its prices' signs flipped does something else than the routing says."""
    instance, honest = trio
    turned = replace(honest, dual_prices=honest.dual_prices.max() - honest.dual_prices)
    check = crosscheck_runs(instance, turned, run_decomposition(instance), 1e-4)
    assert check.verdict == "disagree"
    assert any("verifier" in reason for reason in check.reasons)


@pytest.mark.slow
def test_packing_that_forgets_memory_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    real = packing._first_fit_packing

    def forgetful(instance: Instance, p: int, items: list[tuple[int, int]]) -> object:
        return real(
            replace(instance, options=tuple(replace(o, memory=0.0) for o in instance.options)),
            p,
            items,
        )

    monkeypatch.setattr(packing, "_first_fit_packing", forgetful)
    checks = [verdict(instance) for instance in tight("convex", wall_size(6, 25))]
    assert sum(check.negative for check in checks) >= 1
    assert all(
        any("verifier" in reason or "bound" in reason for reason in check.reasons)
        for check in checks
        if check.negative
    )


def test_a_joint_bound_that_is_too_low_turns_the_verdict() -> None:
    instance = tight("convex", 1)[0]
    honest, decomposed = joint_plan(instance), run_decomposition(instance)
    low = replace(
        honest, value=honest.value - 0.02, quality=honest.quality - 0.02, bound=honest.bound - 0.02
    )  # type: ignore[operator]
    check = crosscheck_runs(instance, low, decomposed, REL_GAP)
    assert check.verdict == "disagree"
    assert any("joint search's bound" in reason for reason in check.reasons)


def test_a_joint_search_that_calls_a_feasible_scenario_infeasible_is_contradicted() -> None:
    instance = tight("convex", 1)[0]
    check = crosscheck_runs(
        instance,
        Solution(
            status=Status.INFEASIBLE,
            value=None,
            bound=None,
            effort=Effort(termination=Termination.INFEASIBLE),
        ),
        run_decomposition(instance),
        REL_GAP,
    )
    assert check.verdict == "disagree"


@pytest.mark.slow
def test_a_relaxation_contradicts_what_it_cannot_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_: object, **__: object) -> object:
        raise TooManySetupsError("there are more than none")

    monkeypatch.setattr(decomposition_run, "enumerate_setups", too_many)
    seen = set()
    for instance in tight("convex", wall_size(5, 8)):
        assert verdict(instance).verdict == "brackets"
        seen.add(verdict(instance, joint_on=without_slos(instance)).verdict)
    assert "contradicts" in seen
    with pytest.raises(DataError, match="examines all setups"):
        run_decomposition(random_instance(0, "cost"))


def test_a_stopped_joint_search_leaves_the_verdict_open() -> None:
    instance = tight("convex", 1)[0]
    unknown = Solution(
        status=Status.UNKNOWN, value=None, bound=None, effort=Effort(termination=Termination.TIME)
    )
    assert (
        crosscheck_runs(instance, unknown, run_decomposition(instance), REL_GAP).verdict == "open"
    )


@pytest.mark.slow
def test_the_decomposition_shares_no_rounding_of_the_joint_search() -> None:
    """Verdicts hold where an SLO is met exactly at a knot and where curves fall."""
    for seed in range(wall_size(6, 10)):
        instance = random_instance(seed, "nonconvex")
        exact = replace(
            instance,
            slos=(
                Slo("ttft", "mean", float(instance.options[0].curve.latency["ttft", "mean"][0])),
            ),
        )
        assert not verdict(exact).negative


@pytest.mark.slow
def test_the_h100_case_agrees() -> None:
    path = HOME.parent / "shared" / "cases" / "h100-silicon" / "scenario.yaml"
    if not path.exists():
        pytest.skip("the shared case is not here")
    instance = assemble_instance(path).instance
    check = crosscheck_runs(
        instance,
        joint.solve_joint(instance, Settings(), explain=False),
        run_decomposition(instance),
        1e-4,
    )
    assert check.verdict == "agree"
    assert check.difference == pytest.approx(0.0, abs=3e-5)
    assert np.isclose(check.decomposition.best.value or 0.0, 0.66398, atol=3e-5)
