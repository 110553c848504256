"""Classes by the length of the prompt, the one length that a gateway knows when it must choose.

Borders 374, 1313 make the classes `input-to-374`, `input-to-1313` and `input-above-1313`.
"""

import math
from collections.abc import Sequence

import numpy as np

from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["WITHOUT_LENGTH", "length_class_borders", "length_class_codes", "length_class_names"]

WITHOUT_LENGTH = "input-unknown"


def length_class_borders(input_tokens: np.ndarray, count: int) -> tuple[float, ...]:
    """Borders that put about as many requests into each of `count` classes; fewer where many
    prompts have one length. input_tokens: (N,), NaN where unknown. DataError where all are.
    """
    known = input_tokens[~np.isnan(input_tokens)]
    if known.size == 0:
        problem = "the log has no input tokens, by which classes would be made"
        raise DataError([Fault("--length-classes", "", "", problem, "leave the option out")])
    ranks = np.arange(1, count) / count
    borders = np.unique(np.quantile(known, ranks, method="inverted_cdf"))
    # Nothing would be above a border at the longest prompt.
    return tuple(map(float, borders[borders < known.max()]))


def length_class_codes(input_tokens: np.ndarray, borders: Sequence[float]) -> np.ndarray:
    """(N,) position of each request's class: 0 up to the first border (which it includes), and so
    on; one more than the last for unknown lengths.
    """
    codes = np.searchsorted(np.asarray(borders, dtype=float), input_tokens, side="left")
    return np.asarray(np.where(np.isnan(input_tokens), len(borders) + 1, codes), dtype=np.int64)


def length_class_names(borders: Sequence[float]) -> tuple[str, ...]:
    """Names of the classes, the one of unknown lengths last."""
    if not borders:
        return ("input-any", WITHOUT_LENGTH)
    written = [
        f"{border:.0f}" if border == math.floor(border) else f"{border:g}" for border in borders
    ]
    return (*(f"input-to-{one}" for one in written), f"input-above-{written[-1]}", WITHOUT_LENGTH)
