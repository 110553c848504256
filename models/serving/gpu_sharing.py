"""What a share of a GPU costs: the slowdown of a step beside busy neighbours and alone.

A replica has the share s of every GPU it is on (MPS: that part of the multiprocessors).

    busy   the neighbours use what is theirs. Bandwidth and compute are shared in proportion, and
           some is lost: every step takes 1 / (s (1 - loss)) times as long as on the whole GPU.
           Two halves were measured at 0.91 to 0.94 of a whole GPU's throughput: loss = 0.075.
    idle   the neighbours do nothing: 1 + a (1/s - 1) times as long, with
               a = 1 / (1 + exp(2.11 - 0.228 log2(t / W)))    a step with prompts, t tokens in all
               a = 1 / (1 + exp(4.15 - 0.540 log2(n / W)))    a step of n decodes alone
           and W the tensor-parallel degree. Fitted on published A100 measurements at shares of 30
           to 90 %; held out by LLM it errs by 5 / 23 % (prompts) and 4 / 17 % (decodes; median and
           90th percentile).

Beside busy neighbours sharing creates no throughput. With C_s the last rate of a curve at share s,
and L_s its latencies, of the same LLM, GPU, degree, engine and workload,

    C_s <= s C_1    and    L_s(s r) >= L_1(r)  in every column and for every r <= C_s / s        (1)

so on every GPU the sum over its shards of C_s / C_1 is at most 1, under any latency limit.
`lift_to_whole_gpu` makes (1) hold where less memory for the cache, or noise, would break it.

Nothing was measured below LEAST_MEASURED_SHARE.
"""

from collections.abc import Sequence

import numpy as np

__all__ = [
    "LEAST_MEASURED_SHARE",
    "MOST_LOST_PCT",
    "SHARING_LOSS",
    "busy_slowdown",
    "idle_decode_slowdown",
    "idle_prompt_slowdown",
    "lift_to_whole_gpu",
    "shared_gpu_rates",
]

SHARING_LOSS = 0.075
"""Part of a GPU's throughput that is lost between busy neighbours."""
MOST_LOST_PCT = 90.0
"""Loss that may be stated at most, per cent of the GPU."""
LEAST_MEASURED_SHARE = 0.3
"""Smallest share that the laws were held against."""
CLOSE = 0.01
"""A last rate that is no more than this above another, relative, is left out."""
GAP = 0.5
"""Steps of its own rates within which a shared curve has a point."""
PROMPT_FIT = (2.11, 0.228)
DECODE_FIT = (4.15, 0.540)


def busy_slowdown(share: float, loss: float = SHARING_LOSS) -> float:
    """How many times as long a step takes beside busy neighbours; 1 on a whole GPU."""
    return 1.0 if share == 1 else 1 / (share * (1 - loss))


def idle_prompt_slowdown(share: float, tokens: np.ndarray | float) -> np.ndarray:
    """How many times as long a step with prompts takes alone on its GPUs; tokens: of a GPU, t/W."""
    return _idle_slowdown(share, tokens, *PROMPT_FIT)


def idle_decode_slowdown(share: float, decodes: np.ndarray | float) -> np.ndarray:
    """How many times as long a step of decodes takes alone on its GPUs; decodes: of a GPU, n/W."""
    return _idle_slowdown(share, decodes, *DECODE_FIT)


def _idle_slowdown(
    share: float, size: np.ndarray | float, start: float, per_doubling: float
) -> np.ndarray:
    doublings = np.log2(np.maximum(size, 1e-9))
    return 1 + (1 / share - 1) / (1 + np.exp(start - per_doubling * doublings))


def shared_gpu_rates(
    whole_rates: Sequence[float], share: float, own_rates: Sequence[float]
) -> list[float]:
    """Rates of a shared curve: s r for the rates r of the whole GPU's curve, as far as its own
    rates go, and its own ones where those leave gaps (less cache bends a curve earlier); none above
    s times the whole GPU's last.

    So the curve bends wherever the whole GPU's does, and (1) holds between the points if it holds
    at them.
    """
    most = min(own_rates[-1], share * whole_rates[-1])
    bends = [share * rate for rate in whole_rates if share * rate <= most]
    own = [rate for rate in own_rates if rate < most]
    steps = np.diff([0.0, *own, most])
    gaps = [
        rate
        for rate, step in zip(own, np.minimum(steps[:-1], steps[1:]), strict=True)
        if min((abs(rate - bend) for bend in bends), default=step) > GAP * step
    ]
    end = [] if bends and most <= bends[-1] * (1 + CLOSE) else [most]
    return sorted([*bends, *gaps, *end])


def lift_to_whole_gpu(
    latencies: np.ndarray,
    rates: Sequence[float],
    share: float,
    whole_rates: Sequence[float],
    whole: np.ndarray,
) -> np.ndarray:
    """Latencies (K, C) at rates of `shared_gpu_rates`, none below the whole GPU's (J, C) at the
    rate / share.
    """
    at = np.asarray(rates) / share
    least = [np.interp(at, whole_rates, column) for column in np.asarray(whole).T]
    return np.maximum(latencies, np.stack(least, axis=1))
