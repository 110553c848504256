"""The command `route`: what it prints and writes, its exit codes and faults."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench import hw_router
from planner.cli.app import app
from planner.operation import prompt_routing
from tests.support.paths import SHARED
from tests.support.scenarios.small_scenarios import write_scenario

TABLES = SHARED / "data" / "hw-router"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scenario, planned by the command."""
    home = tmp_path_factory.mktemp("route")
    scenario = write_scenario(home, prompts=200, rate=50)
    done = CliRunner().invoke(
        app, ["plan", str(scenario), "--json", str(home / "plan.json"), "--quiet"]
    )
    assert done.exit_code == 0, done.stderr
    return home


@pytest.fixture
def routed(folder: Path) -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(
        app, ["route", str(folder / "plan.json"), *map(str, words)]
    )


def test_it_prints_and_writes(folder: Path, routed: Callable[..., Any]) -> None:
    done = routed("--json", folder / "reported.json", "--csv", folder / "reported.csv", "--rates")
    assert done.exit_code == 0, done.stderr
    for word in (
        "Fractions",
        "Limits",
        "The router against them",
        "What this rests on",
        "Prices over load",
        "This setup keeps every SLO",
    ):
        assert word in done.stdout
    assert done.stdout.index("Prices over load") < done.stdout.index("Fractions"), (
        "what was requested comes first"
    )
    content = json.loads((folder / "reported.json").read_text())
    assert content["fractions"]["realised"] == pytest.approx({"alpha": 0.5, "beta": 0.5})
    assert len(content["price_table"]["rows"]) >= 21
    assert (folder / "reported.csv").read_text().startswith("Routing,LLM,Limits")
    alone = routed("--json", "-", "--quiet")
    assert json.loads(alone.stdout)["verdict"] == content["verdict"]


def test_prompts_that_break_a_limit_exit_with_6(folder: Path, routed: Callable[..., Any]) -> None:
    rows = ["prompt_id,alpha,beta", *(f"q{k},0.9,0.1" for k in range(50))]
    (folder / "onesided.csv").write_text("\n".join(rows) + "\n")
    done = routed("--scores", folder / "onesided.csv")
    assert done.exit_code == 6, done.stdout + done.stderr
    assert "these prompts break a limit" in done.stdout


def test_faults_of_all_files_are_reported_in_one_go(
    folder: Path, routed: Callable[..., Any]
) -> None:
    (folder / "bad.csv").write_text("prompt_id,alpha,beta\na,x,0.5\na,0.1,inf\n")
    (folder / "worse.csv").write_text("prompt_id,alpha\na,0.5\n")
    done = routed("--scores", folder / "bad.csv", "--grades", folder / "worse.csv")
    assert done.exit_code == 2
    for word in ("bad.csv:row 2, column alpha", "bad.csv:row 3", "worse.csv:column beta"):
        assert word in done.stderr
    assert done.stdout == ""
    assert routed("--split", "0").exit_code == 2
    assert (
        "--csv cannot be written: there is no folder"
        in routed("--csv", folder / "nowhere" / "a.csv").stderr
    )
    assert CliRunner().invoke(app, ["route", str(folder / "no-plan.json")]).exit_code == 2


@pytest.mark.parametrize(
    ("llms", "split", "words"),
    [
        (["alpha", "beta"], [0.5, 1e-300], "ties.0.split: no router takes this plan"),
        (["alpha", "alpha"], [0.5, 0.5], "ties.0: no router takes this plan"),
        (["alpha", "beta"], [0, 0], "router.ties.0: not LLMs of the plan with a part each"),
    ],
)
def test_an_unverified_plan_that_no_router_takes_is_bad_input(
    llms: list[str], split: list[float], words: str, folder: Path
) -> None:
    content = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    content["router"]["ties"] = [{"llms": llms, "share": 0.1, "split": split}]
    damaged = folder / "damaged.json"
    damaged.write_text(json.dumps(content), encoding="utf-8")
    done = CliRunner().invoke(app, ["route", str(damaged), "--unverified"])
    assert (done.exit_code, words in done.stderr) == (2, True), done.stderr


def test_an_infeasible_plan_has_nothing_to_route_to(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path, limit_ms=1.0)
    assert (
        CliRunner()
        .invoke(app, ["plan", str(scenario), "--json", str(tmp_path / "plan.json")])
        .exit_code
        == 3
    )
    done = CliRunner().invoke(app, ["route", str(tmp_path / "plan.json")])
    assert done.exit_code == 3
    assert "No setup to work on" in done.stderr


@pytest.mark.skipif(not TABLES.is_dir(), reason="the tables of HW-Router are not here")
def test_five_real_llms_gain_little_over_the_best_and_it_says_so(tmp_path: Path) -> None:
    """Known of these tables, load ignored: the best prediction gains at most 0.009 over the best
    single LLM, the oracle 0.118.
    """
    effort = ("--rates", "4", "--requests", "400", "--seeds", "2", "--jobs", "1")
    scenario, plan = hw_router.make(TABLES, tmp_path, effort=effort), tmp_path / "plan.json"
    assert (
        CliRunner().invoke(app, ["plan", str(scenario), "--json", str(plan), "--quiet"]).exit_code
        == 0
    )
    done = CliRunner().invoke(
        app, ["route", str(plan), "--grades", str(tmp_path / hw_router.GRADES), "--json", "-"]
    )
    assert done.exit_code in (0, 6), done.stderr
    content = json.loads(done.stdout)
    assert content["prompts"] == 1640
    against = {one["against"]: one for one in content["comparisons"]}
    quality = {one["routing"]: one for one in content["routings"]}
    assert quality[prompt_routing.ALONE]["llm"] == "Qwen2.5-14B-Instruct"
    assert quality[prompt_routing.BEST]["graded"] - quality[prompt_routing.ALONE][
        "graded"
    ] == pytest.approx(0.118, abs=0.01)
    assert against[prompt_routing.ALONE]["gain"] <= 0.009
    assert against[prompt_routing.ALONE]["verdict"] != "better"
    assert against[prompt_routing.TRUE]["gain"] < -0.05
    assert against[prompt_routing.RANDOM]["verdict"] == "better"
    assert quality["router"]["predicted"] - quality["router"]["graded"] > 0.02
    reported = " ".join(content["notes"])
    assert "Regret" in reported
    assert "judged on, which favours them" in reported
