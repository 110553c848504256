"""How long one step (one forward pass of the running batch) of one replica takes: the roofline of
one option as a handful of numbers.

One replica = W GPUs (tensor parallel), each with the MPS share s. A step runs n decodes whose
contexts sum to C tokens, and p prompt tokens of q sequences whose attention sum is A = sum(tokens *
mean context). With t = n + p tokens, SI units:

    T = max(compute t, dense + expert (1 - miss^t)) + kv C + attention A + link t + latency + fixed
    + sequence (n + q)

    compute   = 2 * (active parameters - those of the vocabulary) / (W * peak * .57)
              peak: 16 bit dense; 8 bit weights: fp8 peak * .85 (4 bit too, where a GPU has units)
    dense     = bytes every token reads / (W * HBM bandwidth * .84)            expert: bytes of all
              experts
    miss      = 1 - k / E                                                      share of the experts
              that one token leaves untouched
    kv        = 2 * layers * KV heads * head size * bytes / min(W, KV heads) / (HBM bandwidth * .75)
    attention = 4 * layers * heads * head size / (W * 16-bit peak * .5)
    link      = 2 * layers * hidden size * 2 bytes * 2 (W-1)/W / (link one way * .68)          0
              when W = 1
    latency   = 2 * layers * 12 us * (.7 + .3 log2 W)                                          0
              when W = 1
    fixed     = layers * (8.4 us + 5 us k) + 1.1 ms        k: experts of a token, to be routed to
    sequence  = 27 us + 2 * vocabulary * hidden size / (W * peak * .57)        the output matrix
    front_end = 17 ms of a request in the mean, half before it is queued and half after its tokens

Where a share w of the layers attends to the last W' tokens alone, a context or mean context of c
tokens counts as (1 - w) c + w min(c, W') in C, in A and in the cache.

Experts hold (total - active) / (1 - k/E) parameters. Looking up an embedding computes nothing, and
the output matrix is multiplied once a sequence, not once a token; both count as weights that are
read.

MPS share s < 1 (`models.serving.gpu_sharing`): beside busy neighbours all of these but the front
end take 1 / (s (1 - loss)) times as long; beside idle ones a step takes the slowdown of its kind.

Calibration scales the nine numbers named in FACTORS, and nothing else; PRIOR is how far each may
lie from 1 (sigma of its logarithm). Single factors are not identified by latencies: they are a
means to predict, not facts about a GPU. Start values: fits to serving measurements on H100 and
A100; docs/accuracy.md states their error.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.serving.gpu_sharing import (
    SHARING_LOSS,
    busy_slowdown,
    idle_decode_slowdown,
    idle_prompt_slowdown,
)
from profiles.catalogue import GIB, CatalogueGpu, CatalogueLlm

__all__ = [
    "FACTORS",
    "PRIOR",
    "PrecisionError",
    "StepSettings",
    "StepTime",
    "step_fits_shards",
    "step_kv_token_gib",
    "step_time",
]

PRIOR: Mapping[str, float] = {
    "compute": 0.20,
    "weights": 0.15,
    "kv": 0.30,
    "attention": 0.40,
    "link": 0.40,
    "latency": 0.50,
    "fixed": 0.50,
    "sequence": 0.60,
    "front_end": 0.80,
}
"""Factor -> sigma of its logarithm; the order is that of every vector of factors."""
FACTORS = tuple(PRIOR)
RUNTIME_GIB = 2.0
USABLE_MEMORY = 0.9


class PrecisionError(ValueError):
    """A precision that the catalogue has no arithmetic for."""


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """What the catalogue does not say of an option.

    bits: 16, 8 or 4; idle_neighbours: a shared GPU's other shards do nothing; sharing_loss: of
    `models.serving.gpu_sharing`, where they are busy; the others are efficiencies (shares of the
    peak) and times in seconds.
    """

    weight_bits: int = 16
    kv_bits: int = 16
    compute_efficiency: float = 0.57
    weight_efficiency: float = 0.84
    kv_efficiency: float = 0.75
    attention_efficiency: float = 0.5
    link_efficiency: float = 0.68
    fp8_of_peak: float = 0.85
    link_latency_s: float = 12e-6
    layer_s: float = 8.4e-6
    expert_s: float = 5e-6
    step_s: float = 1.1e-3
    sequence_s: float = 27e-6
    front_end_s: float = 17e-3
    idle_neighbours: bool = False
    sharing_loss: float = SHARING_LOSS

    def __post_init__(self) -> None:
        if self.weight_bits not in (16, 8, 4) or self.kv_bits not in (16, 8):
            raise PrecisionError(
                f"weights have 16, 8 or 4 bits and caches 16 or 8, not {self.weight_bits} and"
                f" {self.kv_bits}"
            )


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """The letters of the module's docstring, in seconds (miss: a share).

    windowed, window: w and W', a share and tokens; idle_share: s beside idle neighbours, else 1;
    shards: W.
    """

    compute: float
    dense: float
    expert: float
    miss: float
    kv: float
    attention: float
    link: float
    latency: float
    fixed: float
    sequence: float
    front_end: float
    windowed: float = 0.0
    window: float = math.inf
    idle_share: float = 1.0
    shards: int = 1

    def seen(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens of contexts as far as the layers see them, on the average over the layers.

        Any shape.
        """
        return (
            (1 - self.windowed) * tokens + self.windowed * np.minimum(tokens, self.window)
            if self.windowed
            else tokens
        )

    def base(self, tokens: np.ndarray) -> np.ndarray:
        """Part of a step's time that only depends on its tokens t: all but kv, attention and
        sequence.

        Any shape.
        """
        weights = self.dense + self.expert * (1 - self.miss**tokens) if self.expert else self.dense
        return (
            np.maximum(self.compute * tokens, weights)
            + self.link * tokens
            + self.latency
            + self.fixed
        )

    def stretch(self, decodes: np.ndarray | float, prefill: np.ndarray | float) -> np.ndarray:
        """How many times as long a step takes by the law of idle neighbours, any shape."""
        decodes, prefill = np.asarray(decodes, dtype=float), np.asarray(prefill, dtype=float)
        if self.idle_share == 1:
            return np.ones(np.broadcast(decodes, prefill).shape)
        return np.where(
            prefill > 0,
            idle_prompt_slowdown(self.idle_share, (decodes + prefill) / self.shards),
            idle_decode_slowdown(self.idle_share, decodes / self.shards),
        )

    def of(
        self,
        decodes: float,
        context: float,
        prefill: float = 0,
        attention: float = 0,
        prefilled: float = 0,
    ) -> float:
        """Time of one step: n, C, p, A, q of the module's docstring."""
        rest = (
            self.kv * context + self.attention * attention + self.sequence * (decodes + prefilled)
        )
        whole = float(self.base(np.asarray(decodes + prefill, dtype=float))) + rest
        return float(self.stretch(decodes, prefill)) * whole

    def scaled(self, factors: Sequence[float] | np.ndarray) -> "StepTime":
        """The same option with its nine numbers times the factors, in the order of FACTORS."""
        by = dict(zip(FACTORS, map(float, factors), strict=True))
        weights = by.pop("weights")
        changed = {name: getattr(self, name) * factor for name, factor in by.items()}
        return replace(self, dense=self.dense * weights, expert=self.expert * weights, **changed)


