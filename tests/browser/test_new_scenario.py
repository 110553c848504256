"""The way in from nothing, in a real browser: from benchmark files to an exported bundle, by
somebody who knows only the address.

Two nodes of 8 H100 and one of 8 A100, four LLMs, benchmark files of two of them, 40 req/s, p95 TTFT
500 ms and p95 TPOT 40 ms, the cheapest GPUs above a quality.
"""

import contextlib
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, goto, settled
from tests.browser.test_access import WIDTHS, check_page
from tests.support.paths import EXAMPLES
from tests.support.walls import usually, wall_size

RUNS = sorted((EXAMPLES / "from-benchmarks" / "runs").iterdir())
"""Of vLLM, which says neither GPU type nor degree nor share: the files' names say the latter."""
LLMS = ("llama-3.2-3b", "llama-3.1-8b", "qwen2.5-32b", "llama-3.3-70b")
TITLES = ("2. LLMs", "3. Curves", "4. Scores", "5. Demand", "6. SLOs and objective", "7. Solve")
CHECKED = usually(TITLES, (2, 5))
"""Where these steps open, the one before is looked at by axe-core: that of curves, that of SLOs."""
MEASURED_ON = "A100-PCIe-80GB"


def pick(page: Page, label: str, *values: str) -> None:
    """Choose several in a list."""
    box = page.get_by_role("combobox", name=label)
    for value in values:
        expect(box).to_be_visible()  # says what is there instead
        box.click()
        box.fill(value)
        page.get_by_role("option", name=value, exact=True).click()
        settled(page)
    page.keyboard.press("Escape")


def choose(page: Page, label: str, value: str, row: int = 0) -> None:
    """Choose one of a list."""
    option = page.get_by_role("option", name=value, exact=True)
    # A list that opens while the page still moves may close at once.
    for _ in range(5):
        page.get_by_role("combobox", name=label).nth(row).click()
        with contextlib.suppress(AssertionError):
            expect(option).to_be_visible(timeout=10_000)
            break
        page.keyboard.press("Escape")
    option.click()
    settled(page)


def type_number(page: Page, label: str, value: str, row: int = 0) -> None:
    field = page.get_by_test_id("stMain").get_by_label(label, exact=True).nth(row)
    field.fill(value)
    field.press("Enter")
    settled(page)


def press(page: Page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).click()
    settled(page)


def next_step(page: Page, title: str) -> None:
    """Open the next step; what is filled in is as accessible as every page is."""
    if title in CHECKED:
        check_page(page, title, WIDTHS[: wall_size(1, 2)])
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    press(page, "Next")
    expect(page.get_by_role("heading", level=2, name=title, exact=True)).to_be_visible()


@pytest.mark.slow
def test_from_benchmark_files_to_a_bundle_in_the_page_alone(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open()
    goto(page, "New scenario")
    pick(page, "GPU types", "H100-SXM-80GB", MEASURED_ON)
    type_number(page, "Nodes", "2")
    next_step(page, "2. LLMs")
    pick(page, "LLMs", *LLMS)
    page.get_by_text("those that help").click()
    settled(page)
    next_step(page, "3. Curves")
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(RUNS)
    press(page, "Read these files")
    press(page, "Next")
    expect(page.get_by_text("nothing says the GPU type of these 30 runs")).to_be_visible()
    choose(page, "Which GPU were these 30 runs measured on?", MEASURED_ON)
    expect(page.get_by_text("30 points of 6 options:")).to_be_visible()
    expect(page.get_by_text("qwen2.5-32b on A100-PCIe-80GB, 15 measured points")).to_be_visible()
    press(page, "Estimate")
    expect(page.get_by_text("22 options estimated.")).to_be_visible()
    settled(page)
    next_step(page, "4. Scores")
    page.get_by_text("none yet: take an example").click()
    expect(page.get_by_text("2,000 prompts.")).to_be_visible()
    settled(page)
    # Another page, and back: everything is as it was.
    goto(page, "Compare")
    goto(page, "New scenario")
    next_step(page, "5. Demand")
    type_number(page, "Arrival rate (req/s)", "40")
    next_step(page, "6. SLOs and objective")
    type_number(page, "Limit (ms)", "500")
    choose(page, "It holds over", "all requests together")
    press(page, "Add an SLO")  # mean TPOT over the same requests
    type_number(page, "Limit (ms)", "40", 1)
    page.get_by_text("cheapest GPUs that reach a quality").click()
    settled(page)
    type_number(page, "Quality at least (mean score)", "0.6")
    next_step(page, "7. Solve")
    page.get_by_role("button", name="Make the scenario and solve it").click()
    page.get_by_role("heading", level=1, name="Plan").wait_for()
    page.get_by_text("Solving. The plan below").wait_for(state="hidden")
    settled(page)
    expect(page.get_by_text("my-cluster, stand-in scores").first).to_be_visible()
    expect(page.get_by_text("optimal", exact=True).first).to_be_visible()
    setup = page.get_by_role("heading", name="Setup: what runs").bounding_box()
    assert setup is not None
    assert setup["y"] + setup["height"] < 820, "on the first screen, with its first rows"
    goto(page, "Export")
    press(page, "Make the bundle")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the bundle").click()
    bundle = tmp_path / "bundle.zip"
    download.value.save_as(bundle)
    with zipfile.ZipFile(bundle) as archive:
        assert any(name.endswith("README.md") for name in archive.namelist())
        assert archive.testzip() is None
