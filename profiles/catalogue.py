"""The catalogues: what is known about GPUs and LLMs before any measurement.

Files in this folder, every row with its `source`:

`gpus.csv`  memory in GiB; `memory_basis` says whether that is what the driver reports (`driver`:
            total memory in nvidia-smi, ECC taken
off) or the vendor's printed figure (`nominal`; GPU vendors print GB and build GiB, so it is read as
GiB). Bandwidths in GB/s (10^9 bytes). Arithmetic peaks in TFLOPS, dense: vendors that print a
figure with 2:4 sparsity are halved. `bf16_dense_tflops` is the FP16 peak where a GPU has no BF16
(V100, T4: the source says so). `fp8_dense_tflops` is blank where a GPU has no FP8.
`four_bit_weights_as` is `fp8` where servers multiply 4-bit weights by 8-bit numbers on units made
for it (Blackwell), blank where they are unpacked to 16 bits. `link_gb_per_s` is the aggregate of
one GPU to its neighbours in both directions, as vendors print it (one way is half).
`price_usd_per_gpu_h` is the on-demand list price of the provider in `price_source` on `price_date`,
most of them as public price trackers copied them that day; blank where none is known. Prices move:
scenarios may state their own.

`llms.csv`  parameters in 10^9 (`active`: those one token touches; equal to the total for dense
            LLMs), sizes from each `config.json`.
`weights_gib_16bit` = parameters_total_b * 10^9 * 2 / 2^30 and `weights_gib_8bit` half of it: the
weights alone, no KV cache, whatever precision the publisher ships. `windowed_layers` of the layers
attend to the last `window_tokens` tokens alone (0: none). `context_tokens` is the longest context
of the model itself (`max_position_embeddings`; blank where that is not certain).
`vocabulary_matrices` of vocabulary x
hidden size are among the active parameters: embedding and output, 2, or 1 where one serves as both
or the publisher does not count the embedding. `note` says what the columns cannot
(latent attention).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

__all__ = ["CatalogueGpu", "CatalogueLlm", "load_catalogue_gpus", "load_catalogue_llms"]

FOLDER = Path(__file__).parent
GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class CatalogueGpu:
    """One GPU type; units in the names (GB = 10^9 bytes, GiB = 2^30), arithmetic dense, link both
    directions together.
    """

    gpu: str
    vendor: str
    memory_gib: float
    memory_basis: str
    memory_bandwidth_gb_per_s: float
    bf16_dense_tflops: float
    fp8_dense_tflops: float | None
    four_bit_weights_as: str
    link: str
    link_gb_per_s: float
    price_usd_per_gpu_h: float | None
    price_date: str
    price_source: str
    source: str


@dataclass(frozen=True, kw_only=True)
class CatalogueLlm:
    """One LLM; parameters in 10^9, sizes in elements, weights in GiB.

    experts and experts_per_token are 0 for dense LLMs, windowed_layers and window_tokens where all
    layers see the whole context; context_tokens is None where it is not known.
    """

    llm: str
    hf_id: str
    parameters_total_b: float
    parameters_active_b: float
    layers: int
    hidden_size: int
    heads: int
    kv_heads: int
    head_size: int
    windowed_layers: int
    window_tokens: int
    experts: int
    experts_per_token: int
    context_tokens: int | None
    vocabulary: int
    vocabulary_matrices: int
    weights_gib_16bit: float
    weights_gib_8bit: float
    note: str
    source: str


@cache
def load_catalogue_gpus() -> Mapping[str, CatalogueGpu]:
    """Every catalogued GPU type by its key, in the file's order.

    Read once; the mapping cannot be changed.
    """
    gpus = {}
    for row in _rows("gpus.csv"):
        gpus[row["gpu"]] = CatalogueGpu(
            gpu=row["gpu"],
            vendor=row["vendor"],
            memory_gib=float(row["memory_gib"]),
            memory_basis=row["memory_basis"],
            memory_bandwidth_gb_per_s=float(row["memory_bandwidth_gb_per_s"]),
            bf16_dense_tflops=float(row["bf16_dense_tflops"]),
            fp8_dense_tflops=_number_or_none(row["fp8_dense_tflops"]),
            four_bit_weights_as=row["four_bit_weights_as"],
            link=row["link"],
            link_gb_per_s=float(row["link_gb_per_s"]),
            price_usd_per_gpu_h=_number_or_none(row["price_usd_per_gpu_h"]),
            price_date=row["price_date"],
            price_source=row["price_source"],
            source=row["source"],
        )
    return MappingProxyType(gpus)


@cache
def load_catalogue_llms() -> Mapping[str, CatalogueLlm]:
    """Every catalogued LLM by its key, in the file's order.

    Read once; the mapping cannot be changed.
    """
    llms = {}
    for row in _rows("llms.csv"):
        llms[row["llm"]] = CatalogueLlm(
            llm=row["llm"],
            hf_id=row["hf_id"],
            parameters_total_b=float(row["parameters_total_b"]),
            parameters_active_b=float(row["parameters_active_b"]),
            layers=int(row["layers"]),
            hidden_size=int(row["hidden_size"]),
            heads=int(row["heads"]),
            kv_heads=int(row["kv_heads"]),
            head_size=int(row["head_size"]),
            windowed_layers=int(row["windowed_layers"]),
            window_tokens=int(row["window_tokens"]),
            experts=int(row["experts"]),
            experts_per_token=int(row["experts_per_token"]),
            context_tokens=_tokens_or_none(row["context_tokens"]),
            vocabulary=int(row["vocabulary"]),
            vocabulary_matrices=int(row["vocabulary_matrices"]),
            weights_gib_16bit=float(row["weights_gib_16bit"]),
            weights_gib_8bit=float(row["weights_gib_8bit"]),
            note=row["note"],
            source=row["source"],
        )
    return MappingProxyType(llms)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number_or_none(text: str) -> float | None:
    return float(text) if text else None


def _tokens_or_none(text: str) -> int | None:
    """A whole number of tokens; ValueError for another text than one or none."""
    if not text:
        return None
    tokens = int(text)
    if tokens < 1:
        raise ValueError(f"a context of {text} tokens")
    return tokens
