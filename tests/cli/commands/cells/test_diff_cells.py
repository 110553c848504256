"""The command diff on plans over cells."""

from pathlib import Path

from typer.testing import CliRunner

from planner.cli.app import app
from tests.support.plans.cells_plans import write_day_plan
from tests.support.plans.old_examples import OLD_PLANS


def test_two_plans_are_compared_and_two_kinds_refused(tmp_path: Path) -> None:
    for name in ("fixed", "schedule"):
        (tmp_path / name).mkdir()
    old = str(write_day_plan(tmp_path / "fixed"))
    new = str(write_day_plan(tmp_path / "schedule", scheduled=True))
    done = CliRunner().invoke(app, ["diff", old, new], env={"COLUMNS": "140"})
    assert done.exit_code == 0, done.output
    for words in ("What differs", "Setup of day, node-lost", "Setup of night", "Cases"):
        assert words in done.stdout
    mixed = CliRunner().invoke(app, ["diff", str(OLD_PLANS / "paper-trio.json"), new])
    assert mixed.exit_code == 2
    assert "this plan is of classes and cases (schema 2)" in " ".join(mixed.output.split())
