"""The restricted master of one setup: policies and operating points, priced. numpy only.

A setup fixes n_o. With policies c (fractions f_c, mean score Q_c), points k of every deployed
option (rate r_ok, spends b_sok) and

    max  sum_c theta_c Q_c
    s.t. sum_c theta_c f_ci = sum_{o of i} sum_k w_ok r_ok / lambda    dual alpha_i   LLMs answer
                                                                                      what they get
         sum_o sum_k w_ok b_sok <= t,  t <= 1                          dual beta_s    shared SLOs
         sum_k w_ok = n_o                                              dual phi_o     replicas
         sum_c theta_c = 1,  theta, w >= 0                             dual g

a new policy is that of the prices alpha (one look at all prompts), and no point is missing: this is
Dantzig-Wolfe decomposition with the prompts as the pricing problem. t is minimised first: that is
the routing with most headroom, or the proof that there is none. Weak duality gives, for **any**
alpha and any beta >= 0, wherever they come from,

    quality <= g(alpha) + sum_s beta_s + sum_o n_o phi_o(alpha, beta)
    phi_o   =  max_k [alpha_i r_ok / lambda - sum_s beta_s b_sok]

and that is the bound, computed apart from the master. The value is that of the mix theta at rates
sum_k w_ok r_ok on the raw curves, mixed with the routing of most headroom until every SLO is kept.
On convex curves both meet.
"""

from collections.abc import Sequence

import numpy as np

from planner.decomposition.price_bank import DecompositionState, Prices
from planner.decomposition.simplex import Simplex
from planner.decomposition.spend_tables import admissible_spend, spends_at

__all__ = ["KEPT", "Deployed", "Master", "Mix", "Ranges"]

MOST_ROUNDS = 200
"""Policies added to one master."""
KEPT = 1e-9
"""Relative: an SLO exceeded by no more than this is kept (the verifier forgives a hundred times as
much).
"""
TRIMS = 3
"""How often a master is solved again with smaller budgets."""

Deployed = Sequence[tuple[int, int]]
"""(option, replicas) of every option in the setup."""
Mix = tuple[np.ndarray, np.ndarray, float]
"""Rates (D,), fractions (I,), quality of a mix of policies and points."""
Ranges = tuple[tuple[int, int], ...]
"""First and last point of every deployed option that may be used."""


def blend(one: Mix, other: Mix, part: float) -> Mix:
    """The mix of two mixes, `part` of the other."""
    rates, shares = ((1 - part) * a + part * b for a, b in zip(one[:2], other[:2], strict=True))
    return rates, shares, (1 - part) * one[2] + part * other[2]


