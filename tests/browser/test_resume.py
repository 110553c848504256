"""Work is there again after a reload, in the browser that did it and in no other."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor, settled
from tests.browser.test_journeys import knob


@pytest.mark.slow
def test_a_reload_offers_the_work_of_this_browser_alone(visitors: list[Visitor]) -> None:
    one, other = (person.open() for person in visitors)
    knob(one, "Arrival rate (req/s)", "50")
    # The address alone would bring the rate back, and is what people pass on: it holds no key.
    key = one.evaluate("window.localStorage.getItem('llm-planner-visitor')")
    assert len(key) == 64
    assert key not in one.url
    one.goto(one.url.partition("?")[0])
    one.get_by_role("button", name="Resume").click()
    expect(one.get_by_text("This plan is out of date")).to_be_visible()
    settled(one)
    field = one.get_by_test_id("stSidebar").get_by_label("Arrival rate (req/s)")
    expect(field).to_have_value("50")
    expect(one.get_by_role("button", name="Resume")).to_have_count(0)
    other.reload()
    other.get_by_role("heading", level=1).wait_for()
    settled(other)
    expect(other.get_by_role("button", name="Resume")).to_have_count(0)