def step_fits_shards(llm: CatalogueLlm, tp_degree: int) -> bool:
    """Whether heads can be split over so many GPUs: they divide, and KV heads divide or are
    copied.
    """
    return (
        llm.heads % tp_degree == 0
        and max(llm.kv_heads, tp_degree) % min(llm.kv_heads, tp_degree) == 0
    )


def step_kv_token_gib(llm: CatalogueLlm, tp_degree: int, settings: StepSettings) -> float:
    """Cache of one token on one GPU, GiB."""
    return (
        2
        * llm.layers
        * llm.kv_heads
        * llm.head_size
        * settings.kv_bits
        / 8
        / min(tp_degree, llm.kv_heads)
        / GIB
    )


def weights_gib(llm: CatalogueLlm, settings: StepSettings) -> float:
    """Weights of all shards together, GiB."""
    return llm.weights_gib_16bit * settings.weight_bits / 16


def step_room_gib(
    llm: CatalogueLlm, gpu: CatalogueGpu, tp_degree: int, settings: StepSettings
) -> float:
    """What is left for the cache on one GPU that nothing else uses: 90 % of the memory, less the
    shard's weights and 2 GiB of runtime.
    """
    return USABLE_MEMORY * gpu.memory_gib - weights_gib(llm, settings) / tp_degree - RUNTIME_GIB