class Master:
    """The restricted master of one node: columns are points, t, its two slacks, slacks of the
    budgets, then policies.
    """

    def __init__(
        self, state: DecompositionState, llms: tuple[int, ...], deployed: Deployed, ranges: Ranges
    ) -> None:
        self.state, self.llms, self.deployed, self.ranges = state, llms, deployed, ranges
        self.bank = state.price_bank(llms)
        self.replicas = np.array([n for _, n in deployed], dtype=float)
        self.llm_of = np.array([llms.index(state.instance.options[o].llm) for o, _ in deployed])
        blocks = [
            state.blocks[o][:, low : high + 1]
            for (o, _), (low, high) in zip(deployed, ranges, strict=True)
        ]
        self.ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
        self.points = np.hstack(blocks)
        balance, budgets, options = len(llms), len(state.slos), len(deployed)
        self.budget_rows = slice(balance, balance + budgets)
        self.cap_row = balance + budgets
        first_option = self.cap_row + 1
        self.mix_row = first_option + options
        self.t = self.points.shape[1]
        self.first_policy = self.t + 3 + budgets
        columns = np.zeros((self.mix_row + 1, self.first_policy + self.bank.quality.size))
        for d in range(options):
            part = slice(self.ends[d], self.ends[d + 1])
            columns[self.llm_of[d], part] = -self.points[0, part]
            columns[first_option + d, part] = 1.0
        columns[self.budget_rows, : self.t] = self.points[1:]
        columns[self.budget_rows, self.t] = -1.0
        columns[self.cap_row, self.t : self.t + 3] = (1.0, 1.0, -1.0)
        columns[self.budget_rows, self.t + 3 : self.first_policy] = np.eye(budgets)
        columns[:balance, self.first_policy :] = self.bank.fractions.T
        columns[self.mix_row, self.first_policy :] = 1.0
        rhs = np.concatenate([np.zeros(balance + budgets), [1.0], self.replicas, [1.0]])
        start = {self.cap_row: self.t + 1} | {balance + s: self.t + 3 + s for s in range(budgets)}
        self.program = Simplex(columns, rhs, start)
        self.quality = self.bank.quality
        self.duals = np.zeros(self.mix_row + 1)
        self.roomy: tuple[np.ndarray, np.ndarray] | None = None
        self.cap = 1.0

    def most_headroom(self) -> Mix | None:
        """Rates (D,), fractions (I,) and quality of the routing with the smallest t; None when
        there is none with t <= 1.
        """
        if not self.program.feasible():
            return None
        # Least use of the fullest budget first: it ends either in a point to climb from, which also
        # serves to repair mixes that exceed a raw curve, or in prices that refute the setup.
        if self.state.slos:
            cost = np.zeros(self.program.size)
            cost[self.t] = -1.0
            self.duals = self.program.maximise(cost)
            if self.program.point()[self.t] > 1.0 + KEPT:
                return None
        self.program.barred[self.t + 2] = True
        self.roomy = self.program.state()
        return self._mix()

    def refutation(self) -> Prices:
        """The prices at the routing of most headroom."""
        alpha, beta = self.duals[: len(self.llms)], np.maximum(self.duals[self.budget_rows], 0.0)
        beta = beta / max(float(beta.sum()), 1.0)
        return Prices(alpha, beta, float(alpha.min()), refutes=True)

    def fullest(self, prices: Prices) -> float:
        """Least use of the fullest shared budget over all routings."""
        return prices.base - self._earned(prices.alpha, prices.beta)

    def climb(self, tolerance: float, target: float) -> tuple[float, Prices]:
        """Raise the quality, a policy at a time, until bound - value <= tolerance / 4 or bound <=
        target; the bound and its prices.
        """
        bound, best = np.inf, None
        for _ in range(MOST_ROUNDS):
            cost = np.zeros(self.program.size)
            cost[self.first_policy :] = self.quality
            duals = self.program.maximise(cost)
            reached = float(cost @ self.program.point())
            # The pricing problem: the best policy for these duals is one look at all prompts. The
            # same look gives g, hence the bound (Lagrangian, as in Dantzig-Wolfe).
            alpha = duals[: len(self.llms)]
            beta = np.maximum(duals[self.budget_rows], 0.0)
            policy = self.state.prompts.policy(self.llms, alpha)
            here = policy.base + float(beta.sum()) + self._earned(alpha, beta)
            if here < bound:
                bound, best = here, Prices(alpha, beta, policy.base)
            if bound - reached <= tolerance / 4 or bound <= target:
                break
            self.bank.add(policy)
            column = np.zeros(self.mix_row + 1)
            column[: len(self.llms)], column[self.mix_row] = policy.fractions, 1.0
            self.program.add(column)
            self.quality = np.append(self.quality, policy.quality)
        assert best is not None  # noqa: S101 - there is at least one round
        return bound, best

    def _earned(self, alpha: np.ndarray, beta: np.ndarray) -> float:
        """sum_o n_o phi_o within the ranges."""
        gain = -beta @ self.points[1:]
        for d, llm in enumerate(self.llm_of):
            gain[self.ends[d] : self.ends[d + 1]] += (
                alpha[llm] * self.points[0, self.ends[d] : self.ends[d + 1]]
            )
        return float(self.replicas @ np.maximum.reduceat(gain, self.ends[:-1]))

    def _mix(self) -> Mix:
        """Rates (D,), fractions (I,), quality of the master's present point."""
        x = self.program.point()
        theta = x[self.first_policy :]
        theta = theta / theta.sum()
        policies = self.program.columns[: len(self.llms), self.first_policy :]
        shares = policies @ theta
        rates = (
            np.add.reduceat(self.points[0] * x[: self.t], self.ends[:-1])
            if self.t
            else np.zeros(len(self.deployed))
        )
        carried = np.bincount(self.llm_of, weights=rates, minlength=len(self.llms))
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(carried > 0, shares / carried, 0.0)
        return (
            rates * scale[self.llm_of] * self.state.instance.arrival_rate,
            shares,
            float(self.quality @ theta),
        )

    def settle(self, most_headroom: Mix, tolerance: float) -> tuple[Mix, np.ndarray | None]:
        """The best mix on the raw curves and its spends (None: some SLO is not kept).

        Where the present mix exceeds an SLO, the routing of most headroom is mixed in, no more than
        needed; where that costs more than a quarter of the tolerance, the master is solved again
        with the excess taken off its budgets.
        """
        mix = self._mix()
        spends = self._raw(mix[0])
        kept, spent = self._towards(mix, spends, most_headroom)
        for _ in range(TRIMS):
            excess = float(np.max(spends, initial=0.0)) - 1.0
            lost = np.inf if spent is None else mix[2] - kept[2]
            if excess <= KEPT or not np.isfinite(excess) or lost <= tolerance / 4:
                break
            # Half as much again: the trimmed mix moves to another cell of the table, whose chord
            # lies a little differently.
            if not self._trim(1.5 * excess):
                break
            trimmed = self._mix()
            spends = self._raw(trimmed[0])
            other, other_spent = self._towards(trimmed, spends, most_headroom)
            if other_spent is not None and (spent is None or other[2] > kept[2]):
                kept, spent = other, other_spent
        return kept, spent

    def _trim(self, part: float) -> bool:
        """Solve the master again with `part` less of every budget; False where there is no such
        routing.
        """
        self.cap -= part
        rhs = self.program.rhs.copy()
        rhs[self.cap_row] = self.cap
        if self.roomy is None or not self.program.restart(self.roomy, rhs):
            return False
        cost = np.zeros(self.program.size)
        cost[self.first_policy :] = self.quality
        self.program.maximise(cost)
        return True

    def _towards(
        self, mix: Mix, spends: np.ndarray, most_headroom: Mix
    ) -> tuple[Mix, np.ndarray | None]:
        """The mix, with as little of the routing of most headroom as keeps every SLO; None where
        that routing does not keep them either.
        """
        if self._kept(spends):
            return mix, spends
        roomy = self._raw(most_headroom[0])
        if not self._kept(roomy):
            return mix, None
        over, room = float(np.max(spends, initial=0.0)), float(np.max(roomy, initial=0.0))
        kept, spent = most_headroom, roomy
        least, most = 0.0, 1.0
        part = (over - 1.0) / (over - room) * (1 + 1e-9) if np.isfinite(over) else 0.5
        # Spends are nearly linear in the part between two mixes: begin at the secant, then bisect.
        for _ in range(40):
            trial = blend(mix, most_headroom, part)
            spends = self._raw(trial[0])
            if self._kept(spends):
                most, kept, spent = part, trial, spends
            else:
                least = part
            if (most - least) * abs(mix[2] - most_headroom[2]) <= 1e-7 * self.state.prompts.span:
                break
            part = (least + most) / 2
        return kept, spent

    @staticmethod
    def _kept(spends: np.ndarray) -> bool:
        return bool(np.all(spends <= 1.0 + KEPT))

    def above(self) -> tuple[np.ndarray, np.ndarray]:
        """By how much each deployed option (D,) spends more on its raw curve than its mixed points
        do, and its rate (D,).
        """
        rates, x = self._mix()[0], self.program.point()
        gaps = np.zeros(len(self.deployed))
        for d in range(gaps.size):
            part = slice(self.ends[d], self.ends[d + 1])
            spent = self._spent(d, rates[d])
            gaps[d] = float(np.max(spent[:-1] - self.points[1:, part] @ x[part], initial=spent[-1]))
        return gaps, rates

    def _raw(self, rates: np.ndarray) -> np.ndarray:
        """Spends (S,) at the rates (D,) on the raw curves, and one entry more: 0, or inf where a
        rate is not admissible.
        """
        return sum(
            (self._spent(d, rate) for d, rate in enumerate(rates)),
            np.zeros(len(self.state.slos) + 1),
        )

    def _spent(self, d: int, rate: float) -> np.ndarray:
        """The same of all replicas of one deployed option."""
        instance, (option, replicas) = self.state.instance, self.deployed[d]
        curve = instance.options[option].curve
        each = rate / replicas
        if curve.max_rate < each <= curve.max_rate * (1 + KEPT):
            each = curve.max_rate
        spent = replicas * spends_at(curve, self.state.slos, instance.arrival_rate, each)
        return np.append(spent, 0.0 if admissible_spend(curve, instance.slos, each) else np.inf)
