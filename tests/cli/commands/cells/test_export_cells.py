"""The command export on a plan over cells."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans.cells_plans import day_content, write_day_plan


def test_a_bundle_is_written_whole_or_refused(tmp_path: Path) -> None:
    plan, out = write_day_plan(tmp_path), tmp_path / "deploy"
    done = CliRunner().invoke(app, ["export", str(plan), "--to", str(out)])
    assert done.exit_code == 0, done.output
    assert "Not exported: kubernetes" in done.stderr
    assert (out / "deploy.sh").stat().st_mode & 0o111
    assert "files written to" in done.stdout
    again = CliRunner().invoke(app, ["export", str(plan), "--to", str(out)])
    assert again.exit_code == 2
    words = ["export", str(plan), "--to", str(tmp_path / "x"), "--only", "kubernetes"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert not (tmp_path / "x").exists()
    assert day_content()["schema"] == 2
