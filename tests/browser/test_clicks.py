"""Clicks that follow each other before the server has answered, as Streamlit's own messages: none
is lost.
"""

import pytest

from bench.page_session import PageSession
from tests.support.walls import wall_size

ROUNDS = wall_size(4, 6)


@pytest.mark.slow
def test_solve_counts_when_another_page_is_opened_at_once(server: str) -> None:
    page = PageSession(server, "visitor-0001")
    for number in range(ROUNDS):
        page.set_number("knob-arrival_rate_rps", 40.0 + number)
        page.wait_until(lambda: page.shows("This plan is out of date"))
        page.click_and_leave("solve", "inputs" if number % 2 else "compare")
        page.wait_until(lambda: not page.shows("Solving. "))
        assert not page.shows("This plan is out of date"), f"lost in round {number}"
    page.close()
