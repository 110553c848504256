"""Which percentile SLOs over all requests a plan keeps only because tails are extrapolated.

Below the share of an option's highest percentile its tail is the line of the last two percentiles,
run on (`planner.plans.latencies`): nothing was measured there. An SLO hangs on that when, with the
share of late requests of every option held at its highest percentile's, the promise is missed:

    sum_o x_o max(above_o(limit), share of the highest percentile of o)  >  (1 - NN/100) sum_o x_o
"""

import numpy as np

from models.demand.headroom import with_headroom
from models.instance import Instance, Slo
from planner.plans.labels import slo_label
from planner.plans.latencies import (
    SHARE_ABOVE,
    latencies_at,
    latency_percentile_points,
    share_above_latency,
)
from planner.plans.option_index import option_slice_of, option_slice_text
from planner.solution import Solution

__all__ = ["tail_warnings"]

ROUNDING = 1e-9
"""Relative excess over the promise that is none."""


def tail_warnings(instance: Instance, solution: Solution) -> list[str]:
    """One sentence for each SLO that hangs on extrapolated tails, with the percentiles of the
    options it is about; no full stop at its end.
    """
    return [
        sentence
        for slo in with_headroom(instance).slos
        if slo.scope == "all" and slo.statistic != "mean"
        for sentence in _tail_warning(instance, solution, slo)
    ]


def _tail_warning(instance: Instance, solution: Solution, slo: Slo) -> list[str]:
    promised, late, total, beyond = SHARE_ABOVE[slo.statistic], 0.0, 0.0, []
    for o in np.flatnonzero(solution.replicas):
        option, rate = instance.options[o], float(solution.routed_rates[o])
        latencies = latencies_at(option.curve, rate / float(solution.replicas[o]))
        share = share_above_latency(latency_percentile_points(latencies, slo.metric), slo.limit)
        present = [p for p in SHARE_ABOVE if (slo.metric, p) in latencies]
        known = SHARE_ABOVE[present[-1]]
        total += rate
        late += rate * max(share, known)
        if share < known and rate > 0.0:
            llm = instance.llms[option.llm].name
            part = option_slice_text(option_slice_of(option))
            beyond.append(
                f"{llm} (tp {option.tp_degree}, {part} of a GPU) is known up to {present[-1]}"
            )
    if late <= promised * total * (1.0 + ROUNDING):
        return []
    return [
        f"{slo_label(slo.metric, slo.statistic, slo.scope)} hangs on extrapolated tails: were all"
        f" requests late that are slower than the highest percentile of their curve,"
        f" {100.0 * late / total:.3g} % of all would take longer than {1000.0 * slo.limit:g} ms,"
        f" not {100.0 * promised:g} %; {'; '.join(beyond)}"
    ]
