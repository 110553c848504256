"""What the simulation says of the SLOs that a plan nearly uses up: a plan is made of means, and
what is left of a limit may be less than chance takes.

Simulated with Poisson arrivals as in `planner.operation.simulation`: up to 70 req/s just as the
command `simulate` does it, above in shorter runs, so that it takes 0.2 to
0.6 s; at very high rates 3 s, or not at all.
"""

import threading

from planner.operation.simulation import RUNS, run_simulation, seconds_of_short_run
from planner.operation.simulation_outcomes import Demand, SloOutcome
from planner.operation.step_level_replica import build_step_level_replica
from planner.plans.numbers import finite_number
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.record import Plan
from planner.plans.schema import SimulatedContent, SimulatedSloContent, SloContent
from planner.scenario.assemble import LoadResult

__all__ = ["with_limits_simulated"]

NEAR = 0.1
"""Part of a limit: what has less left is near it."""
MOST_REQUESTS = 1_000_000
"""Of all runs: 3 to 5 s."""


def with_limits_simulated(
    plan: Plan, loaded: LoadResult, cancel: threading.Event | None = None
) -> Plan:
    """The plan with `context.simulated` of all its SLOs, where it has a setup that is near one of
    them: a blank beside a figure would have to say why.

    loaded: the plan's scenario. Cancelled before it began, the plan as it is.
    """
    content = plan.content
    near = bool(content["options"]) and any(map(_near_limit, content["slo"]))
    if not near or (cancel is not None and cancel.is_set()):
        return plan
    rate = loaded.instance.arrival_rate
    demand = Demand(seconds=seconds_of_short_run(rate))
    if RUNS * demand.seconds * rate > MOST_REQUESTS:
        too_many = f"{rate:,.0f} req/s are too many to simulate beside the plan"
        return plan.with_simulated({"skipped": too_many})
    simulation = run_simulation(
        PlanAndScenario(plan, loaded), demand, engine=build_step_level_replica, cancel=cancel
    )
    simulated: SimulatedContent = {
        "runs": RUNS,
        "seconds_per_run": demand.seconds,
        "requests": simulation.requests,
        "seed": demand.seed,
        "slo": [_simulated_slo_content(one) for one in simulation.slos],
    }
    return plan.with_simulated(simulated)


def _near_limit(slo: SloContent) -> bool:
    """Whether less than NEAR of the stated limit is left (by rounding not more)."""
    achieved = slo["achieved_ms"]
    return achieved is not None and achieved >= (1.0 - NEAR - 1e-9) * slo["limit_ms"]


def _simulated_slo_content(outcome: SloOutcome) -> SimulatedSloContent | None:
    """Mean and 95 % interval in ms, None where it was not simulated."""
    if outcome.simulated is None:
        return None
    return {
        "mean_ms": 1000.0 * outcome.simulated.mean,
        "low_ms": 1000.0 * max(outcome.simulated.low, 0.0),
        "high_ms": finite_number(1000.0 * outcome.simulated.high),
        "verdict": str(outcome.verdict),
    }
