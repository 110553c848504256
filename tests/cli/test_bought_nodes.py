"""Numbers of nodes that a plan decides, through the commands: some decide, some go on with what a
plan has decided, the others refuse in the same words.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.scenario.assemble_demand import SIZING_REFUSED
from tests.support.scenarios.small_scenarios import write_scenario

FLOOR = "objective={minimize: cost, quality_at_least: 0.6}"
RANGE = "pools.0.nodes={at_least: 0, at_most: 4}"


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "100"})
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(tmp_path_factory.mktemp("sized"))


@pytest.fixture(scope="module")
def plan(case: Path) -> Path:
    """A plan that has decided its nodes."""
    path = case.parent / "plan.json"
    words = ("--set", FLOOR, "--set", RANGE, "--json", str(path))
    code, text = run("plan", str(case), *words)
    assert code == 0, text
    assert "buy: 1 node of" in text
    assert "numbers of nodes tried" in text or "number of nodes tried" in text
    return path


def test_the_plan_states_what_to_have(plan: Path) -> None:
    content = json.loads(plan.read_text(encoding="utf-8"))
    (pool,) = content["context"]["pools"]
    assert content["pools"] == [{"pool": pool["name"], "nodes": 1}]
    assert (pool["nodes"], pool["nodes_at_least"], pool["nodes_at_most"]) == (1, 0, 4)
    assert content["gpus_total"] == pool["gpus_per_node"]
    whole = pool["gpus_per_node"] * pool["price_usd_per_gpu_h"]
    assert content["cost_usd_per_h"] == pytest.approx(whole)


def test_commands_go_on_with_it(plan: Path, tmp_path: Path) -> None:
    assert run("diff", str(plan), str(plan))[0] == 0
    assert run("report", str(plan), "--xlsx", str(tmp_path / "report.xlsx"))[0] == 0
    assert run("export", str(plan), "--to", str(tmp_path / "bundle"))[0] == 0
    forged = json.loads(plan.read_text(encoding="utf-8"))
    forged["pools"][0]["nodes"] = 9
    (plan.parent / "forged.json").write_text(json.dumps(forged), encoding="utf-8")
    code, text = run("diff", str(plan.parent / "forged.json"), str(plan))
    assert code == 2
    assert "9 nodes of" in text


def test_a_sweep_decides_at_every_point(case: Path) -> None:
    varied = "arrival_rate_rps=10,20"
    code, text = run("sweep", str(case), "--set", FLOOR, "--set", RANGE, "--vary", varied)
    assert code == 0
    assert "2 of 2 points planned: 2 optimal" in text
    assert "nodes" in text.partition("Points")[2]


def test_others_refuse(case: Path) -> None:
    for command in ("check", "setups", "baselines"):
        code, text = run(command, str(case), "--set", FLOOR, "--set", RANGE)
        assert code == 2
        assert SIZING_REFUSED in " ".join(text.split())
    code, text = run("plan", str(case), "--set", FLOOR, "--set", RANGE, "--near", "2")
    assert code == 2
    assert "--near: this option of plan does not go with numbers of nodes" in text


def test_nothing_fits_the_most_nodes(case: Path) -> None:
    rate = "arrival_rate_rps=100000"
    code, text = run("plan", str(case), "--set", FLOOR, "--set", RANGE, "--set", rate, "--quiet")
    assert code == 3
    assert "arrival_rate_rps" in text
