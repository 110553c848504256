"""PORT: prices of a sample, budgets of a deployment, and what its routing realises."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from models.instance import Instance
from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines.port import port_baseline, port_prices
from planner.studies.baselines.solver import BaselineResult
from planner.studies.baselines.splits import split_baseline
from planner.verification.verifier import run_verifier
from tests.support.instances.baselines import SLACK, trial
from tests.support.paths import EXAMPLES


@pytest.fixture(scope="module")
def trio() -> Instance:
    return assemble_instance(
        EXAMPLES / "paper-trio/scenario.yaml",
        ["setups.mps_shares_pct=[50,100]", "setups.tp_degrees=[1,2]"],
    ).instance


@pytest.fixture(scope="module")
def equal(trio: Instance) -> BaselineResult:
    return split_baseline(trial(trio), trio, "equal split", np.ones(3), np.ones(3))


@pytest.fixture(scope="module")
def port(trio: Instance, equal: BaselineResult) -> BaselineResult:
    return port_baseline(trial(trio), trio, [equal])


@pytest.mark.parametrize("seed", range(5))
def test_prices_are_the_dual_of_the_assignment_of_the_sample(seed: int) -> None:
    """The value of the primal (each request to one LLM, no LLM above its budget) by another
    solver is that of the prices.
    """
    rng = np.random.default_rng(seed)
    llms, prompts = 3, 20
    scores, weights = rng.random((llms, prompts)), rng.dirichlet(np.ones(prompts))
    budgets = rng.dirichlet(np.ones(llms)) * 1.1
    prices = port_prices(scores, weights, budgets)
    served = np.kron(np.ones((1, llms)), np.eye(prompts))
    load = np.kron(np.eye(llms), weights)
    primal = linprog(
        -(scores * weights).ravel(), A_ub=load, b_ub=budgets, A_eq=served, b_eq=np.ones(prompts)
    )
    dual = budgets @ prices + weights @ (scores - prices[:, None]).max(axis=0)
    assert dual == pytest.approx(-primal.fun, abs=1e-7)
    assert (prices >= 0).all()


def test_an_llm_without_a_budget_gets_nothing() -> None:
    prices = port_prices(np.array([[0.9], [0.1]]), np.ones(1), np.array([0.0, 1.0]))
    assert prices[0] == np.inf
    assert np.isfinite(prices[1])


def test_the_routing_is_verified_and_below_the_joint_bound(
    trio: Instance, equal: BaselineResult, port: BaselineResult
) -> None:
    """On the deployment of equal split, whose exact routing is the best there is on it."""
    assert port.met
    assert not run_verifier(port.content, trio)
    assert port.value is not None
    assert port.value <= equal.value * (1 + 1e-4) + SLACK
    assert port.value <= solve_joint(trio, Settings(), explain=False).bound + SLACK
    assert port.value > 0.9 * equal.value
    placed = [o["replicas"] for o in port.content["options"]]
    assert sum(placed) <= sum(o["replicas"] for o in equal.content["options"])
    assert "equal split" in port.variant


def test_the_quality_is_that_of_the_argmax_and_a_second_run_finds_the_same(
    trio: Instance, equal: BaselineResult, port: BaselineResult
) -> None:
    again = port_baseline(trial(trio), trio, [equal])
    assert again.value == port.value
    assert again.content["routing"] == port.content["routing"]
    scores = trio.scores
    prices = np.array(
        [np.nan if p is None else p for p in port.content["dual_prices"].values()], dtype=float
    )
    net = np.where(np.isnan(prices)[:, None], -np.inf, scores.values - prices[:, None])
    fractions = np.array(list(port.content["routing"].values()))
    bound = net.max(axis=0) @ scores.weights + np.nan_to_num(prices) @ fractions
    assert port.quality == pytest.approx(bound, abs=1e-7)


def test_a_missed_slo_is_missed_by_its_factor(trio: Instance, equal: BaselineResult) -> None:
    """The deployment of 150 ms under 60 ms: no budget carries all requests within it."""
    tight = replace(trio, slos=tuple(replace(slo, limit=0.06) for slo in trio.slos))
    found = port_baseline(trial(tight), tight, [equal])
    assert not found.met
    assert found.factor is not None
    assert found.allowed == pytest.approx(found.factor, abs=1e-4)
    assert found.factor > 1


def test_without_a_deployment_there_is_no_routing(trio: Instance) -> None:
    none = BaselineResult(name="equal split", variant="", reason="no plan")
    assert port_baseline(trial(trio), trio, [none]).reason.startswith("neither")
    open_ = replace(none, unfinished=True)
    assert port_baseline(trial(trio), trio, [open_]).unfinished


def test_a_required_quality_is_not_waived() -> None:
    """A cost objective: on the deployment of least cost exact routing just reaches the quality."""
    instance = assemble_instance(EXAMPLES / "cheapest-floor/scenario.yaml").instance
    count = len(instance.llms)
    equal = split_baseline(trial(instance), instance, "equal split", np.ones(count), np.ones(count))
    found = port_baseline(trial(instance), instance, [equal])
    assert not found.met
    assert "below the required 0.66000" in found.reason
