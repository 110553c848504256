"""A replica of an estimated option, step by step: the engine that made its curve, with the same
assumptions.

Cache: what the option's stated memory leaves after its weights. Lengths, cached tokens, scheduler
and most sequences: as the curve's source states them (fixed lengths, nothing cached, chunked
prefill, 256 sequences where it does not). The front end's time is drawn by request, as for the
curve. Calibrated curves were made with factors that no profile table carries,
and curves of other origin with unknown settings: the engine is used where its own mean TTFT is
within REPRODUCES of the curve's, else a fitted queue is. They are compared at the planned rate, or
at SETTLED of the curve's highest one where that is less: above it a single run says little about
the mean, whatever the origin of the curve.
"""

import re
from collections.abc import Callable

import numpy as np

from models.instance import Instance
from models.serving.batching import (
    SCHEDULERS,
    BatchExtras,
    Limits,
    TooLongError,
    serve_batches,
)
from models.serving.step_time import (
    RUNTIME_GIB,
    StepSettings,
    step_fits_shards,
    step_kv_token_gib,
    step_time,
    weights_gib,
)
from models.serving.workload import (
    Lengths,
    draw_front_ends,
    draw_workload_lengths,
    fixed,
    lognormal_workload,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.records import Curve

__all__ = ["build_step_level_replica"]

REPRODUCES = 0.3
SETTLED = 0.8
TRIAL_REQUESTS = 3000

Replica = Callable[..., dict[str, np.ndarray]]
"""(arrivals, rng, work=1.0) -> latencies. A request of another work has prompt and answer that many
times as long.
"""


def build_step_level_replica(
    instance: Instance, option: int, rate: float
) -> tuple[Replica, str] | str:
    """A replica and its assumptions, or why there is none. rate: planned, req/s of one replica."""
    one = instance.options[option]
    name, gpu_name = instance.llms[one.llm].name, instance.pools[one.pool].gpu
    llm, gpu = load_catalogue_llms().get(name), load_catalogue_gpus().get(gpu_name)
    if llm is None or gpu is None:
        return f"{name if llm is None else gpu_name} is not in the catalogue"
    if one.mig is not None:
        return "step times of MIG instances are not known"
    lengths, scheduler = _step_level_lengths(one.curve), _scheduler(one.curve.source)
    if lengths is None:
        return "the profile does not state the lengths of prompts and answers"
    if not step_fits_shards(llm, one.tp_degree):
        return f"its heads cannot be split over {one.tp_degree} GPUs"
    settings = StepSettings(idle_neighbours=one.curve.neighbours == "idle")
    cache = one.memory - weights_gib(llm, settings) / one.tp_degree - RUNTIME_GIB
    if cache <= 0:
        return "its stated memory leaves no room for a cache after 16-bit weights"
    step = step_time(llm, gpu, one.tp_degree, one.mps_share, settings)
    limits = Limits(
        cache / step_kv_token_gib(llm, one.tp_degree, settings), _sequences(one.curve.source)
    )

    cached_share = min(_cached_tokens(one.curve.source) / one.curve.tokens[0], 1.0)

    def serve_step_level_replica(
        arrivals: np.ndarray, rng: np.random.Generator, work: np.ndarray | float = 1.0
    ) -> dict[str, np.ndarray]:
        random = np.random.RandomState(int(rng.integers(2**31)))
        drawn = draw_workload_lengths(lengths, arrivals.size, random)
        prompts, outputs = (np.maximum(np.rint(work * one), 1).astype(one.dtype) for one in drawn)
        outputs = np.minimum(outputs, int(limits.kv_tokens) - 1)
        prompts = np.minimum(prompts, int(limits.kv_tokens) - outputs)
        extras = BatchExtras(
            cached_tokens=np.minimum((cached_share * prompts).astype(int), prompts - 1),
            front_ends=step.front_end * draw_front_ends(arrivals.size, random),
        )
        served = serve_batches(step, arrivals, prompts, outputs, limits, scheduler, extras)
        return {
            "ttft": served.ttft,
            "tpot": served.tpot(outputs),
            "e2e": served.finish - served.arrival,
        }

    try:
        at = min(rate, SETTLED * float(one.curve.rates[-1]))
        off = _step_level_error(serve_step_level_replica, one.curve, at)
    except TooLongError:
        return "its stated memory holds less than one request"
    if off > REPRODUCES:
        return (
            f"the engine's mean TTFT is {100 * off:.0f} % off the curve, which was calibrated or"
            " made otherwise"
        )
    where = (
        "the planned rate"
        if at == rate
        else f"{at:.3g} req/s, {100 * SETTLED:.0f} % of its last rate"
    )
    return (
        serve_step_level_replica,
        (
            f"{scheduler} batching, {lengths.kind} lengths; mean TTFT {100 * off:.0f} % off the"
            f" curve at {where}"
        ),
    )


def _step_level_lengths(curve: Curve) -> Lengths | None:
    """As the source states; None where the means are not stated, or where they are those of a
    trace.
    """
    prompt, answer = curve.tokens
    if not (np.isfinite(prompt) and np.isfinite(answer)) or "trace lengths" in curve.source:
        return None
    return (
        lognormal_workload(prompt, answer)
        if "lognormal lengths" in curve.source
        else fixed(round(prompt), round(answer))
    )


def _scheduler(source: str) -> str:
    stated = re.search(rf"\b({'|'.join(SCHEDULERS)}) batching", source)
    return stated[1] if stated else SCHEDULERS[0]


def _sequences(source: str) -> int:
    stated = re.search(r"\bat most (\d+) sequences\b", source)
    return int(stated[1]) if stated else Limits.sequences


def _cached_tokens(source: str) -> float:
    stated = re.search(r"\b(\d+(?:\.\d+)?) tokens of a prompt cached\b", source)
    return float(stated[1]) if stated else 0.0


def _step_level_error(replica: Replica, curve: Curve, rate: float) -> float:
    """Relative difference of the mean TTFT with Poisson arrivals at the rate; 0 where the curve has
    none.
    """
    if ("ttft", "mean") not in curve.latency or rate <= 0:
        return 0.0
    rng = np.random.default_rng(0)
    simulated = replica(rng.exponential(1 / rate, TRIAL_REQUESTS).cumsum(), rng)["ttft"][
        TRIAL_REQUESTS // 10 :
    ].mean()
    return abs(
        float(simulated) / float(np.interp(rate, curve.rates, curve.latency["ttft", "mean"])) - 1.0
    )
