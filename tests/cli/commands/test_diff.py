"""The command `diff`: what differs, the steps, plans that cannot be read."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from planner.joint import solve as joint
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import write_plan_file
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from tests.support.paths import HOME


def test_the_command_shows_steps(tmp_path: Path) -> None:
    few = ["setups.tp_degrees=[1, 2]", "setups.mps_shares_pct=[30, 70, 100]"]
    for name, rate in (("a", 60.0), ("b", 75.0)):
        loaded = assemble_instance(
            HOME / "examples" / "paper-trio" / "scenario.yaml", [*few, f"arrival_rate_rps={rate}"]
        )
        solution = joint.solve_joint(loaded.instance)
        plan = build_plan_content(loaded, solution, Settings(), {})
        write_plan_file(plan, tmp_path / f"{name}.json")
    done = CliRunner().invoke(
        app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")], env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0
    assert "Steps" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    same = CliRunner().invoke(app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "a.json")])
    assert "No replica changes" in same.stdout
    assert (
        CliRunner()
        .invoke(app, ["diff", str(tmp_path / "a.json"), str(tmp_path / "none.json")])
        .exit_code
        == 2
    )
