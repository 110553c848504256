"""Files of examples/from-benchmarks: NOT measured, but what `vllm bench serve` would write if the
step-level engine were a server.

Each file is one run of SECONDS (FEWEST requests at least) with Poisson arrivals at one rate, in the
keys that the tool writes with
--save-result. The files' names and their `label` say that they are simulated. profiles.csv is then
what `profile import` makes of the folder; scores are drawn.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from examples.make_examples import Example, write_scores
from models.serving.batching import BatchExtras, Limits, serve_batches
from models.serving.step_time import StepSettings, step_kv_token_gib, step_room_gib, step_time
from models.serving.workload import (
    draw_front_ends,
    draw_workload_lengths,
    lognormal_workload,
    workload_unit_arrivals,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.importers.identify import read_identifying_mapping
from profiles.importers.pipeline import run_import_pipeline
from profiles.io.faults import DataError, Fault
from profiles.io.writing import write_csv

__all__ = ["BENCHMARKS", "RATES", "write_benchmarks"]

LABEL = "simulated by examples/benchmark_runs.py, not measured"
SECONDS, FEWEST = 900, 1000
SEED = 21
PERCENTILES = (90, 95, 99)

BENCHMARKS = Example(
    name="from-benchmarks",
    gpus=("A100-PCIe-80GB",),
    llms=("llama-3.1-8b", "qwen2.5-32b"),
    skill=(0.0, 0.6),
    hurt=(1.1, 0.85),
    shares_pct=(50, 100),
    input_tokens=300,
    output_tokens=120,
    prompts=2000,
    seed=15,
)
RATES = {
    ("llama-3.1-8b", 1, 50): (1, 3, 5, 7, 8),
    ("llama-3.1-8b", 1, 100): (2, 6, 10, 14, 18),
    ("llama-3.1-8b", 2, 50): (2, 5, 8, 10, 12),
    ("qwen2.5-32b", 1, 100): (0.5, 1.5, 2.5, 3.5, 4),
    ("qwen2.5-32b", 2, 50): (0.5, 1, 2, 2.5, 3),
    ("qwen2.5-32b", 2, 100): (1, 2.5, 4, 5.5, 7),
}
"""(LLM, GPUs, share in per cent) -> req/s."""


def write_benchmarks(folder: Path) -> None:
    """Write runs/*.json and scores.csv into the folder, and profiles.csv as `profile import` makes
    it with the folder's mapping.yaml.
    """
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    for (llm, tp_degree, share_pct), rates in RATES.items():
        for rate in rates:
            path = runs / f"simulated-{llm}-tp{tp_degree}-share{share_pct}-{rate:g}rps.json"
            path.write_text(
                json.dumps(simulated_run(llm, tp_degree, share_pct, rate), indent=1) + "\n",
                encoding="utf-8",
            )
    faults: list[Fault] = []
    given = read_identifying_mapping(folder / "mapping.yaml", {}, faults)
    if faults:
        raise DataError(faults)
    write_csv(run_import_pipeline([runs], given).frame, folder / "profiles.csv")
    write_scores(BENCHMARKS, folder)


def simulated_run(llm_name: str, tp_degree: int, share_pct: int, rate: float) -> dict[str, Any]:
    """Run one load test of the engine; keys and units of the tool."""
    llm, gpu, settings = (
        load_catalogue_llms()[llm_name],
        load_catalogue_gpus()[BENCHMARKS.gpus[0]],
        StepSettings(),
    )
    requests, random = max(FEWEST, round(SECONDS * rate)), np.random.RandomState(SEED)
    arrivals = workload_unit_arrivals(requests, 1.0, random) / rate
    prompts, answers = draw_workload_lengths(
        lognormal_workload(BENCHMARKS.input_tokens, BENCHMARKS.output_tokens), requests, random
    )
    cache = min(
        step_room_gib(llm, gpu, tp_degree, settings), 0.5 * share_pct / 100 * gpu.memory_gib
    )
    limits = Limits(cache / step_kv_token_gib(llm, tp_degree, settings))
    step = step_time(llm, gpu, tp_degree, share_pct / 100, settings)
    extras = BatchExtras(front_ends=step.front_end * draw_front_ends(requests, random))
    served = serve_batches(step, arrivals, prompts, answers, limits, extras=extras)
    tpot = served.tpot(answers)
    seconds = float(served.finish.max())
    content: dict[str, Any] = {
        "label": LABEL,
        "endpoint_type": "vllm",
        "model_id": llm.hf_id,
        "num_prompts": requests,
        "request_rate": rate,
        "burstiness": 1.0,
        "max_concurrency": None,
        "duration": round(seconds, 3),
        "completed": requests,
        "failed": 0,
        "total_input_tokens": int(prompts.sum()),
        "total_output_tokens": int(answers.sum()),
        "request_throughput": round(requests / seconds, 4),
    }
    for name, times in (
        ("ttft", served.ttft),
        ("tpot", tpot[~np.isnan(tpot)]),
        ("e2el", served.finish - served.arrival),
    ):
        content[f"mean_{name}_ms"] = round(1e3 * float(times.mean()), 3)
        content[f"median_{name}_ms"] = round(1e3 * float(np.median(times)), 3)
        content |= {
            f"p{p}_{name}_ms": round(1e3 * float(np.percentile(times, p)), 3) for p in PERCENTILES
        }
    return content
