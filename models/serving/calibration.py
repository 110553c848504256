"""Fitting the step time to measured points, by simulating the harness that measured them.

A point p is one measurement: `users` in closed loop (all begin at once, as load generators do) or a
rate in open loop, lengths, mean TTFT and TPOT. Sought are factors theta, one for each of
`models.serving.step_time.FACTORS`:

    minimise  sum_p  l(ln(TPOT_p(theta) / measured) / .05) + .35 l(ln(TTFT_p(theta) / measured) /
                     .08)  +  sum_k (ln theta_k / PRIOR_k)^2
    l(r) = 2 (sqrt(1 + r^2) - 1)
    soft L1: outliers pull less

Schedules are frozen between rounds: point p is simulated at the theta of the round before, and its
events e (m_e steps, n_e decodes, ...) are kept. While the schedule is unchanged, both latencies
are sums over the events, with weights counted in the simulation:

    TTFT_p(theta) = front_end(theta) + sum_e waiting_e duration_e(theta)    waiting_e: requests that
    wait for a first token, over all
    TPOT_p(theta) = sum_e decoding_e duration_e(theta)                      decoding_e: requests in
    decode, each over its gaps, over all

A round goes from one theta towards the minimum of its frozen objective, as far as the simulated
objective falls (whole, half, a quarter of the way), and changes the front end, which decides who
meets in a step, by a factor of four at most; it is the last when little is won. The undocumented
settings of a harness determine TTFT (how long the start burst keeps its waves): scheduler, jitter
of the lengths and requests of a user are picked from `Harness`es by the same objective, on the
usable points: all by two rounds on a few points, the best of them by two more on more points.
Points that must not teach (`teaches_calibration`): more than 80 % of the cache needed, an
arithmetic above 75 % of the peak (prefix caching), or more than 8,000 output tokens per second
(the front end, which is not modelled, tops out).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from models.serving.batching import (
    BatchedRequests,
    BatchExtras,
    Limits,
    serve_batches,
    serve_batches_closed,
)
from models.serving.frozen_schedule import FrozenSchedule, freeze_schedule
from models.serving.step_time import FACTORS, PRIOR, StepTime
from models.serving.workload import Lengths, draw_workload_lengths, uniform, workload_unit_arrivals

__all__ = [
    "CalibrationPoint",
    "Fit",
    "Harness",
    "StoppedError",
    "calibration_harnesses",
    "fit_calibration",
    "predict_for_calibration",
    "teaches_calibration",
]

TPOT_SIGMA, TTFT_SIGMA, TTFT_WEIGHT = 0.05, 0.08, 0.35
FULL_CACHE = 0.8
ABSURD_EFFICIENCY = 0.75
FULL_FRONT_END = 8000.0
"""Output tokens per second: front ends were seen to top out at 9,000."""
ROUNDS, PICKING_ROUNDS, OPEN_ROUNDS = 4, 2, 8
STEPS = (1.0, 0.5, 0.25)
LITTLE = 0.98
"""A round that leaves more of the objective than this was the last."""
FAR = np.where(np.array(FACTORS) == "front_end", np.log(4), np.inf)
SCREENING_POINTS, PICKING_POINTS, LIKELY = 12, 24, 4
"""Evenly spread points that select the likely harnesses; points of the final choice, among this
many likely harnesses.
"""
OPEN_REQUESTS = 2000


class StoppedError(Exception):
    """A fit was stopped."""


@dataclass(frozen=True)
class Harness:
    """How a measurement was taken.

    low: fixed lengths are uniform on [low * tokens, tokens]; waves: requests of a user (closed
    loop).

    waits: users that find no free slot, the server being configured for the others (closed loop).
    """

    scheduler: str = "chunked"
    low: float = 1.0
    waits: int = 0
    waves: int = 10


@dataclass(frozen=True, kw_only=True)
class CalibrationPoint:
    """One measurement.

    step: with all factors 1; users: closed loop (0: open loop at `rate`, req/s); ttft, tpot: s, NaN
    where not measured.

    compute_efficiency: the share of the peak that step.compute assumes, to judge what a measurement
    implies. cv: of open-loop gaps; cached_share: of every prompt, in the prefix cache.
    """

    step: StepTime
    limits: Limits
    lengths: Lengths
    users: int
    rate: float
    ttft: float
    tpot: float
    cv: float = 1.0
    compute_efficiency: float = 0.57
    cached_share: float = 0.0


@dataclass(frozen=True)
class Fit:
    """factors: (9,) in the order of FACTORS; harness: the one picked; points: how many were used;
    loss: what was minimised.
    """

    factors: np.ndarray
    harness: Harness
    points: int
    loss: float


def calibration_harnesses(schedulers: Sequence[str]) -> tuple[Harness, ...]:
    """Every combination of the schedulers and what is seen of load generators, the likeliest
    first.
    """
    return tuple(Harness(*one) for one in product(schedulers, (1.0, 0.98, 0.95, 0.8), (0, 1)))


def predict_for_calibration(
    point: CalibrationPoint, factors: Sequence[float] | np.ndarray, harness: Harness
) -> tuple[float, float]:
    """Mean TTFT and TPOT of a point, s."""
    outputs, served = _simulate_for_calibration(point, factors, harness, events=False)
    gaps = served.tpot(outputs)
    return float(served.ttft.mean()), (
        float(np.nanmean(gaps)) if (outputs > 1).any() else float("nan")
    )


def teaches_calibration(point: CalibrationPoint) -> bool:
    """Whether the fit may learn from a point: the cache was not short, and no more was computed
    than a GPU can.
    """
    whole = point.lengths.input_tokens + point.lengths.output_tokens
    if (
        point.users * float(point.step.seen(np.array(whole))) > FULL_CACHE * point.limits.kv_tokens
        or point.users > point.limits.sequences
    ):
        return False
    if not point.users or not (point.ttft > 0 and point.tpot > 0):
        return True
    rate = point.users / (point.ttft + point.tpot * (point.lengths.output_tokens - 1))
    computed = whole - point.cached_share * point.lengths.input_tokens
    possible = rate * computed * point.step.compute * point.compute_efficiency <= ABSURD_EFFICIENCY
    return possible and rate * point.lengths.output_tokens <= FULL_FRONT_END


def fit_calibration(
    points: Sequence[CalibrationPoint],
    choices: Sequence[Harness],
    stop: Callable[[], bool] = lambda: False,
) -> Fit:
    """Factors from points, at the best of the harnesses.

    All factors 1 and the first harness when no point is usable.

    stop: called now and then; when it says so, StoppedError is raised.
    """
    kept = [point for point in points if teaches_calibration(point)]
    if not kept:
        return Fit(np.ones(len(FACTORS)), choices[0], 0, 0.0)
    best = Fit(np.ones(len(FACTORS)), choices[0], 0, 0.0)
    if len(choices) > 1:
        tried = [replace(best, harness=harness) for harness in choices]
        for count, left in ((SCREENING_POINTS, LIKELY), (PICKING_POINTS, 1)):
            few = [
                kept[k] for k in sorted({round(k) for k in np.linspace(0, len(kept) - 1, count)})
            ]
            candidates = [
                _fitted_calibration(few, one.harness, PICKING_ROUNDS, stop, one.factors)
                for one in tried
            ]
            tried = sorted(candidates, key=lambda one: one.loss)[:left]
        best = tried[0]
    rounds = OPEN_ROUNDS if any(not point.users for point in kept) else ROUNDS
    return _fitted_calibration(kept, best.harness, rounds, stop, best.factors)


def _fitted_calibration(
    points: Sequence[CalibrationPoint],
    harness: Harness,
    rounds: int,
    stop: Callable[[], bool],
    begin: np.ndarray,
) -> Fit:
    """Factors by at most so many rounds from those to begin with."""
    logs = np.log(begin)
    goal = _goal(points, harness, logs)
    loss = goal.loss(logs)
    for _ in range(rounds):
        bounds = (logs - FAR, logs + FAR)
        aim = np.asarray(
            least_squares(
                goal.residuals, logs, goal.jacobian, bounds, max_nfev=40, xtol=1e-6, ftol=1e-6
            ).x
        )
        before = loss
        for share in STEPS:
            if stop():
                raise StoppedError
            there = logs + share * (aim - logs)
            tried = _goal(points, harness, there)
            if tried.loss(there) < loss:
                goal, logs, loss = tried, there, tried.loss(there)
                break
        if loss > LITTLE * before:
            break
    return Fit(np.exp(logs), harness, len(points), loss)


def _goal(
    points: Sequence[CalibrationPoint], harness: Harness, logs: np.ndarray
) -> "_CalibrationGoal":
    simulated = [
        _simulate_for_calibration(point, np.exp(logs), harness, events=True) for point in points
    ]
    measured = np.log(np.array([[point.tpot, point.ttft] for point in points]))
    return _CalibrationGoal(
        freeze_schedule([point.step for point in points], np.exp(logs), simulated), measured
    )


class _CalibrationGoal:
    """Residuals whose squares add up to the objective, and their derivatives, in the logarithms of
    the factors.
    """

    def __init__(self, frozen: FrozenSchedule, measured: np.ndarray) -> None:
        self.frozen = frozen
        self.known = np.isfinite(measured)
        self.measured = np.where(self.known, measured, 0.0)
        self.sigma = np.array([PRIOR[name] for name in FACTORS])
        self.scale = np.array([1 / TPOT_SIGMA, 1 / TTFT_SIGMA])
        self.weight = np.array([1.0, np.sqrt(TTFT_WEIGHT)])

    def residuals(self, logs: np.ndarray) -> np.ndarray:
        """(2 P + 9,)."""
        soft, _ = _soft_calibration_loss(self._off(logs))
        return np.concatenate([(self.weight * soft).ravel(), logs / self.sigma])

    def loss(self, logs: np.ndarray) -> float:
        """What is minimised."""
        return float((self.residuals(logs) ** 2).sum())

    def jacobian(self, logs: np.ndarray) -> np.ndarray:
        """(2 P + 9, 9)."""
        _, slope = _soft_calibration_loss(self._off(logs))
        relative = (
            self.frozen.sensitivities(np.exp(logs))
            / self.frozen.latencies(np.exp(logs))[:, :, None]
        )
        rows = (self.weight * slope * self.scale * self.known)[:, :, None] * relative
        return np.concatenate([rows.reshape(-1, len(FACTORS)), np.diag(1 / self.sigma)])

    def _off(self, logs: np.ndarray) -> np.ndarray:
        return np.where(
            self.known,
            self.scale * (np.log(self.frozen.latencies(np.exp(logs))) - self.measured),
            0.0,
        )


def _soft_calibration_loss(off: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Residual whose square is the soft-L1 loss, and its derivative."""
    root = np.sqrt(1 + off**2)
    soft = np.sign(off) * np.sqrt(2 * off**2 / (root + 1))
    return soft, np.divide(off, root * soft, out=np.ones_like(off), where=np.abs(soft) > 1e-6)


