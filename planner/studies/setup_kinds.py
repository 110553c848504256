"""Which setups count as the same when others are looked for: kinds, and the no-goods that exclude
what was listed already.

Setups are of one kind when the same replicas run, of the same LLMs in the same pools at the same tp
degrees, regardless of their MPS shares. After a setup T of kind K the search goes on among setups
n with (`models.nogood`)

    n_o < T_o for some option o of T,    and    n_k < K_k for some (LLM, pool, tp degree) k of K,
                                                or  sum_o n_o > sum_o T_o
"""

from collections import Counter

import numpy as np

from models.nogood import NoGood
from planner.joint.setups.primal_heuristics import heuristic_meets_floors
from planner.joint.setups.search_state import SearchState
from planner.solution import Solution

__all__ = ["SetupKinds"]

IDLE = 1e-9
"""An option with less than this share of the requests serves no request."""

Kind = tuple[tuple[tuple[int, int, int], int], ...]
"""(LLM, pool, tp degree) and replicas, sorted."""


class SetupKinds:
    """The kinds listed so far, excluded from all later searches on the same `SearchState`."""

    def __init__(self, state: SearchState) -> None:
        self.state = state
        self._listed: list[Kind] = []
        self._group_of = [
            (option.llm, option.pool, option.tp_degree) for option in state.instance.options
        ]

    def is_listed(self, replicas: np.ndarray) -> bool:
        """Whether a setup (O,) is of a kind that was listed."""
        return self._kind(replicas) in self._listed

    def serving(self, replicas: np.ndarray, rates: np.ndarray) -> np.ndarray:
        """Replicas (O,) of the options that carry requests; all of them where the floors would be
        missed without the others.

        rates: (O,) req/s.
        """
        serving = np.where(rates > IDLE * self.state.instance.arrival_rate, replicas, 0)
        return serving if heuristic_meets_floors(self.state, serving) else replicas

    def exclude(self, solution: Solution) -> None:
        """From here on no setup of the same kind is sought, nor one that holds this one whole."""
        serving = self.serving(solution.replicas, solution.routed_rates)
        held = [int(o) for o in np.flatnonzero(serving > 0)]
        # A setup with more on top serves no request better, or it would have been the answer first.
        self.state.no_goods.append(
            NoGood(0, tuple((o,) for o in held), tuple(int(serving[o]) for o in held))
        )
        kind = self._kind(serving)
        if kind in self._listed:
            return
        same = tuple(
            tuple(o for o, group in enumerate(self._group_of) if group == which)
            for which, _ in kind
        )
        # `replicas` lets setups with more replicas in all through: they are of another kind.
        self.state.no_goods.append(
            NoGood(0, same, tuple(count for _, count in kind), replicas=int(serving.sum()))
        )
        self._listed.append(kind)

    def _kind(self, replicas: np.ndarray) -> Kind:
        counts: Counter[tuple[int, int, int]] = Counter()
        for o in np.flatnonzero(replicas):
            counts[self._group_of[o]] += int(replicas[o])
        return tuple(sorted(counts.items()))
