"""Progress: after a second, of plans only where one is sought; failures come out."""

from planner.cli.terminal.progress import progress_line
from planner.settings import Progress


def test_progress_speaks_of_plans_only_where_one_is_sought() -> None:
    assert (
        progress_line(Progress(2.0, "3 of 9 points planned"), 2.0) == "3 of 9 points planned, 2 s"
    )
    assert (
        progress_line(Progress(2.0, "relaxation", None, 0.7), 2.0)
        == "relaxation, no plan yet, best possible 0.70000, 2 s"
    )
