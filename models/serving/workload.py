"""What arrives: gaps between requests and their lengths, drawn from a seed.

    gaps      mean 1 (divide by the rate): gamma of shape 1 / cv^2, which is Poisson at cv = 1 and
              regular at cv = 0
    front end lognormal with a coefficient of variation of 0.2 about its mean, by request
    lengths   fixed; uniform on [low * tokens, tokens], as load generators jitter; lognormal of mean
              m and coefficient of variation v: sigma^2 = ln(1 + v^2); pairs drawn from a trace

Gaps are stretched so that they sum to their number: every sample offers exactly its rate. Curves of
one option over several rates take the same gaps and lengths (common random numbers), so that their
differences are not those of the draw. RandomState is used because numpy promises that its streams
never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Lengths",
    "draw_front_ends",
    "draw_workload_lengths",
    "fixed",
    "lognormal_workload",
    "uniform",
    "workload_from_trace",
    "workload_unit_arrivals",
]

FRONT_END_CV = 0.2
"""Fitted to the distribution of TTFT that inference-perf measured at four rates (docs/accuracy.md).
"""
SHORTEST = 1
"""Tokens of a prompt or a response at least."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Lengths:
    """Distribution of (input, output) tokens of a request.

    kind: fixed, uniform, lognormal, or trace; pairs: (R, 2) of a trace.

    input_tokens, output_tokens: means, or the most of uniform lengths; cv: of lognormal lengths;
    low: of uniform ones.
    """

    kind: str
    input_tokens: float
    output_tokens: float
    input_cv: float = 0.0
    output_cv: float = 0.0
    low: float = 1.0
    pairs: np.ndarray | None = None


def fixed(input_tokens: int, output_tokens: int) -> Lengths:
    """Every request alike."""
    return Lengths(kind="fixed", input_tokens=input_tokens, output_tokens=output_tokens)


def uniform(input_tokens: int, output_tokens: int, low: float) -> Lengths:
    """Independent lengths, uniform between a share `low` of the tokens and the tokens."""
    return Lengths(kind="uniform", input_tokens=input_tokens, output_tokens=output_tokens, low=low)


def lognormal_workload(
    input_tokens: float, output_tokens: float, input_cv: float = 1.0, output_cv: float = 1.0
) -> Lengths:
    """Independent lognormal lengths of these means.

    CV 1 is about what the Azure conversation trace of 2023 shows (1.0 and 0.8).
    """
    return Lengths(
        kind="lognormal",
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_cv=input_cv,
        output_cv=output_cv,
    )


def workload_from_trace(
    input_tokens: Sequence[int] | np.ndarray, output_tokens: Sequence[int] | np.ndarray
) -> Lengths:
    """Pairs of a trace, drawn with replacement: input and output of one request stay together."""
    pairs = np.maximum(
        np.stack([np.asarray(input_tokens), np.asarray(output_tokens)], axis=1).astype(np.int64),
        SHORTEST,
    )
    return Lengths(
        kind="trace",
        input_tokens=float(pairs[:, 0].mean()),
        output_tokens=float(pairs[:, 1].mean()),
        pairs=pairs,
    )


def draw_workload_lengths(
    lengths: Lengths, requests: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output tokens of a number of requests, (R,) whole numbers from 1."""
    if lengths.pairs is not None:
        picked = lengths.pairs[random.randint(len(lengths.pairs), size=requests)]
        return picked[:, 0].copy(), picked[:, 1].copy()
    columns = []
    if lengths.kind == "uniform":
        for most in (int(lengths.input_tokens), int(lengths.output_tokens)):
            drawn = random.randint(int(np.ceil(lengths.low * most)), most + 1, size=requests)
            columns.append(np.maximum(drawn, SHORTEST).astype(np.int64))
        return columns[0], columns[1]
    for mean, cv in (
        (lengths.input_tokens, lengths.input_cv),
        (lengths.output_tokens, lengths.output_cv),
    ):
        normal = random.standard_normal(requests)
        variance = np.log1p(cv**2)
        drawn = np.rint(mean * np.exp(np.sqrt(variance) * normal - variance / 2))
        columns.append(np.maximum(drawn, SHORTEST).astype(np.int64))
    return columns[0], columns[1]


def draw_front_ends(requests: int, random: np.random.RandomState) -> np.ndarray:
    """Time of the front end by request, (R,), in units of its mean."""
    variance = np.log1p(FRONT_END_CV**2)
    return np.asarray(np.exp(np.sqrt(variance) * random.standard_normal(requests) - variance / 2))


def workload_unit_arrivals(requests: int, cv: float, random: np.random.RandomState) -> np.ndarray:
    """Arrival times (R,) of one request per unit of time, the first after the first gap. cv: of the
    gaps, 0 = regular.
    """
    if cv == 0:
        return np.arange(1, requests + 1, dtype=float)
    gaps = random.standard_gamma(1 / cv**2, size=requests)
    return np.cumsum(gaps) * (requests / gaps.sum())
