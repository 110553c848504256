"""Opening cuts: what quality is lost where an LLM has no replica, or, in a relaxation, less than
one.

Let o_i be 1 where LLM i has a replica, else 0. No prompt goes to an LLM that is not open, prompt by
prompt, not only on average:

    Q(f, o) = max { mean_x sum_i s_i(x) y_i(x) : y >= 0, sum_i y_i(x) = 1, mean_x y_i(x) = f_i,
                    y_i(x) <= o_i }
            = min over alpha and u of  mean_x [ u(x) + sum_i o_i (s_i(x) - alpha_i - u(x))^+ ]
                                       + alpha . f                                             (1)

By weak duality any alpha and any level u(x) of each prompt give a cut, linear in f and o:

    q <= base + alpha . f + gain . o,   base = mean u,   gain_i = mean (s_i - alpha_i - u)^+   (2)

With every o_i = 1 the best u is max_i s_i - alpha_i, and (2) an ordinary cut. A relaxation that
runs a third of a replica gives a prompt at most a third of that LLM's answer: that is the strong
formulation of facility location (Erlenkotter, Operations Research 26, 1978), and (2) its Benders
cut (Magnanti and Wong, Operations Research 29, 1981).

Measured on 40 LLMs that share 32 GPUs: the relaxation's bound is 0.7830 where ordinary cuts leave
0.7874, and of 40 LLMs 37 are open or closed in its optimum, where those leave 30 in between.

Arrays: M LLMs, C cuts; quality on the 0..1 scale of models.quality.
"""

from dataclasses import dataclass

import numpy as np

SAME_CUT = 1e-9
"""Cuts whose numbers differ by no more are one."""

USUAL_LOAD = 0.6
"""Part of its highest rate at which a replica usually runs."""


@dataclass(frozen=True)
class OpeningCuts:
    """Cuts (2): prices (C, M), base (C,), gains (C, M).

    caps: (C, M) of the LLMs by which the levels u were chosen, 0 for the others: with them the same
    cut can be made of another table.
    """

    prices: np.ndarray
    base: np.ndarray
    gains: np.ndarray
    caps: np.ndarray

    def at(self, fractions: np.ndarray, opened: np.ndarray) -> float:
        """The cuts' estimate of Q at fractions (M,) and open LLMs (M,); inf without any."""
        values = self.base + self.prices @ fractions + self.gains @ opened
        return float(values.min(initial=np.inf))

    def tightest(self, fractions: np.ndarray, opened: np.ndarray, keep: int) -> np.ndarray:
        """Positions of the `keep` smallest cuts at fractions (M,) and open LLMs (M,)."""
        values = self.base + self.prices @ fractions + self.gains @ opened
        return np.sort(np.argsort(values, kind="stable")[:keep])

    def only(self, at: np.ndarray | slice) -> "OpeningCuts":
        """Those at some positions."""
        return OpeningCuts(self.prices[at], self.base[at], self.gains[at], self.caps[at])

    def with_opening_cut(
        self, prices: np.ndarray, base: float, gains: np.ndarray, caps: np.ndarray
    ) -> "OpeningCuts":
        """One more, prices, gains and caps (M,), unless an equal one is there."""
        if self.base.size:
            apart = np.abs(self.prices - prices).max(axis=1)
            apart += np.abs(self.gains - gains).max(axis=1)
            if np.any(apart < SAME_CUT):
                return self
        return OpeningCuts(
            np.vstack([self.prices, prices]),
            np.append(self.base, base),
            np.vstack([self.gains, gains]),
            np.vstack([self.caps, caps]),
        )

    def __len__(self) -> int:
        return self.base.size


def no_opening_cuts(llms: int) -> OpeningCuts:
    """None yet."""
    none = np.zeros((0, llms))
    return OpeningCuts(none, np.zeros(0), none, none)


def opened_llms(replicas: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """(M,) how far LLMs are open, from their replicas (M,), not necessarily whole: at most 1, and
    at least their fractions (M,), as some prompts go there.
    """
    return np.asarray(np.maximum(np.minimum(replicas, 1.0), fractions))


def opening_loads(llms: int, llm: np.ndarray, rates: np.ndarray, demand: float) -> np.ndarray:
    """(M,) share of all requests that one replica of each LLM usually answers: at that load a cut
    reads what opening an LLM gains.

    llm, rates: (O,) the LLM and a highest rate of options, req/s; demand: arrival rate, req/s.
    """
    loads = np.zeros(llms)
    np.maximum.at(loads, llm.astype(int), rates)
    return np.asarray(np.minimum(USUAL_LOAD * loads / demand, 1.0))
