"""Requests and tokens of the classes over the hours of all cases, for what one of them costs."""

import math

from models.demand.requests import DemandInstance
from planner.scenario.assemble import LoadResult

__all__ = ["mean_case_rate", "mean_class_tokens"]


def mean_case_rate(demand: DemandInstance) -> float:
    """req/s of all classes, as stated, mean over the hours: sum_t h_t sum_c l_ct / H."""
    return sum(case.hours * sum(case.rates) for case in demand.cases) / demand.hours


def mean_class_tokens(loaded: LoadResult, demand: DemandInstance) -> float | None:
    """Input and output tokens of a request, mean over hours and rates of the classes.

    A class that does not state both has those of the profile table, where all curves agree on them;
    else None.
    """
    classes = loaded.scenario.spec.classes or ()
    curves = {option.curve.tokens for option in demand.instance.options}
    common = sum(next(iter(curves))) if len(curves) == 1 else math.nan
    each = [common] * len(demand.classes)
    for c, one in enumerate(classes):
        if one.input_tokens is not None and one.output_tokens is not None:
            each[c] = float(one.input_tokens + one.output_tokens)
    total, requests = 0.0, 0.0
    for case in demand.cases:
        for rate, tokens in zip(case.rates, each, strict=True):
            if rate > 0.0 and case.hours > 0.0:
                total += case.hours * rate * tokens
                requests += case.hours * rate
    return total / requests if requests > 0.0 and math.isfinite(total) and total > 0.0 else None
