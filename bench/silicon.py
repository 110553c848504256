"""The silicon measurements as calibration points: which rows, which precision, which scheduler.

Left out: rows without a concurrency, with data-parallel attention, with more than 8 GPUs, of LLMs
or GPUs that the catalogue lacks, with one request that does not fit the cache by our arithmetic,
and those the data's README doubts. A blank precision is read as 16 bit; 8-bit weights compute on
the fp8 units, 4-bit ones on the 16-bit units (on B200 on the fp8 units). The cache has 16 bits a
number, under TensorRT-LLM with 8-bit weights 8: that is inferred from long contexts that would not
fit otherwise.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.serving.batching import Limits
from models.serving.calibration import CalibrationPoint, teaches_calibration
from models.serving.step_time import (
    StepSettings,
    step_fits_shards,
    step_kv_token_gib,
    step_room_gib,
    step_time,
)
from models.serving.workload import fixed
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

__all__ = ["SCHEDULERS_OF", "SiliconRow", "read_silicon"]

LLMS = {
    "Qwen/Qwen3-32B": "qwen3-32b",
    "Qwen/Qwen3-235B-A22B-FP8": "qwen3-235b-a22b",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "meta-llama/Llama-3.1-70B": "llama-3.1-70b",
    "openai/gpt-oss-120b": "gpt-oss-120b",
}
GPUS = {"h100_sxm": "H100-SXM-80GB", "h200_sxm": "H200-SXM-141GB", "b200_sxm": "B200-SXM-180GB"}
WEIGHT_BITS = {"": 16, "bf16": 16, "fp8": 8, "fp4": 4}
SCHEDULERS_OF = {
    "trtllm": ("slots", "single", "prefill_first"),
    "vllm": ("chunked", "single"),
    "sglang": ("prefill_first", "chunked", "single"),
}
"""Backend -> schedulers it may show, the likelier first."""
MOST_GPUS = 8


@dataclass(frozen=True, kw_only=True)
class SiliconRow:
    """One measurement.

    taught: whether a fit may learn from it (neither short of cache nor faster than the GPU can).
    """

    llm: str
    gpu: str
    backend: str
    weight_bits: int
    tp_degree: int
    input_tokens: int
    output_tokens: int
    users: int
    point: CalibrationPoint
    taught: bool

    @property
    def group(self) -> str:
        """LLM, backend and precision on one GPU type."""
        return f"{self.llm}, {self.backend}, {self.weight_bits} bit"

    @property
    def cell(self) -> tuple[int, int, int, int]:
        """What was measured; repetitions share it."""
        return self.tp_degree, self.input_tokens, self.output_tokens, self.users


def read_silicon(path: Path) -> list[SiliconRow]:
    """Rows in the file's order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [_row(cells) for cells in csv.DictReader(file)]
    return [row for row in rows if row is not None]


def _row(cells: dict[str, str]) -> SiliconRow | None:
    known = (
        cells["model_path"] in LLMS
        and cells["system"] in GPUS
        and cells["precision"] in WEIGHT_BITS
    )
    if not known or not cells["concurrency"] or float(cells["tp_size"]) > MOST_GPUS:
        return None
    doubted = (
        cells["system"] == "h200_sxm"
        and cells["backend"] == "vllm"
        and cells["model_path"].startswith("Qwen/Qwen3-235B")
    )
    if doubted or float(cells["attention_dp_size"] or 1) > 1:
        return None
    llm, gpu, tp_degree = (
        load_catalogue_llms()[LLMS[cells["model_path"]]],
        load_catalogue_gpus()[GPUS[cells["system"]]],
        int(float(cells["tp_size"])),
    )
    weight_bits = WEIGHT_BITS[cells["precision"]]
    settings = StepSettings(
        weight_bits=weight_bits,
        kv_bits=8 if (cells["backend"], weight_bits) == ("trtllm", 8) else 16,
    )
    tokens = step_room_gib(llm, gpu, tp_degree, settings) / step_kv_token_gib(
        llm, tp_degree, settings
    )
    prompt, output, users = (int(float(cells[name])) for name in ("isl", "osl", "concurrency"))
    step = step_time(llm, gpu, tp_degree, 1.0, settings)
    if not step_fits_shards(llm, tp_degree) or tokens < step.seen(np.array(prompt + output)):
        return None
    point = CalibrationPoint(
        step=step,
        limits=Limits(tokens),
        lengths=fixed(prompt, output),
        users=users,
        rate=0.0,
        ttft=float(cells["silicon_ttft_ms"]) / 1000,
        tpot=float(cells["silicon_tpot_ms"]) / 1000,
        compute_efficiency=settings.compute_efficiency,
    )
    return SiliconRow(
        llm=llm.llm,
        gpu=gpu.gpu,
        backend=cells["backend"],
        weight_bits=settings.weight_bits,
        tp_degree=tp_degree,
        input_tokens=prompt,
        output_tokens=output,
        users=users,
        point=point,
        taught=teaches_calibration(point),
    )
