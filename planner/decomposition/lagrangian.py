"""One Lagrangian relaxation over all setups, where they are too many to enumerate. numpy only.

The master of `planner.decomposition.master` with replicas set free: rows "sum_k w_ok = n_o" are
replaced by the limits of a cluster, each row a valid limit with its own price pi >= 0,

    sum_o sum_k u_ro w_ok <= U_r

    per pool    compute (u = tp share) and memory (u = tp memory / room); GPUs for shards of more
                than half the compute, and for shards of more than half the memory (u = tp: no GPU
                holds two of them)
    per LLM     replicas within their limits
    over all    the utilisation floor

so that for any alpha, beta >= 0, pi >= 0

    quality <= g(alpha) + sum_s beta_s + sum_r pi_r U_r
               + sum_o N_o max(0, phi_o(alpha, beta) - sum_r pi_r u_ro),         N_o >= n_o

Every round adds the policies of the master's prices and of prices halfway to the best ones.
"""

import threading
from collections.abc import Callable

import numpy as np

from models.instance import Instance
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.simplex import Simplex

__all__ = ["POINTS", "LagrangianRelaxation", "RelaxationTooLargeError"]

POINTS = 60
"""Even steps of a spend table here; every option of the instance has its columns in one master."""
MOST_ENTRIES = 10_000_000
"""Of the master's matrix, which is dense: 80 MB, and the simplex method holds it three times."""
MOST_ROUNDS = 400
IN_OUT = 0.5
"""How far the second policy of a round lies from the best prices towards the master's."""
KEPT_PRICES = 20
"""Prices by which `bounds` judges setups."""

Report = Callable[[str, float | None, float | None, float], None]


class RelaxationTooLargeError(Exception):
    """The master has more entries than MOST_ENTRIES; the message says how many."""


