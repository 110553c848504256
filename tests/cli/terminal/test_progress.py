"""Progress: after a second, of plans only where one is sought; failures come out."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from models.instance import Instance
from planner.cli.terminal.progress import progress_line
from planner.settings import Progress, Settings
from planner.solution import Solution
from tests.support.instances.stand_in_search import PutSearch, hand_made_plan, run_plan_command
from tests.support.scenarios.small_scenarios import write_scenario


def test_progress_speaks_of_plans_only_where_one_is_sought() -> None:
    assert (
        progress_line(Progress(2.0, "3 of 9 points planned"), 2.0) == "3 of 9 points planned, 2 s"
    )
    assert (
        progress_line(Progress(2.0, "relaxation", None, 0.7), 2.0)
        == "relaxation, no plan yet, best possible 0.70000, 2 s"
    )


def test_progress_shows_after_a_second(search: PutSearch, tmp_path: Path) -> None:
    def slow(
        instance: Instance,
        settings: Settings,
        progress: Callable[[Progress], None],
        cancel: threading.Event,
    ) -> Solution:
        progress(Progress(0.1, "milp", 0.88, 0.92))
        time.sleep(1.3)
        return hand_made_plan(instance)

    search(slow)
    outcome = run_plan_command(write_scenario(tmp_path))
    assert "milp, found 0.88000, best possible 0.92000, gap 4.5 %, 1 s" in outcome.stderr


def test_what_the_search_raises_comes_out(search: PutSearch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> Solution:
        raise ZeroDivisionError("in the search")

    search(broken)
    outcome = run_plan_command(write_scenario(tmp_path))
    assert (outcome.exit_code, str(outcome.exception)) == (1, "in the search")
