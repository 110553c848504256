"""The command `profile gaps`."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from tests.profiling.test_gaps import FEW, TRIO


def test_the_command_line_says_what_to_measure(tmp_path: Path) -> None:
    out = tmp_path / "gaps.csv"
    done = CliRunner().invoke(
        app, ["profile", "gaps", TRIO, *FEW, "--quiet", "--csv", str(out)], env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0
    assert "What to measure next" in done.stdout
    assert "vllm bench serve" in done.stdout
    assert out.read_text(encoding="utf-8").startswith("LLM,GPU,Option")


def test_without_a_plan_there_is_nothing_to_judge_by() -> None:
    done = CliRunner().invoke(
        app, ["profile", "gaps", TRIO, *FEW, "--quiet", "--set", "slo.0.limit_ms=1"]
    )
    assert done.exit_code == 3
