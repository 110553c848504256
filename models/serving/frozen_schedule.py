"""Latencies of simulated points as sums over their events, as long as the schedule is unchanged
(`models.serving.calibration`).

duration_e(theta) = m max(theta_1 compute t, theta_2 weights(t)) + theta_3 kv (m C + (1-w) n m
(m-1)/2) + theta_4 attention A
                    + m (theta_5 link t + theta_6 latency + theta_7 fixed + theta_8 sequence (n +
                    q))
waiting_e  = average number of requests, during e, between the queue and the first token, over the
           number of requests
decoding_e = average number of requests, during e, between first and last token, each divided by its
gaps, over the number of them
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.serving.batching import BatchedRequests
from models.serving.step_time import FACTORS, StepTime

__all__ = ["FrozenSchedule", "freeze_schedule"]

COMPUTE, WEIGHTS, FRONT_END = (FACTORS.index(name) for name in ("compute", "weights", "front_end"))


@dataclass(frozen=True)
class FrozenSchedule:
    """Events of P points behind each other.

    start: (P,) first event of each; weights: (E, 2) decoding and waiting; front_end: (P,) s.

    parts: (E, 9) seconds by factor, compute and weights as if each were alone.
    """

    start: np.ndarray
    weights: np.ndarray
    parts: np.ndarray
    front_end: np.ndarray

    def latencies(self, factors: np.ndarray) -> np.ndarray:
        """(P, 2) TPOT and TTFT, s."""
        by = self.parts @ _frozen_without_pair(factors)
        by += np.maximum(
            self.parts[:, COMPUTE] * factors[COMPUTE], self.parts[:, WEIGHTS] * factors[WEIGHTS]
        )
        sums = np.add.reduceat(self.weights * by[:, None], self.start, axis=0)
        sums[:, 1] += self.front_end * factors[FRONT_END]
        return np.maximum(sums, 1e-9)

    def sensitivities(self, factors: np.ndarray) -> np.ndarray:
        """(P, 2, 9) derivatives of the latencies in the logarithms of the factors, s."""
        by = self.parts * factors
        of_compute = by[:, COMPUTE] >= by[:, WEIGHTS]
        by[~of_compute, COMPUTE] = 0.0
        by[of_compute, WEIGHTS] = 0.0
        sums = np.stack(
            [np.add.reduceat(self.weights[:, [k]] * by, self.start, axis=0) for k in (0, 1)], axis=1
        )
        sums[:, 1, FRONT_END] += self.front_end * factors[FRONT_END]
        return sums


def freeze_schedule(
    steps: Sequence[StepTime],
    factors: np.ndarray,
    simulated: Sequence[tuple[np.ndarray, BatchedRequests]],
) -> FrozenSchedule:
    """Count the events of points: step times with factors 1, the factors of the simulation, output
    tokens and times of each.
    """
    weights, parts, starts, at = [], [], [], 0
    for step, (outputs, served) in zip(steps, simulated, strict=True):
        assert served.events is not None  # noqa: S101 - simulated with events
        mine = _frozen_parts(step, served.events)
        lasted = mine @ _frozen_without_pair(factors) + np.maximum(
            mine[:, COMPUTE] * factors[COMPUTE], mine[:, WEIGHTS] * factors[WEIGHTS]
        )
        begin = served.events[:, 6]
        half = step.front_end * factors[FRONT_END] / 2
        queued, first, finish = (
            served.arrival + half,
            served.first_token - half,
            served.finish - half,
        )
        several = outputs > 1
        gaps = several / np.maximum(outputs - 1, 1) / max(int(several.sum()), 1)
        decoding = _frozen_present(first, finish, begin, begin + lasted, gaps)
        waiting = _frozen_present(
            queued, first, begin, begin + lasted, np.full(len(outputs), 1 / len(outputs))
        )
        weights.append(np.stack([decoding, waiting], axis=1))
        parts.append(mine)
        starts.append(at)
        at += len(mine)
    return FrozenSchedule(
        np.array(starts),
        np.concatenate(weights),
        np.concatenate(parts),
        np.array([step.front_end for step in steps]),
    )


def _frozen_without_pair(factors: np.ndarray) -> np.ndarray:
    """Factors of the parts that simply add."""
    alone = factors.copy()
    alone[[COMPUTE, WEIGHTS]] = 0.0
    return alone


def _frozen_parts(step: StepTime, events: np.ndarray) -> np.ndarray:
    """(E, 9) seconds of every event by factor, all factors 1."""
    m, n, context, tokens, sums, prompts, _ = events.T
    t = n + tokens
    parts = {
        "compute": step.compute * t * m,
        "weights": (step.dense + step.expert * (1 - step.miss**t)) * m,
        "kv": step.kv * (m * context + (1 - step.windowed) * n * m * (m - 1) / 2),
        "attention": step.attention * sums,
        "link": step.link * t * m,
        "latency": step.latency * m,
        "fixed": step.fixed * m,
        "sequence": step.sequence * (n + prompts) * m,
        "front_end": np.zeros_like(m),
    }
    return np.stack([parts[name] for name in FACTORS], axis=1) * step.stretch(n, tokens)[:, None]


def _frozen_present(
    since: np.ndarray, until: np.ndarray, begin: np.ndarray, end: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """(E,) weight of the requests that are between `since` and `until`, averaged over each event's
    [begin, end].
    """
    inside = (
        _frozen_past(since, end, weight)
        - _frozen_past(since, begin, weight)
        - _frozen_past(until, end, weight)
        + _frozen_past(until, begin, weight)
    )
    return np.maximum(inside, 0.0) / np.maximum(end - begin, 1e-12)


def _frozen_past(times: np.ndarray, now: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(E,) sum over requests of weight * max(0, now - time)."""
    order = np.argsort(times, kind="stable")
    sorted_times, sorted_weight = times[order], weight[order]
    total = np.concatenate([[0.0], np.cumsum(sorted_weight)])
    moment = np.concatenate([[0.0], np.cumsum(sorted_weight * sorted_times)])
    at = np.searchsorted(sorted_times, now, side="right")
    return np.asarray(total[at] * now - moment[at])
