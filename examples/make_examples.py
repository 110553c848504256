"""Writes profiles.csv and scores.csv of every example; the same bytes every time.

Run: `python -m examples.make_examples`.

Profiles are estimates, not measurements: what the command `profile estimate` writes with the
options that each example's README lists; those of from-benchmarks come from simulated benchmark
files (`examples.benchmark_runs`). Scores are drawn, not predicted: LLM i answers prompt n of topic
t with

    score = 1 / (1 + exp(-(skill_i + taste_it - hurt_i * difficulty_n + luck_in)))          rounded
    to 4 decimals

difficulty ~ N(0, 1) is common to all LLMs and makes their scores rise and fall together; taste ~
N(0, .3) per LLM and topic (8 topics) and luck ~ N(0, .7) per answer make each LLM the best one
somewhere. Larger LLMs have more skill and are hurt less by difficulty.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from models.serving.workload import lognormal_workload
from planner.profiling.estimate import COLUMNS, estimate_requests, estimate_table
from planner.profiling.simulated_load import OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.io.writing import write_csv

FOLDER = Path(__file__).parent
TOPICS = 8
TASTE, LUCK = 0.3, 0.7


@dataclass(frozen=True, kw_only=True)
class Example:
    """One example. skill and hurt: per LLM, in logits; tokens are means of a request; prompts: rows
    of the scores table.

    requests, seeds: simulated at one rate of one option, in so many runs; highest_load: where
    curves end, so that plans keep the rest of the capacity in hand.
    """

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
    requests: int = 5000
    seeds: int = 4
    highest_load: float = 0.9
    tp_degrees: tuple[int, ...] = (1, 2, 4)


EXAMPLES = (
    Example(
        name="paper-trio",
        gpus=("A100-SXM-80GB",),
        llms=("mistral-7b", "wizardlm-13b", "yi-34b"),
        skill=(-0.05, 0.15, 0.5),
        hurt=(1.1, 0.95, 0.8),
        shares_pct=tuple(range(30, 101, 10)),
        input_tokens=240,
        output_tokens=40,
        prompts=2000,
        seed=11,
    ),
    Example(
        name="two-gpu-types",
        gpus=("A100-PCIe-80GB", "L40S-48GB"),
        llms=("llama-3.2-3b", "llama-3.1-8b", "qwen2.5-14b", "llama-3.3-70b"),
        skill=(-0.35, 0.1, 0.4, 0.9),
        hurt=(1.2, 1.0, 0.9, 0.75),
        shares_pct=(30, 50, 70, 100),
        input_tokens=600,
        output_tokens=150,
        prompts=2000,
        seed=12,
        highest_load=0.8,
    ),
    Example(
        name="percentile-slo",
        gpus=("H100-SXM-80GB",),
        llms=("qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b"),
        skill=(0.05, 0.35, 0.7),
        hurt=(1.05, 0.95, 0.8),
        shares_pct=(30, 50, 70, 100),
        input_tokens=1000,
        output_tokens=250,
        prompts=2000,
        seed=13,
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
        highest_load=0.8,
    ),
)

PAPER_STUDY = replace(EXAMPLES[0], name="paper-study", shares_pct=tuple(range(10, 101, 10)))
"""The published study takes shares in steps of 10 %; of its folder only profiles.csv is made."""


DAY_PROFILES = "two-gpu-types"
DAY_SHARES_PCT = ("50", "100")
_DAY = Example(
    name="day",
    gpus=("A100-PCIe-80GB", "L40S-48GB"),
    llms=("llama-3.1-8b", "qwen2.5-14b", "llama-3.3-70b", "frontier-api"),
    skill=(0.1, 0.4, 0.9, 1.2),
    hurt=(1.0, 0.9, 0.75, 0.6),
    shares_pct=(50, 100),
    input_tokens=600,
    output_tokens=150,
    prompts=600,
    seed=15,
    highest_load=0.8,
)
DAY_CLASSES = {
    "chat": _DAY,
    "batch": replace(
        _DAY, llms=_DAY.llms[:3], skill=(-0.3, 0.3, 1.1), hurt=_DAY.hurt[:3], prompts=400, seed=16
    ),
}
"""Scores of each class of the example `day`; its profiles are rows of DAY_PROFILES."""

FLEET_DAY = Example(
    name="fleet-day",
    gpus=("A100-PCIe-80GB", "L40S-48GB"),
    llms=(
        "llama-3.2-3b",
        "llama-3.1-8b",
        "qwen2.5-14b",
        "mistral-small-24b",
        "qwen2.5-32b",
        "llama-3.3-70b",
    ),
    skill=(-0.35, 0.1, 0.4, 0.6, 0.75, 0.95),
    hurt=(1.2, 1.0, 0.9, 0.85, 0.8, 0.72),
    shares_pct=(100,),
    input_tokens=600,
    output_tokens=150,
    prompts=800,
    seed=17,
    highest_load=0.8,
)
FLEET_DAY_SCORES = {
    "scores": FLEET_DAY,
    "batch": replace(FLEET_DAY, skill=(-0.6, -0.1, 0.3, 0.6, 0.8, 1.1), prompts=500, seed=18),
}
"""Tables of scores of the example `fleet-day`: of all requests, or chats alone, and of batch ones.
"""


def profile_table(example: Example, jobs: int = 0) -> pd.DataFrame:
    """Rows of profiles.csv: one per option and load point; options that do not fit are left out.

    jobs: processes, 0 = one per core.
    """
    lengths = lognormal_workload(example.input_tokens, example.output_tokens)
    offered = OfferedLoad(
        lengths=lengths,
        requests=example.requests,
        seeds=example.seeds,
        highest_load=example.highest_load,
    )
    llms, gpus = (
        [load_catalogue_llms()[name] for name in example.llms],
        [load_catalogue_gpus()[name] for name in example.gpus],
    )
    estimate = estimate_table(
        estimate_requests(llms, gpus, example.tp_degrees, example.shares_pct, offered), jobs
    )
    return pd.DataFrame(estimate.rows, columns=list(COLUMNS))


def score_table(example: Example) -> np.ndarray:
    """Scores, (prompts, LLMs) in 0..1.

    RandomState, because numpy promises that its streams never change; default_rng's may.
    """
    random = np.random.RandomState(example.seed)
    topic = random.randint(TOPICS, size=example.prompts)
    difficulty = random.standard_normal(example.prompts)[:, None]
    taste = TASTE * random.standard_normal((TOPICS, len(example.llms)))
    luck = LUCK * random.standard_normal((example.prompts, len(example.llms)))
    logit = np.array(example.skill) + taste[topic] - np.array(example.hurt) * difficulty + luck
    return np.round(1 / (1 + np.exp(-logit)), 4)


def write_example(example: Example, folder: Path) -> None:
    """Write profiles.csv and scores.csv of one example into a folder that exists."""
    write_csv(profile_table(example), folder / "profiles.csv")
    write_scores(example, folder)


def write_day(folder: Path) -> None:
    """Write the tables of the example `day` into a folder that exists."""
    with (FOLDER / DAY_PROFILES / "profiles.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    llm, share = head.index("llm"), head.index("mps_share_pct")
    kept = [row for row in rows if row[llm] in _DAY.llms and row[share] in DAY_SHARES_PCT]
    _write(folder / "profiles.csv", head, kept)
    for name, example in DAY_CLASSES.items():
        write_scores(example, folder, f"{name}.csv")


def write_fleet_day(folder: Path) -> None:
    """Write the tables of the example `fleet-day` into a folder that exists."""
    write_csv(profile_table(FLEET_DAY), folder / "profiles.csv")
    for name, example in FLEET_DAY_SCORES.items():
        write_scores(example, folder, f"{name}.csv")


def write_scores(example: Example, folder: Path, name: str = "scores.csv") -> None:
    """Write the scores of one example into a folder that exists."""
    prompts = [
        [f"p{number:04d}", *(f"{score:.4f}" for score in row)]
        for number, row in enumerate(score_table(example), 1)
    ]
    _write(folder / name, ("prompt_id", *example.llms), prompts)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    from examples.benchmark_runs import write_benchmarks  # knows this module

    for one in EXAMPLES:
        write_example(one, FOLDER / one.name)
    write_day(FOLDER / "day")
    write_fleet_day(FOLDER / FLEET_DAY.name)
    write_csv(profile_table(PAPER_STUDY), FOLDER / PAPER_STUDY.name / "profiles.csv")
    write_benchmarks(FOLDER / "from-benchmarks")
