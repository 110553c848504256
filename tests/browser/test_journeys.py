"""What people do with the page, in a real browser."""

import contextlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.instances import write_own
from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_scenario
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.browser.conftest import HOME, PATIENCE_MS, Visitor, goto, settled

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"
LIMIT = load_scenario(TRIO).spec.slo[0].limit_ms
TIGHTER = f"{0.9 * LIMIT:g}"
SLO = "mean TTFT at most (ms)"


def knob(page: Page, label: str, value: str) -> None:
    """Type a number in the sidebar."""
    settled(page)
    field = page.get_by_test_id("stSidebar").get_by_label(label)
    field.fill(value)
    field.press("Enter")
    expect(page.get_by_text("This plan is out of date")).to_be_visible()
    settled(page)


def resting(page: Page, one: Locator) -> dict[str, float]:
    """Where a part of the page is, once it is there and stays where it is."""
    one.wait_for()
    before, now = None, one.bounding_box()
    while now is None or now != before:
        page.wait_for_timeout(500)
        before, now = now, one.bounding_box()
    return dict(now)  # type: ignore[arg-type]


def shown_quality(page: Page) -> float:
    """The number at the top of the page Plan."""
    metric = (
        page.get_by_test_id("stMetric")
        .filter(has_text="Quality")
        .get_by_test_id("stMetricValue")
        .first
    )
    return float(metric.inner_text())


def planned(page: Page) -> None:
    """Wait until the solve is done and its plan is shown."""
    page.get_by_text("This plan is out of date").wait_for(state="hidden")
    page.get_by_text("Solving. The plan below").wait_for(state="hidden")
    settled(page)


def solve(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True).click()
    planned(page)


def choose_files(page: Page, files: list[Path]) -> Locator:
    """Choose files of a scenario on the page Inputs; the button that opens them."""
    page.get_by_text("Open your own scenario").click()
    settled(page)
    chooser = page.locator("[data-testid=stFileUploader] input[type=file][multiple]")
    button = page.get_by_role("button", name="Open these files")
    # A chooser that is drawn anew at that moment loses the files: then they are chosen once more.
    for _ in range(5):
        chooser.set_input_files([str(file) for file in files])
        with contextlib.suppress(AssertionError):
            expect(button).to_be_enabled(timeout=20_000)
            break
    expect(button).to_be_enabled()
    settled(page)
    return button


def upload(page: Page, files: list[Path]) -> None:
    choose_files(page, files).click()
    settled(page)


def write(folder: Path, files: dict[str, str]) -> list[Path]:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


# ---------------------------------------------------------------- journeys


@pytest.mark.slow
def test_first_open_another_slo_compare_with_the_first_and_leave_with_a_workbook(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open()
    first = shown_quality(page)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    knob(page, SLO, TIGHTER)
    assert shown_quality(page) == first
    solve(page)
    second = shown_quality(page)
    assert second < first
    assert f"slo.0.limit_ms={TIGHTER}" in page.url
    goto(page, "Compare")
    expect(page.get_by_text("What differs")).to_be_visible()
    expect(page.get_by_text(f"mean TTFT {TIGHTER} ms").first).to_be_visible()
    goto(page, "Export")
    page.get_by_role("button", name="Make the report").click()
    settled(page)
    button = page.get_by_role("button", name="Download the report")
    with page.expect_download() as download:
        button.click()
    book = tmp_path / "report.xlsx"
    download.value.save_as(book)
    loaded = assemble_instance(book)
    assert loaded.scenario.spec.slo[0].limit_ms == float(TIGHTER)
    expect(page.get_by_text(f"scenario hash {loaded.sha256[:12]}")).to_be_visible()


@pytest.mark.slow
def test_a_link_opens_the_same_inputs_and_their_plan_also_when_reloaded(visitor: Visitor) -> None:
    page = visitor.open(f"?example=paper-trio&slo.0.limit_ms={TIGHTER}")
    planned(page)
    quality = shown_quality(page)
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    planned(page)
    expect(page.get_by_test_id("stSidebar").get_by_label(SLO)).to_have_value(TIGHTER)
    assert shown_quality(page) == quality


@pytest.mark.slow
def test_two_people_see_their_own(visitors: list[Visitor]) -> None:
    one, other = (person.open() for person in visitors)
    before = shown_quality(other)
    knob(one, "Arrival rate (req/s)", "50")
    knob(other, "Arrival rate (req/s)", "40")
    solve(one)
    expect(other.get_by_text("This plan is out of date")).to_be_visible()
    assert shown_quality(other) == before
    solve(other)
    expect(one.get_by_test_id("stSidebar").get_by_label("Arrival rate (req/s)")).to_have_value("50")
    assert shown_quality(one) != shown_quality(other)


def test_all_faults_of_an_upload_are_shown(visitor: Visitor, tmp_path: Path) -> None:
    scenario = (
        TEMPLATE_TEXTS["scenario.yaml"]
        .replace("nodes: 1", "nodes: eight")
        .replace("metric: ttft", "metric: tft")
    )
    profiles = TEMPLATE_TEXTS["profiles.csv"].replace(
        "small,A100-PCIe-80GB,1,100,20,180", "small,A100-PCIe-80GB,1,100,20,fast"
    )
    files = write(tmp_path, {**TEMPLATE_TEXTS, "scenario.yaml": scenario, "profiles.csv": profiles})
    page = visitor.open("inputs")
    upload(page, files)
    box = page.get_by_test_id("stAlert").filter(has_text="Not opened")
    expect(box).to_be_visible()
    faults = box.inner_text()
    for place in ("pools.0.nodes", "slo.0.metric", "profiles.csv:row 3"):
        assert place in faults
    assert str(tmp_path) not in faults
    assert "/tmp" not in faults  # noqa: S108 - where the upload lies is nobody's business


@pytest.mark.slow
def test_an_upload_is_solved_and_saved_and_opened_again(
    visitors: list[Visitor], tmp_path: Path
) -> None:
    page = visitors[0].open("inputs")
    upload(page, write(tmp_path, dict(TEMPLATE_TEXTS)))
    expect(page.get_by_role("combobox", name="Scenario")).to_have_value("uploaded: my-cluster")
    planned(page)
    assert "example=" not in page.url
    page.get_by_text("Save these inputs").click()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as zip").click()
    saved = tmp_path / "saved.zip"
    download.value.save_as(saved)
    other = visitors[1].open("inputs")
    upload(other, [saved])
    planned(other)
    goto(other, "Plan")
    goto(page, "Plan")
    assert shown_quality(other) == shown_quality(page)


@pytest.mark.slow
def test_a_table_is_edited_and_read_back(visitor: Visitor) -> None:
    page = visitor.open("inputs")
    # A table that is still being drawn loses the click, or the cell that it chose.
    for _ in range(5):
        box = resting(page, page.get_by_test_id("stDataFrame").first.locator("canvas").first)
        page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 52)
        page.keyboard.type("123.5", delay=150)
        page.keyboard.press("Enter")
        with contextlib.suppress(AssertionError):
            expect(page.get_by_text("slo.0.limit_ms: 123.5")).to_be_visible(timeout=10_000)
            break
    # The sidebar shows the old field beside the new one until the script has ended.
    settled(page)
    expect(page.get_by_test_id("stSidebar").get_by_label(SLO)).to_have_value("123.5")
    expect(page.get_by_text("This plan is out of date")).to_be_visible()


