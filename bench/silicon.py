"""The silicon measurements as calibration points: which rows, which precision, which scheduler.

What the step time cannot express is left out, with the reason: data-parallel attention, more than 8
GPUs, degrees that contradict each other, heads that do not divide, one request that does not fit
the cache by our arithmetic; so are rows without a concurrency and those the data's README doubts.
Experts that are split over as many GPUs as the rest count as tensor parallel. A blank precision is
read as 16 bit; 8-bit weights compute on the fp8 units, 4-bit ones on the 16-bit units (on Blackwell
on the fp8 units). The cache has 16 bits a number, under TensorRT-LLM with 8-bit weights 8: that is
inferred from long contexts that would not fit otherwise.
"""

import csv
from collections import Counter
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
from profiles.catalogue import CatalogueLlm, load_catalogue_gpus, load_catalogue_llms

__all__ = ["SCHEDULERS_OF", "SiliconRow", "read_silicon"]

LLMS = {
    "Qwen/Qwen3-32B": "qwen3-32b",
    "Qwen/Qwen3-235B-A22B-FP8": "qwen3-235b-a22b",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "meta-llama/Llama-3.1-70B": "llama-3.1-70b",
    "openai/gpt-oss-120b": "gpt-oss-120b",
    "MiniMaxAI/MiniMax-M2.5": "minimax-m2.5",
    "Qwen/Qwen3.5-397B-A17B": "qwen3.5-397b-a17b",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
    "deepseek-ai/DeepSeek-V3": "deepseek-v3",
    "moonshotai/Kimi-K2.5": "kimi-k2.5",
    "zhipuai/GLM-5": "glm-5",
    "nvidia/DeepSeek-R1-NVFP4": "deepseek-r1",
    "nvidia/DeepSeek-V3.1-NVFP4": "deepseek-v3",
    "nvidia/Llama-3.1-8B-Instruct-FP8": "llama-3.1-8b",
    "nvidia/Qwen3-32B-NVFP4": "qwen3-32b",
}
GPUS = {
    "h100_sxm": "H100-SXM-80GB",
    "h200_sxm": "H200-SXM-141GB",
    "b200_sxm": "B200-SXM-180GB",
    "b300_sxm": "B300-SXM-288GB",
    "gb200": "GB200-NVL72-186GB",
}
WEIGHT_BITS = {"": 16, "bf16": 16, "fp8": 8, "fp4": 4, "int4": 4}
SCHEDULERS_OF = {
    "trtllm": ("slots", "single", "prefill_first"),
    "vllm": ("chunked", "single"),
    "sglang": ("prefill_first", "chunked", "single"),
}
"""Backend -> schedulers it may show, the likelier first."""
MOST_GPUS = 8
DOUBTED = (
    ("Qwen/Qwen3-235B-A22B-FP8", "h200_sxm", "vllm"),
    ("nvidia/Llama-3.1-8B-Instruct-FP8", "h200_sxm", "vllm"),
)
"""LLM, GPU and backend of rows that the data's README calls doubtful."""


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


def read_silicon(path: Path) -> tuple[list[SiliconRow], Counter[str]]:
    """Rows in the file's order; and how many are left out, by reason."""
    with path.open(encoding="utf-8", newline="") as file:
        read = [_row(cells) for cells in csv.DictReader(file)]
    rows = [row for row in read if not isinstance(row, str)]
    return rows, Counter(row for row in read if isinstance(row, str))


def _inexpressible(cells: dict[str, str], llm: CatalogueLlm) -> str:
    """Why the step time has no words for how a row was measured, "" where it has."""
    degree = float(cells["tp_size"])
    experts = float(cells["moe_tp_size"] or 0) * float(cells["moe_ep_size"] or 0)
    if not cells["concurrency"]:
        return "no concurrency"
    if float(cells["attention_dp_size"] or 1) > 1:
        return "data-parallel attention"
    if llm.experts and experts not in (0, degree):
        return "degrees of attention and of experts contradict each other"
    if degree > MOST_GPUS:
        return "more than 8 GPUs"
    if not step_fits_shards(llm, int(degree)):
        return "heads that do not divide"
    if (cells["model_path"], cells["system"], cells["backend"]) in DOUBTED:
        return "called doubtful where the data come from"
    return ""


def _row(cells: dict[str, str]) -> SiliconRow | str:
    """A row, or why it is left out."""
    if reason := _inexpressible(cells, load_catalogue_llms()[LLMS[cells["model_path"]]]):
        return reason
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
    if tokens < step.seen(np.array(prompt + output)):
        return "one request does not fit the cache by our arithmetic"
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
