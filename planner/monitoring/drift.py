"""Whether a plan still fits what its servers do: rate, curves, budgets, and what planning again
brings.

Something is to be done where at least one finding is called:

    RATE     the rate has left the range of the plan's prices
    CURVE    a curve is off by more than its stated error
    BUDGET   an SLO's budget runs out
    REPLAN   planning again with the numbers measured pays

Each rule states its false alarms (`rate_level`, `ratio_errors`); together fewer than one look in 90
calls anything where nothing has changed. Nothing is planned again where rate and curves are as
planned: the same plan would come out.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from planner.monitoring.curve_factors import CurveDrift, curve_comparisons, measure_curve_factors
from planner.monitoring.metered_options import MeteredOptions, read_metered_options
from planner.monitoring.rate_level import RateDrift, RatePlace, measure_rate_level
from planner.monitoring.replan import Replan, differs_from_planned_rate, replan_with_measured
from planner.monitoring.slo_budget import (
    SloBudget,
    measure_slo_budgets,
    slo_budget_comparisons,
)
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.settings import Progress
from profiles.importers.identify import Given
from profiles.live_metrics.sources import MetricsChoice

__all__ = ["Drift", "DriftChoice", "DriftFinding", "drift_of_metered", "find_drift"]


class DriftFinding(StrEnum):
    """What may be found."""

    RATE = "rate"
    CURVE = "curve"
    BUDGET = "slo budget"
    REPLAN = "replan"


@dataclass(frozen=True, kw_only=True)
class DriftChoice:
    """worth: relative gain from which planning again pays; curve_error: of every curve, None: what
    each states; with_price_table: whether the gateway's prices follow the rate.
    """

    worth: float = 0.01
    curve_error: float | None = None
    with_price_table: bool = False


@dataclass(frozen=True, kw_only=True)
class Drift:
    """All that was measured; replan: None where rate and curves are as planned."""

    metered: MeteredOptions
    rate: RateDrift
    curves: Sequence[CurveDrift]
    budgets: Sequence[SloBudget]
    replan: Replan | None

    @property
    def findings(self) -> tuple[DriftFinding, ...]:
        """What is to be acted upon."""
        called = {
            DriftFinding.RATE: self.rate.place != RatePlace.WITHIN,
            DriftFinding.CURVE: any(one.drifted for one in self.curves),
            DriftFinding.BUDGET: any(one.runs_out for one in self.budgets),
            DriftFinding.REPLAN: self.replan is not None and self.replan.pays,
        }
        return tuple(finding for finding, is_called in called.items() if is_called)


def find_drift(
    source: PlanAndScenario,
    sources: Sequence[str],
    given: Given,
    metrics: MetricsChoice,
    choice: DriftChoice,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Drift:
    """Read the metrics and compare. sources: addresses, files and folders. The plan must have a
    setup (`Plan.demand_setup`); DataError for what cannot be read.
    """
    instance = source.loaded.instance
    deployed = OptionIndex(instance).deployed(source.plan.content["options"])
    metered = read_metered_options(sources, given, metrics, instance, deployed)
    return drift_of_metered(source, metered, choice, progress=progress, cancel=cancel)


def drift_of_metered(
    source: PlanAndScenario,
    metered: MeteredOptions,
    choice: DriftChoice,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Drift:
    """Compare what was read. DataError where it is too short."""
    instance = source.loaded.instance
    deployed = [one.deployed for one in metered.options]
    rate = measure_rate_level(metered, source, deployed, with_price_table=choice.with_price_table)
    comparisons = curve_comparisons(metered.options) + slo_budget_comparisons(instance)
    curves = measure_curve_factors(metered.options, comparisons, choice.curve_error)
    budgets = measure_slo_budgets(instance, metered.options, comparisons)
    replan = None
    out = any(one.runs_out for one in budgets)
    moved = any(one.drifted or (out and one.differs) for one in curves)
    if moved or differs_from_planned_rate(rate):
        replan = replan_with_measured(
            source,
            rate,
            curves,
            choice.worth,
            budget_runs_out=out,
            progress=progress,
            cancel=cancel,
        )
    return Drift(metered=metered, rate=rate, curves=curves, budgets=budgets, replan=replan)