def step_time(
    llm: CatalogueLlm,
    gpu: CatalogueGpu,
    tp_degree: int,
    mps_share: float = 1.0,
    settings: StepSettings | None = None,
) -> StepTime:
    """Step time of one option; mps_share in 0..1. Whether it fits the GPU is not checked here."""
    own = settings or StepSettings()
    busy = 1.0 if own.idle_neighbours else busy_slowdown(mps_share, own.sharing_loss)
    peak = gpu.bf16_dense_tflops * 1e12
    in_8_bit = own.weight_bits == 8 or (own.weight_bits == 4 and gpu.four_bit_weights_as == "fp8")
    peak_of_weights = (
        gpu.fp8_dense_tflops * 1e12 * own.fp8_of_peak if in_8_bit and gpu.fp8_dense_tflops else peak
    )
    bandwidth = gpu.memory_bandwidth_gb_per_s * 1e9
    miss = 1 - llm.experts_per_token / llm.experts if llm.experts else 1.0
    in_experts = (llm.parameters_total_b - llm.parameters_active_b) / miss if llm.experts else 0.0
    a_billion = busy * 1e9 * own.weight_bits / 8 / (tp_degree * bandwidth * own.weight_efficiency)
    a_parameter = busy * 2 / (tp_degree * peak_of_weights * own.compute_efficiency)
    matrix = llm.vocabulary * llm.hidden_size
    a_layer = own.layer_s + own.expert_s * llm.experts_per_token
    link, latency = _all_reduce_step_time(llm, gpu, tp_degree, own)
    return StepTime(
        compute=a_parameter * (1e9 * llm.parameters_active_b - llm.vocabulary_matrices * matrix),
        dense=a_billion * (llm.parameters_total_b - in_experts),
        expert=a_billion * in_experts,
        miss=miss,
        kv=busy * step_kv_token_gib(llm, tp_degree, own) * GIB / (bandwidth * own.kv_efficiency),
        attention=busy
        * 4
        * llm.layers
        * llm.heads
        * llm.head_size
        / (tp_degree * peak * own.attention_efficiency),
        link=busy * link,
        latency=busy * latency,
        fixed=busy * (llm.layers * a_layer + own.step_s),
        sequence=busy * own.sequence_s + a_parameter * matrix,
        front_end=own.front_end_s,
        windowed=llm.windowed_layers / llm.layers,
        window=llm.window_tokens or math.inf,
        idle_share=mps_share if own.idle_neighbours else 1.0,
        shards=tp_degree,
    )


def _all_reduce_step_time(
    llm: CatalogueLlm, gpu: CatalogueGpu, tp_degree: int, own: StepSettings
) -> tuple[float, float]:
    """Seconds of a token and seconds of a step."""
    if tp_degree == 1:
        return 0.0, 0.0
    one_way = gpu.link_gb_per_s * 1e9 / 2 * own.link_efficiency
    latency = 2 * llm.layers * own.link_latency_s * (0.7 + 0.3 * math.log2(tp_degree))
    return 8 * llm.layers * llm.hidden_size * (tp_degree - 1) / tp_degree / one_way, latency