@pytest.mark.slow
def test_a_long_computation_is_cancelled(visitor: Visitor) -> None:
    page = visitor.open("what-if?example=two-gpu-types")
    begin = page.get_by_role("button", name=re.compile("^Plan [0-9]+ points$"))
    begin.click()
    cancel = page.get_by_role("button", name="Cancel")
    cancel.click()
    cancel.wait_for(state="hidden")
    settled(page)
    expect(begin).to_be_enabled()


@pytest.mark.slow
def test_a_long_solve_shows_its_progress_and_is_cancelled(visitor: Visitor, tmp_path: Path) -> None:
    write_own("fleet12x256", 0, 0.0, tmp_path)
    scenario = tmp_path / "scenario.yaml"
    light = re.sub(
        r"(?m)^arrival_rate_rps:.*", "arrival_rate_rps: 1000", scenario.read_text()
    )  # many replicas with little to do: minutes
    scenario.write_text(
        re.sub(r"(?m)^solver:.*", "solver: {rel_gap: 0.0, time_limit_s: 600}", light)
    )
    page = visitor.open("inputs")
    upload(page, [tmp_path / name for name in ("scenario.yaml", "profiles.csv", "scores.parquet")])
    expect(page.locator(".st-key-progress").get_by_text("Solving")).to_be_visible()
    expect(page.get_by_text("Solving. The plan below")).to_be_visible()
    # Only the box of progress: the line of the plan before stays until the page is drawn again.
    expect(page.locator(".st-key-progress").get_by_text("best possible")).to_be_visible(
        timeout=PATIENCE_MS
    )
    page.get_by_role("button", name="Cancel").click()
    page.locator(".st-key-progress").get_by_text("Solving").wait_for(state="hidden")
    settled(page)
    expect(
        page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True)
    ).to_be_enabled()
    goto(page, "Plan")
    expect(page.get_by_text(re.compile("^(optimal|feasible|unknown)$")).first).to_be_visible()


@pytest.mark.slow
def test_clicks_that_come_before_the_page_has_answered_are_not_lost(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open("inputs")
    files = write(tmp_path, dict(TEMPLATE_TEXTS))
    choose_files(page, files).click()
    rate = page.get_by_test_id("stSidebar").get_by_label("Arrival rate (req/s)")
    rate.fill("1")
    rate.press("Enter")
    expect(page.get_by_role("combobox", name="Scenario")).to_have_value("uploaded: my-cluster")
    expect(rate).to_have_count(1)  # the field of the scenario before stays until the run is through
    knob(page, "Arrival rate (req/s)", "2")
    page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True).click()
    page.get_by_test_id("stSidebarNav").get_by_text("Plan", exact=True).click()
    page.get_by_test_id("stSidebarNav").get_by_text("Compare", exact=True).click()
    page.get_by_role("heading", level=1, name="Compare").wait_for()
    planned(page)
    expect(page.get_by_text("arrival rate 2 req/s").first).to_be_visible()


@pytest.mark.slow
def test_the_page_works_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor.open()
    field = page.get_by_test_id("stSidebar").get_by_label(SLO)
    for _ in range(40):
        if field.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError("the SLO is never reached by Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type(TIGHTER)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This plan is out of date")).to_be_visible()
    button = page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True)
    for _ in range(20):
        if button.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    planned(page)
    assert f"slo.0.limit_ms={TIGHTER}" in page.url
