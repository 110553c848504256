"""What choosing by scores promises, and what the choice is worth.

Every prompt goes to the LLM of its highest score, equal ones share it: y_i(x). The load is ignored.

    promised     sum_x w_x max_i s_i(x)
    realised     sum_x w_x sum_i y_i(x) t_i(x)

Taking the best of several uncertain numbers takes the overrated ones: with scores that are right on
average, LLM by LLM, the promise is still too high (the optimiser's curse). A plan that routes by
scores makes the same choice within its limits.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Selection", "select_by_scores"]


@dataclass(frozen=True)
class Selection:
    """promised, realised: (N,) highest score of every prompt, and grade of its LLM."""

    promised: np.ndarray
    realised: np.ndarray


def select_by_scores(scores: np.ndarray, grades: np.ndarray) -> Selection:
    """Choose by scores (M, N), and take the grades (M, N) of the choice."""
    promised = scores.max(axis=0)
    top = scores == promised
    return Selection(promised, (top * grades).sum(axis=0) / top.sum(axis=0))
