"""Every page, light and dark, wide and as on a phone: no serious finding of axe-core, nothing that
runs out of the page; charts in the colours of the theme.
"""

import re
from collections.abc import Sequence
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, goto, settled
from tests.support.walls import first_fast, usually

TITLES = (
    "Plan",
    "New scenario",
    "Inputs",
    "What-if",
    "Setups",
    "Compare",
    "Router",
    "Export",
    "Library",
)
BAD = ("serious", "critical")
ALSO_BAD = ("heading-order",)
"""Moderate ones that are not Streamlit's own."""
WIDTHS = (1280, 390)
OURS = {"exclude": [["[data-testid=stBaseButton-header]"]]}
"""Streamlit's own button Stop is there while a script runs, which a loaded machine makes longer."""
COLOURS: dict[Literal["light", "dark"], str] = {"light": "#31333F", "dark": "#FAFAFA"}
"""Of words in charts."""
DRAWN_MS = 1_000
"""Charts are drawn again after the page has settled; no event says when."""


@pytest.mark.parametrize(
    ("titles", "scheme"),
    first_fast(
        usually([(TITLES[:1], "light"), (TITLES[1:], "light"), (TITLES, "dark")], (0, 1)),
    ),
)
def test_pages_have_no_serious_accessibility_faults(
    visitor: Visitor, titles: tuple[str, ...], scheme: Literal["light", "dark"]
) -> None:
    page = visitor.open()
    page.emulate_media(color_scheme=scheme)
    for title in titles:
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        goto(page, title)
        check_page(page, title)


def test_the_first_screen_has_verdict_map_and_setup(visitor: Visitor) -> None:
    """At 1280 x 900, and with few words before the tabs."""
    page = visitor.open()
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    settled(page)
    for heading in ("GPU map", "Setup: what runs"):
        box = page.get_by_role("heading", name=heading).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 780, f"{heading} is not on the first screen"
    words = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " const range = document.createRange(); range.setStart(main, 0);"
        " range.setEndBefore(main.querySelector('[data-testid=stTabs]'));"
        " return range.toString().split(/\\s+/).length }"
    )
    assert 20 < words <= 150


def test_charts_follow_the_theme_when_it_changes(visitor: Visitor) -> None:
    page = visitor.open()
    page.get_by_role("tab", name="Routing").click()
    charts = page.get_by_role("tabpanel", name="Routing").get_by_test_id("stVegaLiteChart")
    part = charts.locator("text", has_text=re.compile(r"^[\d.]+ %$")).first
    for scheme, colour in COLOURS.items():
        page.emulate_media(color_scheme=scheme)
        expect(part).to_have_attribute("fill", colour)


def check_page(page: Page, title: str, widths: Sequence[int] = WIDTHS) -> None:
    faults = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        page.wait_for_timeout(DRAWN_MS)
        settled(page)
        violations = Axe().run(page, context=OURS).response["violations"]
        faults += [
            f"{width}: {one['id']}: {node['html'][:200]}"
            for one in violations
            if one["impact"] in BAD or one["id"] in ALSO_BAD
            for node in one["nodes"][:3]
        ]
        excess = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth"
            " - m.clientWidth }"
        )
        assert excess <= 0, f"{title} is {excess} pixels too wide at {width}"
    assert faults == []
