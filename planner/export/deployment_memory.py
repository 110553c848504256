"""How the memory of a GPU is split among the vLLM servers on it.

On GPU g with memory M (GiB), headroom h (0..1) and servers S(g), of which s counts m_s GiB on each
of its GPUs in the plan:

    fill         c      = min(1 - h, 0.95)                               part of a GPU that all its
                        servers take together
    utilization  u_s    = min over g of s of  c * m_s / sum_{r in S(g)} m_r      vLLM's
                                              --gpu-memory-utilization, rounded down
    limit        l_s    = u_s * M + min(1 GiB, min over g of s of (M - sum_{r in S(g)} u_r * M) /
                        |S(g)|)     MPS' pinned memory limit

What the plan leaves free beyond the headroom so becomes KV cache, in proportion to what the plan
counts. Then sum of u <= c and sum of l <= M on every GPU, and u_s * M >= m_s wherever the plan's
memory fits into c. The limit lies above what vLLM takes for itself, because the CUDA context and
NCCL's buffers count against it too. A server on a MIG instance takes c of the instance.

Of an LLM of the catalogue, on t GPUs, with weights of w GiB at 16 bits, a runtime of r and a cache
of k a token on one GPU (`models.serving.step_time`), there is room for a context of

    context      (u_s * M - w / t - r) / k                               tokens

Where the model's own longest context is known and above that, the server's requests are limited to
it (`reports.deploy.vllm_server`): vLLM refuses to start without. Where some layers see a window
alone it is too small: the safe side.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from models.serving.step_time import RUNTIME_GIB, StepSettings, step_kv_token_gib, weights_gib
from profiles.catalogue import load_catalogue_llms
from reports.deploy.vllm_server import vllm_context_room, vllm_max_model_len

__all__ = [
    "FILL",
    "deployment_memory_cautions",
    "deployment_memory_context_cautions",
    "deployment_with_memory",
]

FILL = 0.95
"""Most of a GPU that vLLM servers can share: each checks at its start that its part is free, and
contexts lie outside of it.
"""
OUTSIDE_GIB = 1.0
"""GiB per GPU that a server may hold outside of its utilization."""
DIGITS = 3
LONGEST = 131_072
"""Tokens: few models take longer contexts, so that more room needs no words where the model's own
is not known.
"""

Row = dict[str, Any]


def deployment_with_memory(servers: Sequence[Row], memory_gib: float, headroom: float) -> list[Row]:
    """The servers of one node their utilization (0..1), memory_limit_mib and context;
    memory_gib: of one GPU; headroom: 0..1.
    """
    fill = min(1.0 - headroom, FILL)
    planned = {
        gpu: sum(row["memory_gib_per_gpu"] for row in servers if gpu in row["gpus"])
        for gpu in _gpus(servers)
    }
    # A server has its MIG instance for itself, and sees nothing else of the GPU.
    split = [
        {
            **row,
            "utilization": _floor(
                fill
                if row.get("mig_profile")
                else fill * row["memory_gib_per_gpu"] / max(planned[gpu] for gpu in row["gpus"])
            ),
        }
        for row in servers
    ]
    return [
        {
            **row,
            "memory_limit_mib": _deployment_memory_limit(row, split, memory_gib),
            "context": _deployment_memory_context(row, _memory(row, {"memory_gib": memory_gib})),
        }
        for row in split
    ]


def deployment_memory_cautions(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The servers that get less memory than the plan counts for them."""
    return [
        f"{row['name']} on {node['label']} gets {row['utilization'] * _memory(row, node):.1f} GiB"
        f" per GPU of the {row['memory_gib_per_gpu']:g} GiB that the plan counts: vLLM servers can"
        f" use {100 * FILL:g} % of a GPU; plan with memory_headroom_pct of at least"
        f" {100 - 100 * FILL:g}"
        for node in nodes
        for row in node["servers"]
        if row["utilization"] * _memory(row, node)
        < row["memory_gib_per_gpu"] - 2 * 10**-DIGITS * _memory(row, node)
    ]


def _memory(server: Mapping[str, Any], node: Mapping[str, Any]) -> float:
    """GiB of what a server sees: a GPU, or a MIG instance."""
    instance_gib: float | None = server.get("instance_gib")
    return float(node["memory_gib"]) if instance_gib is None else instance_gib


def _deployment_memory_limit(server: Row, servers: Sequence[Row], memory_gib: float) -> int:
    """MiB on each of the server's GPUs."""
    spare = OUTSIDE_GIB
    for gpu in server["gpus"]:
        own = [row["utilization"] for row in servers if gpu in row["gpus"]]
        spare = min(spare, (1.0 - sum(own)) * memory_gib / len(own))
    return math.floor(1024 * (server["utilization"] * memory_gib + spare))


def _gpus(servers: Sequence[Row]) -> set[int]:
    return {gpu for row in servers for gpu in row["gpus"]}


def _floor(value: float) -> float:
    """Round down to `DIGITS` decimals, rounding noise of the division aside."""
    return math.floor(value * 10**DIGITS + 1e-6) / 10**DIGITS


def _deployment_memory_context(server: Row, memory_gib: float) -> Row | None:
    """Of what its room for a context is made, on each of its GPUs, and longest, the model's own
    (None where it is not known); None for an LLM in no catalogue. memory_gib: of what it sees.
    """
    llm, settings = load_catalogue_llms().get(server["llm_name"]), StepSettings()
    if llm is None:
        return None
    degree = server["tp_degree"]
    return {
        "longest": llm.context_tokens,
        "memory_gib": memory_gib,
        "taken_gib": weights_gib(llm, settings) / degree + RUNTIME_GIB,
        "token_gib": step_kv_token_gib(llm, degree, settings),
    }


def deployment_memory_context_cautions(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The LLMs with servers that have less room than the model's own longest context (LONGEST where
    it is not known) and no limit that says so, or one that refuses a mean request of the curve.
    """
    room: dict[tuple[str, int], float] = {}
    short: dict[tuple[str, int], tuple[int, int]] = {}
    for row in (row for node in nodes for row in node["servers"] if row["context"] is not None):
        key = (row["llm_name"], row["tp_degree"])
        limit, mean = vllm_max_model_len(row), sum(row["tokens"] or ())
        tokens = vllm_context_room(row["context"], row["utilization"])
        if limit is None and tokens < (row["context"]["longest"] or LONGEST):
            room[key] = min(tokens, room.get(key, math.inf))
        elif limit is not None and limit < mean:
            short[key] = min((limit, mean), short.get(key, (limit, mean)))
    return [
        *(_short_memory_caution(f"{llm} (tp {at})", tokens) for (llm, at), tokens in room.items()),
        *(
            f"{llm} (tp {at}) has room for requests of at most {limit:,} tokens, and its curve is"
            f" of {mean:,} in the mean: longer ones are refused"
            for (llm, at), (limit, mean) in short.items()
        ),
    ]


def _short_memory_caution(server: str, tokens: float) -> str:
    if tokens < 1.0:
        return (
            f"{server} has no room for weights of 16 bits and a cache: set its model id to one of"
            " the precision that was measured or assumed"
        )
    shown = int(tokens // 100) * 100 or int(tokens)
    return (
        f"{server} has room for a context of about {shown:,} tokens beside weights of 16 bits:"
        " where the model's own longest context is above, vLLM does not start without"
        " --max-model-len of at most that"
    )
