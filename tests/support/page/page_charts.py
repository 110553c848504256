"""Charts of the page in tests: a context without a browser, and the rows that a chart draws."""

from threading import Event
from typing import Any

from app_pages.charts.style import DescribedChart
from app_pages.jobs.messages import JobContext

__all__ = ["idle_job", "rows_of"]


def idle_job() -> JobContext:
    """A job whose progress nobody reads and that nobody stops."""
    return JobContext(lambda _: None, lambda _: None, Event())


def rows_of(described: DescribedChart) -> list[dict[str, Any]]:
    """All rows of a chart's data."""
    datasets = described[0].to_dict()["datasets"]
    return [row for rows in datasets.values() for row in rows]
