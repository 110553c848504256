"""Rows of a study, filled one by one."""

import numpy as np

from planner.decomposition.routing import RoutingResult
from planner.studies.setup_rows import SetupRows, SetupStatus
from tests.support.instances.tiny import random_instance

INSTANCE = random_instance(0, "convex")


def result(value: float | None, bound: float) -> RoutingResult:
    llms = len(INSTANCE.llms)
    slos = sum(slo.scope == "all" for slo in INSTANCE.slos)
    return RoutingResult(
        value=value,
        bound=bound,
        rates=np.zeros(0),
        fractions=np.full(llms, 1 / llms),
        alpha=np.zeros(llms),
        beta=np.zeros(slos),
        spends=np.zeros(slos),
    )


def test_status_follows_value_and_bound() -> None:
    rows = SetupRows(INSTANCE, 4)
    assert np.isnan(rows.best())
    rows.put([0, 1, 2], [result(0.5, 0.6), result(None, -np.inf), result(None, 0.4)])
    statuses = [tuple(SetupStatus)[k] for k in rows.status]
    assert statuses == [
        SetupStatus.FEASIBLE,
        SetupStatus.INFEASIBLE,
        SetupStatus.UNDECIDED,
        SetupStatus.NOT_ROUTED,
    ]
    assert rows.best() == 0.5
    assert np.isnan(rows.bound[1])
    assert rows.bound[2] == 0.4
    assert np.isnan(rows.fractions[2]).all()
