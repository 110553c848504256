"""`baselines` of a day on the command line."""

from pathlib import Path

import pandas as pd

from tests.support.paths import HOME
from tests.support.planner_run import run_planner

DAY = str(HOME / "examples/day/scenario.yaml")
SMALL = """
version: 1
name: small
pools: [{name: p, gpu: X, nodes: 2, gpus_per_node: 1, memory_gib: 80, price_usd_per_gpu_h: 1}]
llms: [{name: a}]
profiles: profiles.csv
scores: scores.csv
slo: []
objective: {maximize: quality}
cases:
  - {name: day, hours: 8, arrival_rate_rps: 12}
  - {name: night, hours: 16, arrival_rate_rps: 3}
"""
PROFILES = """llm,gpu,tp_degree,mps_share_pct,memory_gib_per_gpu,rate_rps,ttft_mean_ms,provenance
a,X,1,100,20,0,100,measured
a,X,1,100,20,10,200,measured
"""


def test_the_table_is_printed_and_written(tmp_path: Path):
    csv, scenario = tmp_path / "rows.csv", tmp_path / "scenario.yaml"
    scenario.write_text(SMALL)
    (tmp_path / "profiles.csv").write_text(PROFILES)
    (tmp_path / "scores.csv").write_text("prompt_id,a\nx,0.5\n")
    done = run_planner(["baselines", str(scenario), "--quiet", "--csv", str(csv)], HOME)
    assert done.returncode == 0, done.stderr
    assert "peak alone" in done.stdout
    assert pd.read_csv(csv)["Plan"].tolist()[0] == "joint plan"


def test_grades_are_refused_in_words(tmp_path: Path):
    grades = tmp_path / "grades.csv"
    grades.write_text("prompt_id,a\nx,1\n")
    done = run_planner(["baselines", DAY, "--grades", str(grades)], HOME)
    assert done.returncode == 2
    assert "take no grades yet" in done.stderr
