"""Writes profiles.csv and scores.csv of every example; the same bytes every time. Run: `python -m examples.make_examples`.

Profiles are estimates (`profiles.roofline`), not measurements; those of from-benchmarks come from simulated benchmark files
(`examples.benchmark_runs`). Scores are drawn, not predicted: LLM i answers prompt n of topic t with

    score = 1 / (1 + exp(-(skill_i + taste_it - hurt_i * difficulty_n + luck_in)))          rounded to 4 decimals

difficulty ~ N(0, 1) is common to all LLMs and makes their scores rise and fall together; taste ~ N(0, .3) per LLM and topic (8 topics) and
luck ~ N(0, .7) per answer make each LLM the best one somewhere. Larger LLMs have more skill and are hurt less by difficulty.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from profiles.catalogue import load_gpus, load_llms
from profiles.roofline import estimate_points

FOLDER = Path(__file__).parent
TOPICS = 8
TASTE, LUCK = 0.3, 0.7
OPTION_COLUMNS = ("llm", "gpu", "tp_degree", "mps_share_pct", "rate_rps")
MEANS = ("ttft_mean_ms", "tpot_mean_ms", "e2e_mean_ms")
TTFT_PERCENTILES = ("ttft_p50_ms", "ttft_p90_ms", "ttft_p95_ms", "ttft_p99_ms")
TPOT_PERCENTILES = ("tpot_p50_ms", "tpot_p90_ms", "tpot_p95_ms", "tpot_p99_ms")
ABOUT_COLUMNS = ("memory_gib_per_gpu", "input_tokens", "output_tokens", "provenance", "source")
SOURCE = "roofline from the catalogues; shares below 100 % beside busy neighbours"


@dataclass(frozen=True)
class Example:
    """One example. skill and hurt: per LLM, in logits; tokens are means of a request; prompts: rows of the scores table."""

    name: str
    gpus: tuple[str, ...]
    llms: tuple[str, ...]
    skill: tuple[float, ...]
    hurt: tuple[float, ...]
    shares_pct: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    prompts: int
    seed: int
    latency_columns: tuple[str, ...] = MEANS
    tp_degrees: tuple[int, ...] = (1, 2, 4)


EXAMPLES = (
    Example(
        name="paper-trio",
        gpus=("A100-PCIe-80GB",),
        llms=("mistral-7b", "wizardlm-13b", "yi-34b"),
        skill=(-0.05, 0.15, 0.5),
        hurt=(1.1, 0.95, 0.8),
        shares_pct=tuple(range(10, 101, 10)),
        input_tokens=140,
        output_tokens=80,
        prompts=2000,
        seed=11,
    ),
    Example(
        name="two-gpu-types",
        gpus=("A100-PCIe-80GB", "L40S-48GB"),
        llms=("llama-3.2-3b", "llama-3.1-8b", "qwen2.5-14b", "llama-3.3-70b"),
        skill=(-0.35, 0.1, 0.4, 0.9),
        hurt=(1.2, 1.0, 0.9, 0.75),
        shares_pct=(25, 50, 75, 100),
        input_tokens=600,
        output_tokens=150,
        prompts=2000,
        seed=12,
    ),
    Example(
        name="percentile-slo",
        gpus=("H100-SXM-80GB",),
        llms=("qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b"),
        skill=(0.05, 0.35, 0.7),
        hurt=(1.05, 0.95, 0.8),
        shares_pct=(25, 50, 75, 100),
        input_tokens=1000,
        output_tokens=250,
        prompts=2000,
        seed=13,
        latency_columns=MEANS + TTFT_PERCENTILES + TPOT_PERCENTILES,
    ),
    Example(
        name="cheapest-floor",
        gpus=("L40S-48GB", "A100-PCIe-80GB", "H100-SXM-80GB"),
        llms=("llama-3.1-8b", "mistral-small-24b", "llama-3.3-70b"),
        skill=(0.0, 0.45, 0.8),
        hurt=(1.05, 0.9, 0.75),
        shares_pct=(50, 100),
        input_tokens=500,
        output_tokens=200,
        prompts=2000,
        seed=14,
    ),
)


def profile_table(example: Example) -> list[dict[str, object]]:
    """Rows of profiles.csv: one per option and load point; options that do not fit are left out."""
    rows: list[dict[str, object]] = []
    for llm in example.llms:
        for gpu in example.gpus:
            for tp_degree in example.tp_degrees:
                for share_pct in example.shares_pct:
                    points = estimate_points(
                        load_llms()[llm], load_gpus()[gpu], tp_degree, share_pct / 100, example.input_tokens, example.output_tokens
                    )
                    option = {"llm": llm, "gpu": gpu, "tp_degree": tp_degree, "mps_share_pct": share_pct}
                    rows.extend(option | _told(point, example) for point in points)
    return rows


def _told(point: dict[str, float], example: Example) -> dict[str, object]:
    latencies = {column: round(point[column], 2 if column.startswith("tpot") else 1) for column in example.latency_columns}
    return {
        "rate_rps": float(f"{point['rate_rps']:.4g}"),
        **latencies,
        "memory_gib_per_gpu": math.floor(10 * point["memory_gib_per_gpu"]) / 10,  # not up: a KV cache that fills the GPU must still fit
        "input_tokens": example.input_tokens,
        "output_tokens": example.output_tokens,
        "provenance": "estimated",
        "source": SOURCE,
    }


def score_table(example: Example) -> np.ndarray:
    """Scores, (prompts, LLMs) in 0..1. RandomState, because numpy promises that its streams never change; default_rng's may."""
    random = np.random.RandomState(example.seed)
    topic = random.randint(TOPICS, size=example.prompts)
    difficulty = random.standard_normal(example.prompts)[:, None]
    taste = TASTE * random.standard_normal((TOPICS, len(example.llms)))
    luck = LUCK * random.standard_normal((example.prompts, len(example.llms)))
    logit = np.array(example.skill) + taste[topic] - np.array(example.hurt) * difficulty + luck
    return np.round(1 / (1 + np.exp(-logit)), 4)


def write_example(example: Example, folder: Path) -> None:
    """Write profiles.csv and scores.csv of one example into a folder that exists."""
    columns = OPTION_COLUMNS + example.latency_columns + ABOUT_COLUMNS
    profiles = [[row[column] for column in columns] for row in profile_table(example)]
    _write(folder / "profiles.csv", columns, profiles)
    write_scores(example, folder)


def write_scores(example: Example, folder: Path) -> None:
    """Write scores.csv of one example into a folder that exists."""
    prompts = [[f"p{number:04d}", *(f"{score:.4f}" for score in row)] for number, row in enumerate(score_table(example), 1)]
    _write(folder / "scores.csv", ("prompt_id", *example.llms), prompts)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    from examples.benchmark_runs import write_benchmarks  # knows this module

    for one in EXAMPLES:
        write_example(one, FOLDER / one.name)
    write_benchmarks(FOLDER / "from-benchmarks")
