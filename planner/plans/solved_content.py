"""The parts of plan.json that one solution gives: status, objective, setup, shadow prices, search,
checks.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from models.instance import Instance
from planner.errors import VerificationError
from planner.plans.numbers import finite_number
from planner.plans.schema import (
    ChecksContent,
    ObjectiveContent,
    ShadowPricesContent,
    SolvedContent,
    SolverContent,
)
from planner.plans.setup_content import setup_content
from planner.solution import ShadowPrices, Solution
from planner.verification.verifier import run_verifier

__all__ = ["ContextOfSetup", "solved_content"]


ContextOfSetup = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From the content of a setup to what its context says beside the scenario's."""


def solved_content(
    instance: Instance,
    solution: Solution,
    rel_gap: float,
    *,
    known: Collection[str] = (),
    begin: ContextOfSetup | None = None,
) -> SolvedContent:
    """Return the content of one solution of `instance`, verified.

    rel_gap: at which the gap counts as closed. known: problems of the plan whose setup the solution
    keeps, which then are in its checks. begin: of the plan that it starts from, verified too.
    VerificationError when the content (or, without a setup, that nothing is claimed) fails the
    verifier for any other reason.
    """
    content: SolvedContent = {
        "status": solution.status,
        "objective": _solved_objective_content(instance, solution),
        **setup_content(instance, solution),
        "shadow_prices": _solved_shadow_prices_content(instance, solution.shadow_prices),
        "solver": _solved_solver_content(solution),
        "checks": {"verified": True, "problems": []},
    }
    begun = {**content, "context": begin(content)} if begin else content
    content["checks"] = _solved_checks_content(begun, instance, rel_gap, known)
    return content


def _solved_objective_content(instance: Instance, solution: Solution) -> ObjectiveContent:
    """Value and bound of quality (mean score) or cost (USD/h); null where there is none."""
    value, bound = finite_number(solution.value), finite_number(solution.bound)
    gap = None if value is None or bound is None else abs(bound - value) / max(abs(value), 1e-9)
    quality = instance.objective == "quality"
    sense, of = ("maximize", "quality") if quality else ("minimize", "cost")
    return {"sense": sense, "of": of, "value": value, "bound": bound, "rel_gap": gap}


def _solved_shadow_prices_content(
    instance: Instance, prices: ShadowPrices | None
) -> ShadowPricesContent:
    """Change of the objective per +1 req/s, per +1 ms of each SLO, per one more node of each pool;
    null with a reason in notes.
    """
    if prices is None:
        return {
            "arrival_rate_rps": None,
            "slo": [None] * len(instance.slos),
            "pools": {pool.name: None for pool in instance.pools},
            "notes": ["not computed: there is no plan to price"],
        }
    per_ms = [None if (p := finite_number(price)) is None else p / 1000.0 for price in prices.slo]
    pools = {
        pool.name: finite_number(price)
        for pool, price in zip(instance.pools, prices.pools, strict=True)
    }
    return {
        "arrival_rate_rps": finite_number(prices.arrival_rate),
        "slo": per_ms,
        "pools": pools,
        "notes": list(prices.notes),
    }


def _solved_solver_content(solution: Solution) -> SolverContent:
    """The search in numbers; wall_s in s."""
    effort = solution.effort
    return {
        "name": "HiGHS",
        "version": effort.solver_version,
        "wall_s": float(effort.wall),
        "milp_solves": int(effort.milp_solves),
        "quality_cuts": int(effort.quality_cuts),
        "nodes": int(effort.nodes),
        "termination": effort.termination,
    }


def _solved_checks_content(
    content: Mapping[str, Any], instance: Instance, rel_gap: float, known: Collection[str]
) -> ChecksContent:
    """What the verifier says of `content`; VerificationError when it reports a problem that is not
    known.
    """
    problems = run_verifier(content, instance, rel_gap_target=rel_gap)
    if new := [problem for problem in problems if problem not in known]:
        raise VerificationError(new)
    return {"verified": not problems, "problems": list(problems)}
