"""How many tokens a request has, where the profile table says so: for costs per token."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from models.instance import Instance
from planner.plans.option_index import option_key, option_slice_of

__all__ = ["mean_request_tokens"]


def mean_request_tokens(
    options: Sequence[Mapping[str, Any]], instance: Instance
) -> tuple[float, float] | None:
    """Mean input and output tokens of a request, over the options of a setup by their rates.

        sum_o rate_o tokens_o / sum_o rate_o

    options: as plan.json has them; tokens_o: mean over the rows of the option's curve. None where
    the curve of an option that serves requests does not state them.
    """
    tokens = {
        (
            instance.llms[option.llm].name,
            instance.pools[option.pool].name,
            option.tp_degree,
            option_slice_of(option),
        ): option.curve.tokens
        for option in instance.options
    }
    sums, rates = [0.0, 0.0], 0.0
    for option in options:
        rate = option["rate_rps"]
        if rate > 0.0:
            key = option_key(option)
            sums = [total + rate * part for total, part in zip(sums, tokens[key], strict=True)]
            rates += rate
    if rates == 0.0 or not all(map(math.isfinite, sums)) or sum(sums) == 0.0:
        return None
    return sums[0] / rates, sums[1] / rates
