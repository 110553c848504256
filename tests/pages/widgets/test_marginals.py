"""Marginal values: estimates first, exact numbers once the page is at rest."""

import pytest

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from tests.support.page.page_app import opened, settle, words

EXACT, ESTIMATES = "Exact: planned again with one unit more and one less", "Estimates:"


@pytest.mark.usefixtures("marginals_at_once")
def test_what_one_more_buys_is_planned_again() -> None:
    app = opened(example="from-benchmarks")
    settle(app, "marginals")
    app.run()
    assert EXACT in words(app)
    assert ESTIMATES not in words(app)


@pytest.mark.slow
@pytest.mark.usefixtures("marginals_at_once")
def test_marginal_values_are_estimates_where_planning_again_was_stopped() -> None:
    app = opened(example="from-benchmarks")
    app.session_state["job-slots"]["marginals"].outcome = JobOutcome(
        OutcomeKind.STOPPED, message="Stopped."
    )
    app.run()
    assert ESTIMATES in words(app)
    app.button(key="marginals").click().run()
    settle(app, "marginals")
    app.run()
    assert EXACT in words(app)
