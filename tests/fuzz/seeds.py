"""Valid inputs of every kind: small, the same bytes every time."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.csv as pc
import pyarrow.parquet as pq

from tests.fuzz.child import call_command, in_child
from tests.fuzz.libraries import LIBRARY, write_library_seed
from tests.fuzz.trees import yaml_block
from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.grade_files import (
    GRADES,
    llm_router_bench,
    lm_eval_rows,
    router_bench_csv,
    semantic_router_rows,
    write_lines,
)
from tests.support.scenarios.imports import STANDARD
from tests.support.scenarios.log_files import write_every_log
from tests.support.scenarios.played_server import write_metrics
from tests.support.scenarios.small_scenarios import write_scenario

__all__ = ["BENCHMARKS", "KINDS", "NEEDS", "make_seeds"]

RICH = """version: 1
name: rich
pools:
  - {name: a, gpu: A100-PCIe-80GB, nodes: 1, gpus_per_node: 2, price_usd_per_gpu_h: 1.8}
  - {name: l, gpu: L40S-48GB, nodes: 2, gpus_per_node: 2, memory_gib: 44}
llms: [{name: llama-3.1-8b, min_replicas: 1}, {name: qwen2.5-14b, max_replicas: 2}]
profiles: wide.csv
scores: weighted.csv
scores_missing: drop
arrival_rate_rps: 12
slo:
  - {metric: ttft, statistic: p95, limit_ms: 900}
  - {metric: tpot, statistic: mean, limit_ms: 60, scope: each_llm}
objective: {minimize: cost, quality_at_least: 0.6}
setups: {tp_degrees: [1, 2], mps_shares_pct: [50, 100], memory_headroom_pct: 10}
headroom: {slo_pct: 5, rate_pct: 2.5, utilization_pct: 1}
solver: {rel_gap: 1.0e-3, time_limit_s: 2, seed: 1}
"""
DAY = """version: 1
name: day
pools:
  - {name: a, gpu: A100-PCIe-80GB, nodes: 2, gpus_per_node: 2, price_usd_per_gpu_h: 1.8}
llms:
  - {name: llama-3.1-8b}
  - name: far
    api: {usd_per_1m_input_tokens: 1, usd_per_1m_output_tokens: 2, max_rate_rps: 9,
          ttft_p95_ms: 700, tpot_mean_ms: 20}
  - {name: qwen2.5-14b, max_replicas: 2}
profiles: wide.csv
scores: weighted.csv
scores_missing: drop
slo: [{metric: tpot, statistic: mean, limit_ms: 90}]
objective: {maximize: quality, cost_at_most_usd_per_h: 9}
classes:
  - name: chat
    scores: day-chat.csv
    slo: [{metric: ttft, statistic: p95, limit_ms: 900}]
    input_tokens: 300
    output_tokens: 100
    work: {llama-3.1-8b: 1.5}
  - {name: batch, llms: [qwen2.5-14b], quality_at_least: 0.2, work: 2, weight: 0.5}
cases:
  - {name: day, hours: 14}
  - {name: lost, hours: 0, lost_nodes: {a: 1}, slo_factor: 1.5, quality_at_least: 0.1}
demand: day-rates.csv
solver: {time_limit_s: 2}
"""
DAY_RATES = """case,class,rate_rps
day,chat,3
day,batch,1.5
lost,chat,2
lost,batch,0
"""
DAY_CHAT = """prompt_id,far,qwen2.5-14b,llama-3.1-8b
c1,0.9,0.7,0.5
c2,0.8,0.85,0.4
c3,0.7,0.6,0.65
"""
MAPPING = """defaults: {gpu: H100-SXM-80GB, tp: 1, share: 100}
files:
  - {match: "*sglang*", tp: 2, llm: qwen3-8b}
  - {match: "vllm*", replicas: 2}
