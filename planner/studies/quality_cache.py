"""The quality cuts of the scores that this process planned with last, for every later search.

One cache for everything that plans again and again: sweeps and the page's jobs. A cut
q <= g(alpha) + alpha . f is made of the (M, N) score values and the (N,) weights alone
(`models.quality`, equation 1), so these two are the key. The names of the LLMs and the prompts' ids
are not: row i of the values is LLM i of the instance whatever its name, and ids only break ties
when requests are routed. The order of rows and columns does count, because prices go by position.
"""

import numpy as np

from models.quality import Quality
from profiles.records import Scores

__all__ = ["cached_quality_of"]

KEPT = 2
"""Score tables remembered, the latest first; a table of a million prompts and its cuts take some
hundred MB.
"""

MOST_CUTS = 2_000
"""With more, choosing among them takes longer than separating them again."""

_kept: list[tuple[Scores, Quality]] = []


def cached_quality_of(scores: Scores) -> Quality:
    """The quality of these scores with the cuts of earlier searches.

    scores: values (M, N) and weights (N,); two tables are the same only if every value and every
    weight is equal. The object returned is shared by all callers in this process: searches add
    their cuts to it.
    """
    same = [pair for pair in _kept if _same(pair[0], scores)]
    others = [pair for pair in _kept if not _same(pair[0], scores)]
    latest = same[0] if same and len(same[0][1].cuts) <= MOST_CUTS else (scores, Quality(scores))
    _kept[:] = [latest, *others][:KEPT]
    return latest[1]


def _same(one: Scores, other: Scores) -> bool:
    return np.array_equal(one.values, other.values) and np.array_equal(one.weights, other.weights)
