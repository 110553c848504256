"""What routing fractions do to the replicas of a setup: rates, latencies, and whether limits are
kept, with the prompts' own uncertainty.

rate of option o        x_o = lambda f_i split_o,   split_o as the prices were computed for
limits                  every SLO (ms), and the fullest replica's rate against the highest that was
                        profiled (100 %): beyond that no latency is known, and none is given
interval                fractions over RESAMPLES bootstrap samples of the prompts -> 2.5 % and 97.5
                        % of what they achieve
verdict                 misses when these prompts and the whole interval are above the limit, holds
                        when the whole interval keeps it, else uncertain. Where several limits are
                        used up, any difference breaks one: the interval may lie above
                        the value of these very prompts
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planner.operation.fixed_setup import FixedSetup
from planner.operation.verdicts import SloVerdict
from planner.plans.labels import slo_label
from planner.plans.latencies import OperatingPoint, achieved_latency
from planner.plans.schema import SolvedContent

__all__ = [
    "FULLEST",
    "LIMIT_NOISE",
    "LimitCheck",
    "LimitsAtLoads",
    "ReplicaLoads",
    "judge_limits_at_loads",
]

RESAMPLES = 400
LIMIT_NOISE = 1e-7
"""Relative: what the verifier forgives."""

FULLEST = "fullest replica"


@dataclass(frozen=True, kw_only=True)
class LimitCheck:
    """An SLO (ms) or the fullest replica (% of its highest profiled rate); inf = beyond what was
    profiled.

    low, high: 95 % interval.
    """

    name: str
    unit: str
    limit: float
    planned: float
    achieved: float
    low: float
    high: float
    verdict: SloVerdict


class LimitsAtLoads(Protocol):
    """Fractions -> what limits achieve. names, units ("ms" or "%"), limits: (S,) of the limits, the
    last one the fullest replica's.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    limits: np.ndarray

    def achieved(self, fractions: np.ndarray) -> np.ndarray:
        """(S,) in the units; inf where it is not known."""

    def kept(self, achieved: np.ndarray) -> np.ndarray:
        """Which limits (S,) are kept."""


class ReplicaLoads:
    """Fractions (M,) -> rates and latencies of a setup, whose options share an LLM's requests as in
    `content` (keys of plan.json).
    """

    def __init__(self, setup: FixedSetup, content: SolvedContent) -> None:
        self.instance, self.replicas = setup.instance, setup.replicas
        self.llm_of = np.array([option.llm for option in setup.instance.options])
        self.highest = np.array([option.curve.max_rate for option in setup.instance.options])
        rates = np.array([entry["rate_rps"] for entry in content["options"]])
        able = self.replicas * self.highest
        llms = len(setup.instance.llms)
        routed = np.bincount(self.llm_of, rates, llms)[self.llm_of]
        self.split = np.where(
            routed > 0,
            rates / np.where(routed > 0, routed, 1.0),
            able / np.bincount(self.llm_of, able, llms)[self.llm_of],
        )
        self.names = (
            *(slo_label(s.metric, s.statistic, s.scope) for s in setup.instance.slos),
            FULLEST,
        )
        self.units = (*("ms" for _ in setup.instance.slos), "%")
        self.limits = np.array([*(1000.0 * slo.limit for slo in setup.instance.slos), 100.0])

    def achieved(self, fractions: np.ndarray) -> np.ndarray:
        """(S + 1,) ms of every SLO (inf beyond the profiled rates), and the fullest replica in % of
        its highest profiled rate.
        """
        rates = self.instance.arrival_rate * fractions[self.llm_of] * self.split
        each = rates / self.replicas
        fullest = float((each / self.highest).max())
        latencies = np.full(len(self.instance.slos), np.inf)
        undeployed = np.delete(fractions, np.unique(self.llm_of)).sum()
        if fullest <= 1.0 + LIMIT_NOISE and undeployed <= LIMIT_NOISE:
            options = zip(self.instance.options, rates.tolist(), each.tolist(), strict=True)
            running = [OperatingPoint(option.curve, rate, own) for option, rate, own in options]
            achieved = [achieved_latency(running, slo) for slo in self.instance.slos]
            latencies = np.array(
                [np.inf if latency is None else 1000.0 * latency for latency in achieved]
            )
        return np.append(latencies, np.inf if undeployed > LIMIT_NOISE else 100.0 * fullest)

    def kept(self, achieved: np.ndarray) -> np.ndarray:
        """Which limits (S + 1,) are kept."""
        return np.asarray(achieved <= self.limits * (1 + LIMIT_NOISE))


def judge_limits_at_loads(
    loads: LimitsAtLoads,
    planned: np.ndarray,
    shares: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> tuple[tuple[LimitCheck, ...], np.ndarray]:
    """Judge every limit at the fractions of `shares` (M, N); and the 95 % interval (M, 2) of the
    fractions.

    planned: (M,) for comparison.

    Prompts of weight 0 are no prompts.
    """
    used = weights > 0
    shares, weights = np.ascontiguousarray(shares[:, used]), weights[used]
    fractions = np.empty((RESAMPLES, shares.shape[0]))
    for k in range(RESAMPLES):
        drawn = weights * np.bincount(
            rng.integers(weights.size, size=weights.size), minlength=weights.size
        )
        fractions[k] = shares @ drawn / drawn.sum()
    here, before = loads.achieved(shares @ weights), loads.achieved(planned)
    achieved = np.array([loads.achieved(one) for one in fractions])
    low = np.quantile(achieved, 0.025, axis=0, method="lower")
    high = np.quantile(achieved, 0.975, axis=0, method="higher")
    good, bad = loads.kept(high), ~loads.kept(low) & ~loads.kept(here)
    limits = []
    for k, name in enumerate(loads.names):
        verdict = SloVerdict.UNCERTAIN
        if good[k] or bad[k]:
            verdict = SloVerdict.HOLDS if good[k] else SloVerdict.MISSES
        limits.append(
            LimitCheck(
                name=name,
                unit=loads.units[k],
                limit=float(loads.limits[k]),
                planned=float(before[k]),
                achieved=float(here[k]),
                low=float(low[k]),
                high=float(high[k]),
                verdict=verdict,
            )
        )
    return tuple(limits), np.quantile(fractions, (0.025, 0.975), axis=0).T
