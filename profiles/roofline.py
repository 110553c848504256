"""A closed-form load-latency estimate of one option, from the catalogues alone. It makes the examples' profiles.

An estimate, not a measurement: no accuracy is promised, TTFT and every percentile least of all. Measure before you buy or promise.

Steady state of continuous batching at r req/s, prompts of I tokens, responses of G tokens; SI units, sizes in bytes, W = GPUs (tp degree):

    n = r (G - 1) T                                                sequences that decode (Little's law)
    T = max(c r (I + G - 1) T, w) + b r T + f                      step time, s = mean TPOT
    c = 2 * active parameters / (W * peak * .57)                   arithmetic of one token, s
    w = weights / (W * HBM bandwidth * .84)                        every weight read once a step, s
    b = (G - 1) (kv + 27 us) + attention + (I + G - 1) link        what one request adds besides, s
      kv        = (I + G/2) * KV bytes of a token / min(W, KV heads) / (HBM bandwidth * .75)
      attention = 4 * layers * heads * head size * I * I/2 / (W * peak * .5)
      link      = 2 * layers * hidden size * 2 bytes * 2 (W-1)/W / (link one way * .68)           0 when W = 1
    f = layers * 8.4 us + 1.1 ms + 2 * layers * 12 us * (.7 + .3 log2 W)       the last term only when W > 1
    =>  T = max((w + f) / (1 - b r),  f / (1 - (b + c (I + G - 1)) r))         both branches are affine in T
    =>  r_max = min(n_max / ((G - 1)(w + f) + n_max b),  n_max / ((G - 1) f + n_max (b + c (I + G - 1))))
    TTFT = 8.5 ms + T/2 + P + L P / (1 - L),   L = r / r_max,   P = max(c (n + I), w) + n (kv + 27 us) + attention + I link + f
    E2E = TTFT + (G - 1) T

n_max: sequences the KV cache holds, at most 256. KV cache of one GPU: half the memory times the MPS share, at most what n_max needs and
what is left of 90 % of the memory after weights / W and 2 GiB of runtime. 16-bit weights and KV cache; of a mixture of experts all
weights are read. MPS share s < 1 beside busy neighbours: arithmetic / s^.87, weight reading / s^.23, KV and attention / s^.47, all times
1.08; overheads and link unscaled. Percentiles: waiting has the tail L exp(-x (1 - L) / P); lengths are lognormal (sigma .5), TPOT lognormal
(sigma .15); quantiles of the parts are added as if the worst came together.

Where the numbers come from: efficiencies, overheads and share exponents are fits to serving measurements on H100 and A100 (held out: TPOT
off 12 % in the median, 33 % at the 90th percentile); the 1.08 rests on two data sets; the percentile shapes are assumptions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from profiles.catalogue import GIB, Gpu, LlmSpec

__all__ = ["LOADS", "StepCost", "estimate_points", "step_cost"]

LOADS = (0.05, 0.25, 0.45, 0.6, 0.7, 0.8, 0.86, 0.91, 0.95)
"""Fractions of r_max at which a curve is tabulated."""
MAX_SEQUENCES = 256
RUNTIME_GIB = 2.0
USABLE_MEMORY = 0.9
SEQUENCE_S = 27e-6
FRONT_END_S = 8.5e-3
PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True)
class StepCost:
    """Letters of the module's docstring for one option, in seconds; max_sequences = n_max, max_rate = r_max (req/s), memory of one GPU."""

    arithmetic: float  # c
    weights: float  # w
    per_request: float  # b
    per_sequence: float  # kv + 27 us
    prefill: float  # attention + I link
    fixed: float  # f
    max_sequences: float
    max_rate: float
    memory_gib: float