def _simulate_for_calibration(
    point: CalibrationPoint,
    factors: Sequence[float] | np.ndarray,
    harness: Harness,
    *,
    events: bool = False,
) -> tuple[np.ndarray, BatchedRequests]:
    """Output tokens and times of the point's harness at these factors; the same draw every time."""
    random = np.random.RandomState(0)
    step, lengths = point.step.scaled(factors), point.lengths
    if lengths.kind == "fixed" and harness.low < 1:
        lengths = uniform(int(lengths.input_tokens), int(lengths.output_tokens), harness.low)
    slots = (
        min(point.limits.sequences, max(point.users - harness.waits, 1))
        if point.users
        else point.limits.sequences
    )
    limits = replace(point.limits, sequences=slots)
    requests = max(harness.waves * point.users, 20) if point.users else OPEN_REQUESTS
    prompts, outputs = draw_workload_lengths(lengths, requests, random)
    cached = np.floor(point.cached_share * prompts).astype(int) if point.cached_share else None
    extras = BatchExtras(cached_tokens=cached, events=events)
    if point.users:
        return outputs, serve_batches_closed(
            step, point.users, prompts, outputs, limits, harness.scheduler, extras
        )
    arrivals = workload_unit_arrivals(requests, point.cv, random) / point.rate
    return outputs, serve_batches(
        step, arrivals, prompts, outputs, limits, harness.scheduler, extras
    )
