"""`planner.tornado` and `planner.thresholds`: what moves a plan, and how far it holds."""

import json

import pandas as pd

from planner.api.interrupts import with_interrupts
from planner.api.scenario import ScenarioSource, load
from planner.errors import InfeasibleError, NoPlanInTimeError
from planner.presentation.sensitivity.thresholds import thresholds_table
from planner.presentation.sensitivity.tornado import tornado_table
from planner.studies.sensitivity import thresholds as threshold_study
from planner.studies.sensitivity import tornado as tornado_study
from planner.studies.sensitivity.moved_plans import MovedPlan
from planner.studies.sweep_point import PointStatus

__all__ = ["thresholds", "tornado"]


def tornado(
    scenario: ScenarioSource, *, percent: float = tornado_study.PERCENT, jobs: int = 1
) -> pd.DataFrame:
    """Move every input of a scenario both ways, plan again, and rank the inputs.

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.
    percent
        By how much inputs are moved; nodes by whole ones.
    jobs
        Processes; 1 = this one, 0 = one per core.

    Returns
    -------
    pandas.DataFrame
        One row per input and end: rank, input, today's and the moved value, status, objective,
        bound, change, whether it is larger than the gaps leave open, whether the same setup runs,
        the input's swing, the reason where there is no plan. After an interrupt, what was planned.

    Raises
    ------
    DataError
        With every fault of the scenario.
    InfeasibleError, NoPlanInTimeError
        When the scenario as it is has no plan.

    """
    loaded = load(scenario)
    overrides = [f"{key}={json.dumps(value)}" for key, value in loaded.overrides.items()]
    found = with_interrupts(
        lambda cancel: tornado_study.plan_tornado(
            loaded.path, overrides, percent=percent, jobs=jobs, cancel=cancel
        )
    )
    _refuse_moves_without_plan(found.today)
    return tornado_table(found)


def thresholds(
    scenario: ScenarioSource, *, precision: float = threshold_study.PRECISION, jobs: int = 1
) -> pd.DataFrame:
    """Find how far rate and prices may move before another setup is best.

    Parameters
    ----------
    scenario
        A scenario of `planner.load`, or what that function takes.
    precision
        Of a threshold, per cent of today's value.
    jobs
        Processes, one end each; 1 = this one, 0 = one per core.

    Returns
    -------
    pandas.DataFrame
        One row per input: today's value, the values down and up to which today's setup was found to
        be the best, the nearest ones beyond at which it was found not to be (none where it is as
        far as was looked), the precision, whether both ends are larger than the gaps leave open,
        the setups beyond.

    Raises
    ------
    DataError
        With every fault of the scenario; where setups change with the case.
    InfeasibleError, NoPlanInTimeError
        When the scenario as it is has no plan.

    """
    loaded = load(scenario)
    overrides = [f"{key}={json.dumps(value)}" for key, value in loaded.overrides.items()]
    found = with_interrupts(
        lambda cancel: threshold_study.find_thresholds(
            loaded.path, overrides, precision=precision, jobs=jobs, cancel=cancel
        )
    )
    _refuse_moves_without_plan(found.today)
    return thresholds_table(found)


def _refuse_moves_without_plan(today: MovedPlan) -> None:
    """SolveError where there is no plan to move away from."""
    if today.status == PointStatus.INFEASIBLE:
        raise InfeasibleError(today.reason)
    if not today.has_plan:
        raise NoPlanInTimeError(today.reason)