class LagrangianRelaxation:
    """The master over all options: columns are points, slacks of the budgets and of the limits,
    then policies. RelaxationTooLargeError when it would not fit in memory.
    """

    def __init__(self, state: DecompositionState) -> None:
        self.state, instance = state, state.instance
        self.llms = tuple(range(len(instance.llms)))
        self.llm_of = np.array([o.llm for o in instance.options])
        self.usable = np.array([table.rates.size > 0 for table in state.tables])
        self.usage, self.limit = _lagrangian_limits(instance)
        self.most = _lagrangian_most_replicas(instance) * self.usable
        self.kept = np.flatnonzero(self.usable)
        self.option_of = np.repeat(self.kept, [state.tables[o].rates.size for o in self.kept])
        self.points = np.hstack([state.blocks[o] for o in self.kept])
        self.starts = np.concatenate([[0], np.flatnonzero(np.diff(self.option_of)) + 1])
        balance, budgets, limits = len(self.llms), len(state.slos), self.limit.size
        self.budget_rows = slice(balance, balance + budgets)
        self.limit_rows = slice(balance + budgets, balance + budgets + limits)
        self.mix_row = balance + budgets + limits
        bank = state.price_bank(self.llms)
        self.quality = bank.quality
        width = self.points.shape[1]
        self.first_policy = width + budgets + limits
        entries = (self.mix_row + 1) * (self.first_policy + self.quality.size)
        if entries > MOST_ENTRIES:
            raise RelaxationTooLargeError(
                f"their Lagrangian relaxation has {entries:,} entries, more than {MOST_ENTRIES:,}"
            )
        columns = np.zeros((self.mix_row + 1, self.first_policy + self.quality.size))
        columns[self.llm_of[self.option_of], np.arange(width)] = -self.points[0]
        columns[self.budget_rows, :width] = self.points[1:]
        columns[self.limit_rows, :width] = self.usage[:, self.option_of]
        columns[balance : self.mix_row, width : self.first_policy] = np.eye(budgets + limits)
        columns[:balance, self.first_policy :] = bank.fractions.T
        columns[self.mix_row, self.first_policy :] = 1.0
        rhs = np.concatenate([np.zeros(balance), np.ones(budgets), self.limit, [1.0]])
        slack = {balance + k: width + k for k in range(budgets + limits) if rhs[balance + k] >= 0}
        self.program = Simplex(columns, rhs, slack)
        self.prices: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.limit_prices = np.zeros(limits)

    def refuted(self) -> bool:
        """Whether the master's failure to be feasible proves that no setup is."""
        budgets = float(len(self.state.slos)) + float(np.abs(self.limit).sum())
        return self.program.refuted(1.0 + float(self.most.sum()) + budgets)

    def climb(
        self,
        tolerance: float,
        progress: Callable[[str, float | None, float | None, float], None] | None,
        cancel: threading.Event | None,
    ) -> tuple[float, bool]:
        """Raise the quality by policies until bound and master meet within the tolerance: bound,
        whether they met.
        """
        bound, best = np.inf, np.zeros(len(self.llms))
        for rounds in range(MOST_ROUNDS):
            cost = np.zeros(self.program.size)
            cost[self.first_policy :] = self.quality
            duals = self.program.maximise(cost)
            reached = float(cost @ self.program.point())
            alpha = duals[: len(self.llms)]
            # In-out (Ben-Ameur and Neto, 2007): the master's own prices swing while policies are
            # few; those halfway to the best ones give the better bounds.
            for trial in (IN_OUT * alpha + (1 - IN_OUT) * best, alpha) if rounds else (alpha,):
                policy = self.state.prompts.policy(self.llms, trial)
                here = policy.base + self._priced(trial, duals)
                if here < bound:
                    bound, best = here, trial
                    self.prices.append(
                        (trial, np.maximum(duals[self.budget_rows], 0.0), policy.base)
                    )
                    self.limit_prices = np.maximum(duals[self.limit_rows], 0.0)
                column = np.zeros(self.mix_row + 1)
                column[: len(self.llms)], column[self.mix_row] = policy.fractions, 1.0
                self.program.add(column)
                self.quality = np.append(self.quality, policy.quality)
            if progress is not None:
                progress("relaxing", None, bound, rounds / MOST_ROUNDS)
            if bound - reached <= tolerance:
                return bound, True
            if cancel is not None and cancel.is_set():
                return bound, False
        return bound, False

    def _priced(self, alpha: np.ndarray, duals: np.ndarray) -> float:
        """All of the bound but g."""
        beta, pi = np.maximum(duals[self.budget_rows], 0.0), np.maximum(duals[self.limit_rows], 0.0)
        beyond = np.maximum(self.phi(alpha, beta) - pi @ self.usage[:, self.kept], 0.0)
        return float(beta.sum() + pi @ self.limit + self.most[self.kept] @ beyond)

    def earnings(self) -> np.ndarray:
        """(O,) what one replica earns at the prices of the best bound."""
        alpha, beta = self.prices[-1][0], self.prices[-1][1]
        phi = np.full(self.llm_of.size, -np.inf)
        phi[self.kept] = self.phi(alpha, beta)
        return phi

    def bounds(self, counts: np.ndarray) -> np.ndarray:
        """(R,) bounds of setups with replicas (R, O) by the prices seen."""
        upper = np.full(len(counts), np.inf)
        for alpha, beta, base in self.prices[-KEPT_PRICES:]:
            upper = np.minimum(
                upper, base + beta.sum() + counts[:, self.kept] @ self.phi(alpha, beta)
            )
        return upper

    def phi(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """What one replica of every usable option earns at best: max over its points of alpha r /
        lambda - beta . b.
        """
        gain = alpha[self.llm_of[self.option_of]] * self.points[0] - beta @ self.points[1:]
        return np.maximum.reduceat(gain, self.starts)

    def replicas(self) -> np.ndarray:
        """(O,) fractional replicas of every option in the master's present point."""
        x = self.program.point()[: self.points.shape[1]]
        return np.bincount(self.option_of, weights=x, minlength=len(self.llm_of))


def _lagrangian_limits(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Usage (R, O) of one replica and limits (R,), all <=; rows that are >= have their sign
    turned.
    """
    options = instance.options
    tp = np.array([o.tp_degree for o in options], dtype=float)
    share = np.array([o.mps_share for o in options])
    memory = np.array([o.taken_memory(instance.room(o.pool)) for o in options])
    pool_of, llm_of = np.array([o.pool for o in options]), np.array([o.llm for o in options])
    rows: list[tuple[np.ndarray, float]] = []
    for p, pool in enumerate(instance.pools):
        here, room = (pool_of == p) * tp, instance.room(p)
        for part in (share, memory / room):
            rows += [(here * part, pool.gpus), (here * (part > 0.5 * (1 + 1e-9)), pool.gpus)]
    for i, llm in enumerate(instance.llms):
        own = (llm_of == i).astype(float)
        rows += [(own, llm.max_replicas)] if llm.max_replicas is not None else []
        rows += [(-own, -llm.min_replicas)] if llm.min_replicas else []
    if instance.min_utilization > 0:
        rows.append((-tp * share, -instance.min_utilization * instance.gpus * (1 - 1e-9)))
    return np.array([usage for usage, _ in rows]), np.array(
        [limit for _, limit in rows], dtype=float
    )


def _lagrangian_most_replicas(instance: Instance) -> np.ndarray:
    """(O,) no setup has more replicas of an option."""
    most = []
    for option in instance.options:
        pool, limit = instance.pools[option.pool], instance.llms[option.llm].max_replicas
        room = instance.room(option.pool)
        fit = np.floor(
            pool.gpus
            * min(1 / option.mps_share, room / option.taken_memory(room))
            / option.tp_degree
            * (1 + 1e-9)
        )
        most.append(fit if limit is None else min(fit, limit))
    return np.array(most)