servers: [{match: {model_name: "Q*"}, tp: 1, llm: qwen3-8b}]
"""
SERVERS = "servers: [{match: {model_name: '*'}, llm: llama-3.1-8b}]\n"
BENCHMARKS = tuple(f"{name}.json" for name in STANDARD)
KINDS: Mapping[str, tuple[str, ...]] = {
    "scenario": ("scenario.yaml", "rich.yaml", "day.yaml", "parquet.yaml", "scenario.xlsx"),
    "demand": ("day-rates.csv", "day-chat.csv"),
    "table": ("profiles.csv", "wide.csv", "profiles.parquet", "wide.parquet"),
    "scores": ("scores.csv", "weighted.csv", "scores.parquet"),
    "graded": ("many.csv", "many-grades.csv"),
    "plan": ("plan.json", "other.json", "rich-plan.json", "infeasible.json", "day-plan.json"),
    "trace": ("trace.csv",),
    "servers": ("servers.yaml",),
    "mapping": ("mapping.yaml",),
    "grades": ("bench.json", "samples_arc.jsonl", "queries.jsonl", "routerbench.csv"),
    "log": (
        *("azure.csv", "burst.csv", "plain.csv", "rates.csv", "spans.json", "mooncake.jsonl"),
        *("router.jsonl", "otlp.jsonl"),
    ),
    "benchmark": (*BENCHMARKS, "lines.jsonl", "report.yaml", "wide.csv"),
    "metrics": ("scrapes.txt", "range.json"),
    "library": (LIBRARY,),
}
"""Kind of input -> the files of it."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "scenario.yaml": ("profiles.csv", "scores.csv"),
    "rich.yaml": ("wide.csv", "weighted.csv"),
    "day.yaml": ("wide.csv", "weighted.csv", "day-chat.csv", "day-rates.csv"),
    "parquet.yaml": ("profiles.parquet", "scores.parquet"),
    "plan.json": ("scenario.yaml", "profiles.csv", "scores.csv"),
    "other.json": ("scenario.yaml", "profiles.csv", "scores.csv"),
    "infeasible.json": ("scenario.yaml", "profiles.csv", "scores.csv"),
    "rich-plan.json": ("rich.yaml", "wide.csv", "weighted.csv"),
    "day-plan.json": ("day.yaml", "wide.csv", "weighted.csv", "day-chat.csv", "day-rates.csv"),
}
"""File -> what else is read with it."""
PLANS = {
    "plan.json": ("scenario.yaml", "arrival_rate_rps=10"),
    "other.json": ("scenario.yaml", "arrival_rate_rps=20"),
    "infeasible.json": ("scenario.yaml", "arrival_rate_rps=900"),
    "rich-plan.json": ("rich.yaml", "arrival_rate_rps=12"),
    "day-plan.json": ("day.yaml", "cases.0.hours=12"),
}


def make_seeds() -> dict[str, bytes]:
    """File name -> content, of every file of `KINDS`."""
    place = Path(tempfile.mkdtemp(prefix="fuzz-seeds-"))
    folder = place / "seeds"
    folder.mkdir()
    try:
        outcome = in_child(lambda: _write_seeds(folder), folder, place / "logs")
        if outcome.code != 0:
            raise AssertionError(f"the seeds could not be made: {outcome}")
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    finally:
        shutil.rmtree(place)


def _write_seeds(folder: Path) -> int:
    scenario = write_scenario(folder)
    text = scenario.read_text(encoding="utf-8") + "solver: {time_limit_s: 2}\n"
    scenario.write_text(text, encoding="utf-8")
    (folder / "rich.yaml").write_text(RICH, encoding="utf-8")
    (folder / "day.yaml").write_text(DAY, encoding="utf-8")
    (folder / "day-chat.csv").write_text(DAY_CHAT, encoding="utf-8")
    (folder / "day-rates.csv").write_text(DAY_RATES, encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "servers.yaml").write_text(SERVERS, encoding="utf-8")
    parquet = text.replace("files.csv", "files.parquet").replace("scores.csv", "scores.parquet")
    (folder / "parquet.yaml").write_text(parquet, encoding="utf-8")
    (folder / "wide.csv").write_text(_wide_table(), encoding="utf-8")
    (folder / "weighted.csv").write_text(_weighted_scores(), encoding="utf-8")
    (folder / "trace.csv").write_text(_trace(), encoding="utf-8")
    for name in ("profiles", "wide", "scores"):
        pq.write_table(pc.read_csv(folder / f"{name}.csv"), folder / f"{name}.parquet")
    _write_benchmarks(folder)
    _write_grades(folder)
    write_every_log(folder)
    write_metrics(folder)
    call_command(["init", "--from", "scenario.yaml", "--xlsx", "scenario.xlsx"])
    for name, (source, override) in PLANS.items():
        # Planned to its end also where others use the machine; what reads it ends soon.
        limit = ("--time-limit", "600")
        call_command(["plan", source, "--set", override, *limit, "--json", name, "--quiet"])
        plan = json.loads((folder / name).read_text(encoding="utf-8"))
        plan["overrides"]["solver.time_limit_s"] = 2.0
        _stop_clocks(plan)
        (folder / name).write_text(json.dumps(plan, indent=1), encoding="utf-8")
    write_library_seed(folder, ("plan.json", "other.json", "day-plan.json"))
    return 0


