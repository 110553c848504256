"""What the decomposition knows of an instance and learns of it: spend tables, policies, prices.
numpy only.

A *bank* belongs to a set of deployed LLMs, regardless of the setup: policies seen, as rows of
(fractions, mean score), and prices that bound every setup which deploys just these LLMs. Nothing in
it depends on the setup it was learnt from: the next one starts where the last ended.
"""

from dataclasses import dataclass, field

import numpy as np

from models.instance import Instance
from planner.decomposition.policies import Policy, Prompts
from planner.decomposition.spend_tables import SpendTable, shared_slos, spend_table

__all__ = ["DecompositionState", "PriceBank", "Prices"]

POINTS = 200
"""Even steps of a spend table."""
MOST_POLICIES = 300
"""Policies a bank keeps; a full one drops those that were used least."""


@dataclass(frozen=True)
class Prices:
    """alpha: (I,) per request; beta: (S,) per whole budget: what holds for every setup that deploys
    just these LLMs.

    base = g(alpha): quality <= base + sum_s beta_s + sum_o n_o phi_o. base = min_i alpha_i and
    sum_s beta_s <= 1 (`refutes`): the fullest shared budget is used to at least base - sum_o n_o
    phi_o, so a setup for which that exceeds 1 has no routing at all.
    """

    alpha: np.ndarray
    beta: np.ndarray
    base: float
    refutes: bool = False


@dataclass
class PriceBank:
    """What is known about a set of deployed LLMs, regardless of the setup: policies as rows of
    (fractions, quality), and good prices.
    """

    llms: tuple[int, ...]
    fractions: np.ndarray
    quality: np.ndarray
    used: np.ndarray
    prices: list[Prices] = field(default_factory=list)

    def add(self, policy: Policy) -> None:
        """Keep a policy; the first rows (all prompts to one LLM) stay forever."""
        if self.quality.size >= MOST_POLICIES:
            first = len(self.llms)
            # The least used go; halving the counts lets old favourites fade.
            order = np.argsort(-self.used[first:], kind="stable")[: MOST_POLICIES // 2] + first
            keep = np.concatenate([np.arange(first), np.sort(order)])
            self.fractions, self.quality, self.used = (
                self.fractions[keep],
                self.quality[keep],
                self.used[keep],
            )
            self.used //= 2
        self.fractions = np.vstack([self.fractions, policy.fractions])
        self.quality = np.append(self.quality, policy.quality)
        self.used = np.append(self.used, 1)


class DecompositionState:
    """The prompts and spend tables of one instance, and its banks by deployed LLMs."""

    def __init__(
        self, instance: Instance, prompts: Prompts | None = None, points: int = POINTS
    ) -> None:
        self.instance = instance
        self.prompts = prompts or Prompts(instance.scores)
        self.slos = shared_slos(instance)
        self.tables: list[SpendTable] = [
            spend_table(o.curve, instance.slos, instance.arrival_rate, points)
            for o in instance.options
        ]
        self.blocks = [np.vstack([t.rates / instance.arrival_rate, t.lower]) for t in self.tables]
        self.banks: dict[tuple[int, ...], PriceBank] = {}
        self.pivots = 0

    def price_bank(self, llms: tuple[int, ...]) -> PriceBank:
        """The bank of a set of LLMs; a new one knows one policy per LLM."""
        if llms not in self.banks:
            self.banks[llms] = PriceBank(
                llms,
                np.eye(len(llms)),
                self.prompts.means[list(llms)],
                np.ones(len(llms), dtype=int),
            )
        return self.banks[llms]