def step_cost(llm: LlmSpec, gpu: Gpu, tp_degree: int, mps_share: float, input_tokens: float, output_tokens: float) -> StepCost | None:
    """Cost of one option; mps_share in 0..1. None when the weights leave no room for 8 sequences or the KV heads do not divide."""
    if llm.heads % tp_degree or max(llm.kv_heads, tp_degree) % min(llm.kv_heads, tp_degree):
        return None
    kv_shards = min(tp_degree, llm.kv_heads)
    kv_bytes = 4 * llm.layers * llm.kv_heads * llm.head_size / kv_shards  # of one token on one GPU: K and V, 2 bytes each
    weights_gib = llm.weights_gib_16bit / tp_degree
    room_gib = USABLE_MEMORY * gpu.memory_gib - weights_gib - RUNTIME_GIB
    sequence_gib = (input_tokens + output_tokens) * kv_bytes / GIB
    kv_gib = min(room_gib, 0.5 * mps_share * gpu.memory_gib, MAX_SEQUENCES * sequence_gib)
    max_sequences = kv_gib / sequence_gib
    if max_sequences < 8:
        return None

    beside = 1.0 if mps_share == 1 else 1.08
    slower_arithmetic, slower_weights, slower_cache = (beside / mps_share**power for power in (0.87, 0.23, 0.47))
    peak = gpu.bf16_dense_tflops * 1e12
    bandwidth = gpu.memory_bandwidth_gb_per_s * 1e9
    decoded = output_tokens - 1

    arithmetic = slower_arithmetic * 2e9 * llm.parameters_active_b / (tp_degree * peak * 0.57)
    weights = slower_weights * weights_gib * GIB / (bandwidth * 0.84)
    per_sequence = slower_cache * (input_tokens + output_tokens / 2) * kv_bytes / (bandwidth * 0.75) + SEQUENCE_S
    attention = slower_cache * 2 * llm.layers * llm.heads * llm.head_size * input_tokens**2 / (tp_degree * peak * 0.5)
    link, latency = 0.0, 0.0
    if tp_degree > 1:
        link = 8 * llm.layers * llm.hidden_size * (tp_degree - 1) / tp_degree / (gpu.link_gb_per_s * 1e9 / 2 * 0.68)
        latency = 2 * llm.layers * 12e-6 * (0.7 + 0.3 * math.log2(tp_degree))
    per_request = decoded * per_sequence + attention + (input_tokens + decoded) * link
    fixed = llm.layers * 8.4e-6 + 1.1e-3 + latency
    busy = per_request + arithmetic * (input_tokens + decoded)
    max_rate = min(
        max_sequences / (decoded * (weights + fixed) + max_sequences * per_request),
        max_sequences / (decoded * fixed + max_sequences * busy),
    )
    return StepCost(
        arithmetic,
        weights,
        per_request,
        per_sequence,
        attention + input_tokens * link,
        fixed,
        max_sequences,
        max_rate,
        weights_gib + kv_gib + RUNTIME_GIB,
    )


def estimate_points(
    llm: LlmSpec,
    gpu: Gpu,
    tp_degree: int,
    mps_share: float,
    input_tokens: float,
    output_tokens: float,
    loads: Sequence[float] = LOADS,
) -> list[dict[str, float]]:
    """Points of the curve of one option, one per load, with the profile table's column names (ms, GiB, req/s); [] when it does not fit."""
    cost = step_cost(llm, gpu, tp_degree, mps_share, input_tokens, output_tokens)
    return [_point(cost, load, input_tokens, output_tokens) for load in loads] if cost else []


def _point(cost: StepCost, load: float, input_tokens: float, output_tokens: float) -> dict[str, float]:
    rate = load * cost.max_rate
    decoded = output_tokens - 1
    busy = cost.per_request + cost.arithmetic * (input_tokens + decoded)
    step = max((cost.weights + cost.fixed) / (1 - rate * cost.per_request), cost.fixed / (1 - rate * busy))
    running = rate * decoded * step
    prefill = max(cost.arithmetic * (running + input_tokens), cost.weights) + running * cost.per_sequence + cost.prefill + cost.fixed
    start = FRONT_END_S + step / 2
    ttft = start + prefill + load * prefill / (1 - load)
    point = {"rate_rps": rate, "ttft_mean_ms": 1e3 * ttft, "tpot_mean_ms": 1e3 * step, "e2e_mean_ms": 1e3 * (ttft + decoded * step)}
    for percent in PERCENTILES:
        wait = max(0.0, prefill / (1 - load) * math.log(load / (1 - percent / 100)))
        length = _lognormal(0.5, percent)
        ttft_high = start + prefill * length + wait
        point[f"ttft_p{percent}_ms"] = 1e3 * ttft_high
        point[f"tpot_p{percent}_ms"] = 1e3 * step * _lognormal(0.15, percent)
        point[f"e2e_p{percent}_ms"] = 1e3 * (ttft_high + decoded * step * length)
    point["memory_gib_per_gpu"] = cost.memory_gib
    point["concurrency"] = running + rate * ttft
    return point


def _lognormal(sigma: float, percent: float) -> float:
    """Percentile of a lognormal quantity of mean 1."""
    return math.exp(sigma * NormalDist().inv_cdf(percent / 100) - sigma**2 / 2)
