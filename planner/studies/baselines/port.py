"""PORT: routing by dual prices learnt on a sample, at a fixed deployment (Wu and Silwal, Efficient
Training-Free Online Routing for High-Volume Multi-LLM Serving, NeurIPS 2025, arXiv 2509.02718).

Given score s_ij of LLM i on prompt j and a budget b_i of every LLM, PORT takes the first requests
as a sample P, solves the dual of the relaxed assignment of the sample once, and routes all further
requests by its prices,

    gamma* = argmin over gamma >= 0 of   sum_i gamma_i b_i + mean_{j in P} max_i (s_ij - gamma_i)
    request j goes to                    argmax_i (s_ij - gamma*_i)                              (1)

with budgets as shares of all requests. In the paper budgets are tokens; here they are what the
deployed LLMs can take under the SLOs, with r_o the highest rate at which one replica of option o
keeps every SLO by itself when limits over all requests are multiplied by phi:

    b_i = kappa sum_{o of i} n_o r_o(phi) / lambda

deployment   that of equal split or size-proportional, whichever is the better of those that keep
             the SLOs; the requests of an LLM go to its options in proportion to n_o r_o(phi)
sample       SAMPLE requests drawn by the weights of the prompts, with a fixed seed (the paper's
             epsilon of 2.5 % of 10,000 requests)
overshoot    prices of a sample do not keep budgets exactly. The paper lets requests beyond an
             exhausted budget wait; here all have to be answered, so budgets are scaled down by
             kappa while the SLOs are missed at the fractions that result, as in proofs for online
             packing
phi          1 is the cautious budget; a limit over all requests allows one LLM more when another
             takes less. All PHIS are tried and the best result that keeps the SLOs counts

What favours PORT: scores are known and not estimated from neighbours; the requests of the sample,
which the paper routes at random, are routed by (1) too; phi and kappa are chosen by the result on
all prompts; tied LLMs share a prompt evenly. An argmax of score - price is the best assignment for
the fractions that it realises, so the plan is checked like any other, prices included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import hstack, identity, kron

from models.formulation import allowance
from models.instance import Instance
from models.latency import LatencyPieces, latency_budget_pieces
from planner.plans.setup_content import setup_content
from planner.settings import FLOOR_SLACK
from planner.solution import Effort, Solution, Status, Termination, TieGroup
from planner.studies.baselines.solver import (
    BaselineResult,
    BaselineSolver,
    baseline_violation_factor,
    planned_baseline_result,
)
from profiles.records import Scores

__all__ = ["port_baseline", "port_prices"]

NAME = "PORT"
SAMPLE = 250
"""Requests from which the prices are learnt."""
SEED = 20250902
PHIS = (1.0, 1.1, 1.25, 1.5, 2.0, 4.0)
KAPPAS = (1.0, 0.95, 0.9, 0.8)
TIED = 1e-9
"""Score units, of the range of scores, within which LLMs tie."""
FLOAT_NOISE = 1e-9
"""Relative: a rate or latency above its limit by this is on it."""


@dataclass(frozen=True)
class PortRouting:
    """One choice of phi and kappa.

    over: largest realised fraction / budget of an LLM. solution: of the realised fractions. factor:
    worst achieved / limit over the SLOs, None without SLOs.
    """

    phi: float
    kappa: float
    over: float
    solution: Solution
    factor: float | None

    @property
    def kept(self) -> bool:
        """Whether the SLOs hold."""
        return self.factor is None or self.factor <= 1 + FLOAT_NOISE


def port_baseline(
    solver: BaselineSolver, instance: Instance, divided: Sequence[BaselineResult]
) -> BaselineResult:
    """PORT on the better deployment of those divided beforehand that keep the SLOs."""
    if any(one.unfinished for one in divided):
        reason = "unfinished: the deployments that it may route on are"
        return BaselineResult(name=NAME, variant="", reason=reason, unfinished=True)
    able = [one for one in divided if one.met and one.solution is not None]
    if not able:
        reason = "neither equal split nor size-proportional has a deployment that keeps the SLOs"
        return BaselineResult(name=NAME, variant="", reason=reason)
    # Equal ones, within the gap, need no second look: the first is taken.
    sign = -1.0 if instance.objective == "quality" else 1.0
    chosen = able[0]
    for other in able[1:]:
        value, least = sign * (chosen.value or 0.0), sign * (other.value or 0.0)
        chosen = other if least < value - solver.settings.rel_gap * abs(value) else chosen
    deployed = chosen.solution
    assert deployed is not None  # noqa: S101 - those without are not able
    words = f"routing on the deployment of {chosen.name}"
    tried = _port_routings(solver, instance, deployed)
    if not tried:
        reason = "its deployment cannot carry the fractions that the prices of the sample realise"
        return BaselineResult(name=NAME, variant=words, reason=reason)
    best = min(tried, key=_port_order)
    return _port_result(solver, instance, best, words)


def _port_order(one: PortRouting) -> tuple[float, float]:
    """Those that keep the SLOs by quality, then those that miss them by least."""
    return (1.0 if one.factor is None or one.kept else one.factor), -(one.solution.quality or 0.0)


def _port_result(
    solver: BaselineSolver, instance: Instance, best: PortRouting, words: str
) -> BaselineResult:
    """The result of one routing, verified at the limits that it keeps."""
    notes = [
        f"prices of {SAMPLE} requests; budgets to {best.phi:g} of the limits over all requests,"
        f" scaled by {best.kappa:g}"
    ]
    if best.over > 1 + FLOAT_NOISE:
        notes.append(f"one LLM gets {100 * (best.over - 1):.1f} % more than its budget")
    quality, floor = best.solution.quality or 0.0, instance.quality_floor
    if instance.objective == "cost" and floor is not None and quality < floor - FLOOR_SLACK:
        reason = f"its routing has quality {quality:.5f}, below the required {floor:.5f}"
        return BaselineResult(name=NAME, variant=words, reason=reason, notes=notes)
    allowed = 1.0 if best.kept or best.factor is None else np.ceil(best.factor * 1e4) / 1e4
    if not np.isfinite(allowed):
        reason = "it misses an SLO that no factor on its limit would meet"
        return BaselineResult(name=NAME, variant=words, reason=reason, notes=notes)
    return planned_baseline_result(
        solver,
        instance,
        best.solution,
        name=NAME,
        variant=words,
        allowed=float(allowed),
        notes=notes,
    )


def _port_routings(
    solver: BaselineSolver, instance: Instance, deployed: Solution
) -> list[PortRouting]:
    """The routings of all phi that the deployment can carry; of every phi the least scaled one that
    keeps the SLOs, and otherwise all.
    """
    sample = _port_sample(instance.scores)
    found: list[PortRouting] = []
    seen: list[np.ndarray] = []
    for phi in PHIS:
        rates = deployed.replicas * _port_highest_rates(instance, phi, deployed.replicas)
        # Limits that allow every replica its highest rate: a larger phi allows no more.
        if any(np.array_equal(rates, other) for other in seen):
            continue
        seen.append(rates)
        for kappa in KAPPAS:
            routing = _port_routing(solver, instance, deployed, sample, kappa * rates)
            if routing is None:
                continue
            found.append(replace(routing, phi=phi, kappa=kappa))
            if routing.kept:
                break
    return found


def _port_sample(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """Scores (M, K) of the different prompts of the sample, and weights (K,) that sum to 1."""
    rng = np.random.default_rng(SEED)
    weights = scores.weights / scores.weights.sum()
    drawn, count = np.unique(rng.choice(weights.size, SAMPLE, p=weights), return_counts=True)
    return scores.values[:, drawn], count / SAMPLE


def _port_highest_rates(instance: Instance, phi: float, replicas: np.ndarray) -> np.ndarray:
    """(O,) highest rate (req/s) of one replica at which its option keeps all SLOs by itself, with
    limits over all requests times phi; 0 where none does or it is not deployed.
    """
    slos = [
        replace(slo, limit=slo.limit * phi) if slo.scope == "all" else slo for slo in instance.slos
    ]
    allowances = np.array([allowance(slo) for slo in slos if slo.scope == "all"])
    highest = np.zeros(replicas.size)
    for o in np.flatnonzero(replicas):
        pieces = latency_budget_pieces(instance.options[o].curve, slos)
        highest[o] = 0.0 if pieces is None else _port_highest_rate(pieces, allowances)
    return highest


def _port_highest_rate(pieces: LatencyPieces, allowances: np.ndarray) -> float:
    """The highest rate at which one replica spends no more than its own requests are allowed."""

    def keeps(rate: float) -> bool:
        return bool(np.all(pieces.spend(rate) <= allowances * rate * (1 + FLOAT_NOISE)))

    # From the top: above `high` no rate keeps the limits at any knot.
    knots = np.unique(np.concatenate([pieces.low, pieces.high]))[::-1]
    for above, knot in zip([None, *knots[:-1]], knots, strict=True):
        if knot <= 0 or not keeps(float(knot)):
            continue
        low, high = float(knot), float(knot if above is None else above)
        while high - low > FLOAT_NOISE * high:
            middle = (low + high) / 2
            low, high = (middle, high) if keeps(middle) else (low, middle)
        return low
    return 0.0


def port_prices(scores: np.ndarray, weights: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """The prices gamma (M,) of (1): a linear program over gamma and t_j = max_i (s_ij - gamma_i),
    t_j + gamma_i >= s_ij. inf where the budget is 0.

    scores: (M, K) of the sample. weights: (K,) that sum to 1. budgets: (M,) shares of all requests
    that sum to at least 1.
    """
    open_llms = np.flatnonzero(budgets > 0)
    count, prompts = open_llms.size, weights.size
    matrix = hstack(
        [
            kron(identity(count), np.ones((prompts, 1))),
            kron(np.ones((count, 1)), identity(prompts)),
        ]
    )
    answer = linprog(
        np.concatenate([budgets[open_llms], weights]),
        A_ub=-matrix.tocsr(),
        b_ub=-scores[open_llms].ravel(),
        bounds=[(0, None)] * count + [(None, None)] * prompts,
        method="highs",
    )
    if answer.x is None:
        raise ArithmeticError(f"the prices of PORT have no optimum: {answer.message}")
    prices = np.full(budgets.size, np.inf)
    prices[open_llms] = answer.x[:count]
    return prices


def _port_routing(
    solver: BaselineSolver,
    instance: Instance,
    deployed: Solution,
    sample: tuple[np.ndarray, np.ndarray],
    rates: np.ndarray,
) -> PortRouting | None:
    """The routing for budgets of rates (O,) req/s of the options; None where they do not carry all
    requests, or where a replica would get more than its curve knows.
    """
    options, scores, replicas = instance.options, instance.scores, deployed.replicas
    llm = np.array([o.llm for o in options])
    carried = np.bincount(llm, weights=rates, minlength=len(instance.llms))
    budgets = carried / instance.arrival_rate
    if budgets.sum() < 1:
        return None
    net = scores.values - port_prices(*sample, budgets)[:, None]
    top = net >= net.max(axis=0) - TIED * max(float(np.ptp(scores.values)), 1e-300)
    shares = (top / top.sum(axis=0)) @ (scores.weights / scores.weights.sum())
    part = np.divide(rates, carried[llm], out=np.zeros(rates.size), where=carried[llm] > 0)
    routed = shares[llm] * part * instance.arrival_rate
    most = replicas * np.array([o.curve.max_rate for o in options])
    if np.any(routed > most * (1 + FLOAT_NOISE)):
        return None
    solution = _port_solution(solver, instance, deployed, np.minimum(routed, most))
    return PortRouting(
        phi=1.0,
        kappa=1.0,
        over=float(np.max(shares[budgets > 0] / budgets[budgets > 0])),
        solution=solution,
        factor=baseline_violation_factor(setup_content(instance, solution), instance.slos),
    )


def _port_solution(
    solver: BaselineSolver, instance: Instance, deployed: Solution, routed: np.ndarray
) -> Solution:
    """The deployment with routed rates (O,), as a solution: its value is its bound, as nothing is
    searched for.
    """
    llm = np.array([o.llm for o in instance.options])
    fractions = np.bincount(llm, weights=routed, minlength=len(instance.llms)) / routed.sum()
    settled = solver.quality.settle(fractions)
    value = settled.value if instance.objective == "quality" else deployed.value
    return replace(
        deployed,
        status=Status.OPTIMAL,
        value=value,
        bound=value,
        effort=Effort(termination=Termination.GAP, solver_version=deployed.effort.solver_version),
        routed_rates=routed * instance.arrival_rate / routed.sum(),
        fractions=fractions,
        quality=settled.value,
        dual_prices=settled.prices,
        ties=tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in settled.ties),
        tie_eps=settled.tie_eps,
        shadow_prices=None,
    )