def _stop_clocks(tree: Any) -> None:
    """Zero instead of every duration that was measured."""
    if isinstance(tree, list):
        for value in tree:
            _stop_clocks(value)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if key == "wall_s":
                tree[key] = 0.0
            elif key == "seconds":
                tree[key] = dict.fromkeys(value, 0.0)
            else:
                _stop_clocks(value)


def _write_benchmarks(folder: Path) -> None:
    for name, (make, _) in STANDARD.items():
        (folder / f"{name}.json").write_text(json.dumps(make()), encoding="utf-8")
    runs = [vllm(request_rate=rate, request_throughput=rate) for rate in (1.0, 2.0)]
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, runs)), encoding="utf-8")
    report = yaml_block(STANDARD["report-ms"][0]())
    (folder / "report.yaml").write_text(report, encoding="utf-8")


def _write_grades(folder: Path) -> None:
    grades = GRADES["small"]
    text = json.dumps(llm_router_bench(grades), indent=1)
    (folder / "bench.json").write_text(text, encoding="utf-8")
    write_lines(folder / "samples_arc.jsonl", lm_eval_rows(grades, acc_norm=0.5))
    write_lines(folder / "queries.jsonl", semantic_router_rows())
    (folder / "routerbench.csv").write_text(router_bench_csv(), encoding="utf-8")
    for name, large, small in (("many", 7, 5), ("many-grades", 2, 3)):
        rows = [f"p{k},{k % large / large:.3f},{k % small / small:.3f}" for k in range(60)]
        text = "\n".join(["prompt_id,large,small", *rows]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def _wide_table() -> str:
    """Two LLMs on two GPU types, tp 1 and 2, shares 50 and 100, with every column."""
    metrics = {"ttft": 60.0, "tpot": 12.0, "e2e": 1500.0}
    statistics = {"mean": 1.0, "p50": 0.9, "p90": 1.5, "p95": 1.8, "p99": 2.5}
    columns = [f"{metric}_{statistic}_ms" for metric in metrics for statistic in statistics]
    key = "llm,gpu,tp_degree,mps_share_pct,rate_rps"
    rows = [f"{key},{','.join(columns)},memory_gib_per_gpu,concurrency,provenance,source"]
    for llm, size in (("llama-3.1-8b", 1.0), ("qwen2.5-14b", 1.7)):
        for gpu, speed in (("A100-PCIe-80GB", 1.0), ("L40S-48GB", 0.6)):
            for tp, share in ((1, 50), (1, 100), (2, 100)):
                top = 8 * tp * share / 100 * speed / size
                for load in (0.1, 0.5, 0.95):
                    slow = size / speed * (1 + load) / tp
                    cells = [
                        f"{base * slow * factor:.3f}"
                        for base in metrics.values()
                        for factor in statistics.values()
                    ]
                    end = f"{16 * size / tp:.1f},{load * top * 1.5 * slow:.3f},measured,by hand"
                    rows.append(
                        f"{llm},{gpu},{tp},{share},{load * top:.4f},{','.join(cells)},{end}"
                    )
    return "\n".join(rows) + "\n"


def _weighted_scores() -> str:
    rows = ["prompt_id,weight,llama-3.1-8b,qwen2.5-14b"]
    rows += [f"p{k},{1 + k % 3},{0.3 + 0.02 * k:.3f},{0.9 - 0.017 * k:.3f}" for k in range(18)]
    return "\n".join(rows) + "\np18,1,,0.5\n"


def _trace() -> str:
    rows = [f"{0.1 * k + 0.03 * (k % 4):.3f},{100 + 7 * k},{20 + k}" for k in range(40)]
    return "\n".join(["arrival_s,input_tokens,output_tokens", *rows]) + "\n"
