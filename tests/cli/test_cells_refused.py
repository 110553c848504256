"""Commands and jobs of the page that do not plan classes and cases say so, all in the same words,
and none plans something else.
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app_pages.jobs.what_if import what_if_baselines_job, what_if_setups_job
from planner.cli.app import app
from planner.errors import DataError
from planner.scenario.assemble_demand import CELLS_REFUSED
from tests.support.paths import HOME

DAY = str(HOME / "examples" / "day" / "scenario.yaml")


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "80"})
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "words",
    [
        ("setups", DAY),
        ("profile", "gaps", DAY),
    ],
    ids=" ".join,
)
def test_commands_refuse(words: tuple[str, ...], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, text = run(*words)
    assert code == 2
    assert f"{DAY}:classes: {CELLS_REFUSED}" in text
    assert not list(tmp_path.iterdir())


class Job:
    """What a job of the page is given."""

    def progress(self, _: object) -> None:
        """Nothing is shown."""


@pytest.mark.parametrize("job", [what_if_setups_job, what_if_baselines_job])
def test_jobs_of_the_page_refuse(job) -> None:
    with pytest.raises(DataError, match="does not plan classes, cases"):
        job(DAY, {}, job=Job())
