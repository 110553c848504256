"""How much of every SLO's budget is spent, over all windows, those of unsteady load too.

of a percentile pNN <= T   the share of requests above T may be 1 - NN/100. A histogram says it
                           between two values: above the edge of a bucket at or over T, and above
                           the one at or under T. It runs out where the smaller one is larger than
                           what is allowed
of a mean <= T             the mean may be T. It runs out where the mean is larger

beyond the interval of `planner.monitoring.ratio_errors`. Of `each_llm` the LLM that spends most
counts. Spent is the measured share (or mean) over the allowed one: 1.5 says that a budget for a
month is gone after 20 days like these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance, Slo
from planner.monitoring.curve_factors import metered_histogram
from planner.monitoring.metered_options import MeteredOption
from planner.monitoring.ratio_errors import MeteredRatio, ratio_over_windows
from planner.plans.latencies import SHARE_ABOVE
from profiles.live_metrics.rate_bins import ServerWindow
from profiles.live_metrics.record import Histogram

__all__ = ["SloBudget", "measure_slo_budgets", "slo_budget_comparisons"]


@dataclass(frozen=True, kw_only=True)
class SloBudget:
    """One SLO. llm: that spends most, "" over all. spent: part of the budget, None where nothing
    was observed; at_most: the largest that the buckets allow. measured: mean in s, or share above
    the limit.
    """

    slo: Slo
    llm: str
    spent: MeteredRatio | None
    at_most: float | None
    measured: float | None

    @property
    def runs_out(self) -> bool:
        """Whether more is spent than there is."""
        return self.spent is not None and self.spent.low > 1.0


def slo_budget_comparisons(instance: Instance) -> int:
    """How many numbers are judged."""
    each = sum(slo.scope == "each_llm" for slo in instance.slos)
    return len(instance.slos) - each + each * len(instance.llms)


def measure_slo_budgets(
    instance: Instance, options: Sequence[MeteredOption], comparisons: int
) -> list[SloBudget]:
    """Every SLO in the order of the scenario. comparisons: numbers judged together."""
    return [
        max(
            _budgets_of_slo(slo, options, comparisons),
            key=lambda one: -1.0 if one.spent is None else one.spent.low,
        )
        for slo in instance.slos
    ]


def _budgets_of_slo(
    slo: Slo, options: Sequence[MeteredOption], comparisons: int
) -> Iterator[SloBudget]:
    """Over all requests, or one for each LLM."""
    if slo.scope != "each_llm":
        yield _slo_budget(slo, "", [one for option in options for one in option.all], comparisons)
        return
    for llm in dict.fromkeys(option.llm for option in options):
        windows = [one for option in options if option.llm == llm for one in option.all]
        yield _slo_budget(slo, llm, windows, comparisons)


def _slo_budget(slo: Slo, llm: str, windows: Sequence[ServerWindow], comparisons: int) -> SloBudget:
    found = [
        histogram
        for one in sorted(windows, key=lambda one: one.window.start)
        if (histogram := metered_histogram(one, slo.metric)) is not None
    ]
    counts = np.array([float(one.count) for one in found])
    if slo.statistic == "mean":
        allowed = slo.limit
        least = most = np.array([float(one.total) for one in found])
    else:
        allowed = SHARE_ABOVE[slo.statistic]
        pairs = np.array([_counts_above_slo(one, slo.limit) for one in found]).reshape(-1, 2)
        least, most = pairs[:, 0], pairs[:, 1]
    spent = ratio_over_windows(least, allowed * counts, comparisons, by_time=True)
    if spent is None:
        return SloBudget(slo=slo, llm=llm, spent=None, at_most=None, measured=None)
    return SloBudget(
        slo=slo,
        llm=llm,
        spent=spent,
        at_most=float(most.sum() / counts.sum()) / allowed,
        measured=spent.value * allowed,
    )


def _counts_above_slo(histogram: Histogram, limit: float) -> tuple[float, float]:
    """(fewest, most) observations above a limit, s."""
    count = float(histogram.count)
    # A limit that is an edge but for rounding is that edge.
    over = np.flatnonzero(histogram.edges >= limit * (1 - 1e-9))
    under = np.flatnonzero(histogram.edges <= limit * (1 + 1e-9))
    fewest = count - float(histogram.under[over[0]]) if over.size else 0.0
    most = count - float(histogram.under[under[-1]]) if under.size else count
    return fewest, most
