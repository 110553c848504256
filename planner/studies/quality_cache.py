"""The quality cuts of the scores that this process planned with last: they depend on scores and
weights alone and serve every later search.

One cache for everything that plans again and again: sweeps and the page's jobs.
"""

import numpy as np

from models.quality import Quality
from profiles.records import Scores

__all__ = ["quality_of"]

KEPT = 2
"""Scores tables remembered, the latest first; a table of a million prompts and its cuts are some
hundred MB.
"""

MOST_CUTS = 2_000
"""With more, choosing among them takes longer than separating them anew."""

_known: list[tuple[Scores, Quality]] = []


def quality_of(scores: Scores) -> Quality:
    """The quality of these scores with the cuts of earlier searches; two tables are the same only
    if every value and weight is.
    """
    same = [pair for pair in _known if _same(pair[0], scores)]
    others = [pair for pair in _known if not _same(pair[0], scores)]
    kept = same[0] if same and len(same[0][1].cuts) <= MOST_CUTS else (scores, Quality(scores))
    _known[:] = [kept, *others][:KEPT]
    return kept[1]


def _same(one: Scores, other: Scores) -> bool:
    return np.array_equal(one.values, other.values) and np.array_equal(one.weights, other.weights)
