"""The command `profile import`."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import write


def test_the_command_line(tmp_path: Path):
    runner = CliRunner()
    file = str(write(tmp_path, "a.json", vllm()))
    done = runner.invoke(
        app,
        [
            "profile",
            "import",
            file,
            "--gpu",
            "NVIDIA H100 80GB HBM3",
            "--tp",
            "1",
            "--share",
            "100",
        ],
    )
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith(
        "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms"
    )
    assert "1 point taken" in done.stderr
    done = runner.invoke(app, ["profile", "import", file, "--tp", "0", "--append"])
    assert done.exit_code == 2
    assert "no whole number" in done.stderr
    assert "no table to append to" in done.stderr
    done = runner.invoke(
        app,
        [
            "profile",
            "import",
            file,
            "--gpu",
            "G",
            "--tp",
            "1",
            "--share",
            "50",
            "--out",
            str(tmp_path / "no/x.csv"),
        ],
    )
    assert done.exit_code == 2
