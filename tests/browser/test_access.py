"""Every page, light and dark, wide and as on a phone: no serious finding of axe-core, nothing that
runs out of the page.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Visitor, settled
from tests.support.walls import first_fast, wall_size

PAGES = ("", "inputs", "what-if", "setups", "compare", "router", "export")
DARK = PAGES if wall_size(0, 1) else ("",)
BAD = ("serious", "critical")
WIDTHS = (1280, 390)
OURS = {"exclude": [["[data-testid=stBaseButton-header]"]]}
"""Streamlit's own button Stop is there while a script runs, which a loaded machine makes longer."""
DRAWN_MS = 1_500
"""Charts are drawn again after the page has settled; no event says when."""


@pytest.mark.parametrize(
    ("path", "scheme"),
    first_fast([*((path, "light") for path in PAGES), *((path, "dark") for path in DARK)]),
)
def test_pages_have_no_serious_accessibility_faults(
    visitor: Visitor, path: str, scheme: str
) -> None:
    page = visitor.open(path)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        page.wait_for_timeout(DRAWN_MS)
        settled(page)
        violations = Axe().run(page, context=OURS).response["violations"]
        faults += [
            f"{width}: {one['id']}: {node['html'][:200]}"
            for one in violations
            if one["impact"] in BAD
            for node in one["nodes"][:3]
        ]
        excess = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth"
            " - m.clientWidth }"
        )
        assert excess <= 0, f"{path} is {excess} pixels too wide at {width}"
    assert faults == []
