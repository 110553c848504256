"""A small sound scenario with classes, cases, an LLM outside and a budget, and its tables."""

from pathlib import Path

import pytest

from planner.scenario.assemble import LoadResult, assemble_instance
from profiles.io.faults import DataError, Fault
from tests.support.scenarios.scenario_case import PROFILES

DAY = """\
version: 1
name: day
pools:
  - {name: a, gpu: G, nodes: 2, gpus_per_node: 4, memory_gib: 80, price_usd_per_gpu_h: 2}
llms:
  - {name: far, api: {usd_per_1m_input_tokens: 2, usd_per_1m_output_tokens: 8, max_rate_rps: 50, ttft_mean_ms: 420, ttft_p95_ms: 900}}
  - {name: NO, weights_gib: 10}
  - {name: NA, weights_gib: 20, max_replicas: 2}
profiles: profiles.csv
scores: scores.csv
slo:
  - {metric: ttft, statistic: mean, limit_ms: 300}
objective: {maximize: quality, cost_at_most_usd_per_h: 40}
classes:
  - {name: chat, slo: [{metric: ttft, statistic: p95, limit_ms: 500}], input_tokens: 800, output_tokens: 200, work: {NA: 1.5}}
  - {name: batch, scores: batch.csv, llms: [NA, NO], quality_at_least: 0.3, weight: 0.5}
cases:
  - {name: day, hours: 14, arrival_rate_rps: {chat: 4, batch: 1}}
  - {name: night, hours: 10, arrival_rate_rps: {chat: 0, batch: 2}}
  - {name: node-lost, hours: 0, arrival_rate_rps: {chat: 2, batch: 0}, lost_nodes: {a: 1}, slo_factor: 1.5, quality_at_least: 0.2}
"""  # noqa: E501

SCORES = """\
prompt_id,NO,NA,far,weight
p1,0.5,0.25,0.75,1
p2,0.75,1,0.5,3
"""

BATCH = """\
prompt_id,NA,NO
b1,0.5,0.25
b2,0.125,1
b3,0.25,0.5
"""

DEMAND = """\
case,class,rate_rps
night,chat,0
day,batch,1
day,chat,4
night,batch,2
node-lost,chat,2
node-lost,batch,0
"""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Folder with the scenario and its tables."""
    write_day(tmp_path)
    return tmp_path


def write_day(folder: Path) -> Path:
    """Write the scenario and its tables; the scenario's path."""
    for name, text in {
        "scenario.yaml": DAY,
        "profiles.csv": PROFILES,
        "scores.csv": SCORES,
        "batch.csv": BATCH,
        "demand.csv": DEMAND,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "scenario.yaml"


def load_day(folder: Path, *overrides: str) -> LoadResult:
    """The scenario as `plan` loads it."""
    return assemble_instance(folder / "scenario.yaml", overrides, cells=True)


def demand_faults_of(folder: Path, *overrides: str) -> list[Fault]:
    """All faults, each with a problem and a fix on one line."""
    with pytest.raises(DataError) as caught:
        load_day(folder, *overrides)
    for fault in caught.value.faults:
        assert fault.problem
        assert fault.fix
        assert "\n" not in str(fault)
    return list(caught.value.faults)


def demand_fault_lines(folder: Path, *overrides: str) -> str:
    """The faults as they are printed."""
    return "\n".join(map(str, demand_faults_of(folder, *overrides)))


def rates_in_a_table(folder: Path) -> None:
    """Move the rates of the scenario into demand.csv."""
    path = folder / "scenario.yaml"
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if ", arrival_rate_rps: {" in line:
            head, tail = line.split(", arrival_rate_rps: {")
            line = head + tail.partition("}")[2]
        lines.append(line)
    path.write_text("\n".join([*lines, "demand: demand.csv", ""]), encoding="utf-8")
