"""How far a job is, in one line."""

from app_pages.jobs.messages import JobState, JobStatus
from app_pages.widgets.progress import progress_text


def status(state: JobState, value: float | None, bound: float | None) -> JobStatus:
    return JobStatus(
        state=state, place=2, elapsed=1.25, phase="search", value=value, bound=bound, parts=0
    )


def test_a_waiting_job_says_its_place() -> None:
    text = progress_text(status(JobState.WAITING, None, None))
    assert text == "waiting for a free worker, place 2, 1.2 s"


def test_what_is_known_is_shown_with_its_gap() -> None:
    assert (
        progress_text(status(JobState.RUNNING, None, 0.8)) == "search, best possible 0.80000, 1.2 s"
    )
    text = progress_text(status(JobState.RUNNING, 0.75, 0.78))
    assert text == "search, objective 0.75000, best possible 0.78000, gap 4.0 %, 1.2 s"
