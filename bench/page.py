"""Times the page in a real browser on a separate server: python -m bench.page (needs Debian's
chromium and requirements-dev.txt).

import        s to import what the page needs before it draws anything
first open    s from asking for the address, on a started server, to the plan's numbers and its last
              chart
what-if       s from the click on Solve to the new numbers and charts, at paper3x4; another SLO each
              time
cancel        s from the click on Cancel, in a long solve, until the page says that nothing runs
sessions      PEOPLE browsers at once, SOLVES solves each: failures, results that belonged to
              another
              user, memory of server and workers
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.instances import make
from bench.server import memory, served

HOME = Path(__file__).resolve().parents[1]
FOLDER = HOME / "out" / "bench"
CHROMIUM = "/usr/bin/chromium"
PEOPLE, SOLVES = 8, 10
PATIENCE_MS = 120_000
MIB = 2**20


def main() -> int:
    """Measure and print; 1 when a session hung or saw another's result."""
    arguments = argparse.ArgumentParser(
        prog="python -m bench.page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument(
        "--repeat", type=int, default=5, help="runs of each time; median and worst are printed"
    )
    arguments.add_argument("--people", type=int, default=PEOPLE)
    arguments.add_argument("--solves", type=int, default=SOLVES)
    given = arguments.parse_args()
    print_times("import (s)", [import_time() for _ in range(given.repeat)])
    with served() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        print_times("first open (s)", [first_open(browser, address) for _ in range(given.repeat)])
        print_times("what-if at paper3x4 (s)", what_if(browser, address, given.repeat))
        print_times("cancel (s)", cancel(browser, address, given.repeat))
        return sessions(browser, address, process, given.people, given.solves)


def print_times(what: str, seconds: list[float]) -> None:
    """Print one line."""
    print(
        f"{what:28} median {statistics.median(seconds):.2f}, worst {max(seconds):.2f} of"
        f" {len(seconds)}",
        flush=True,
    )


def import_time() -> float:
    """A separate process that imports the page's modules, without that of Python alone."""

    def spent(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], cwd=HOME, check=True, capture_output=True
        )
        return time.perf_counter() - begun

    return spent(
        "import app, app_pages.charts.style, app_pages.widgets.sidebar, app_pages.widgets.tables"
    ) - spent("pass")


# ---------------------------------------------------------------- one person


def opened(browser: Browser, address: str, path: str = "") -> Page:
    """A person's first page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{address}/{path}")
    return page


def drawn(page: Page) -> None:
    """The plan is shown: its numbers, and its charts as pictures."""
    page.get_by_test_id("stMetricValue").first.wait_for()
    page.locator(
        "[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas"
    ).last.wait_for()
    page.get_by_text("Confidence").wait_for()
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestIdleCallback(done, {timeout:"
        " 5000})))"
    )


def still(page: Page) -> None:
    """No script runs for this page."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState ==="
        " 'notRunning'"
    )


def fill_in(page: Page, label: str, value: str) -> None:
    """Type a number in the sidebar."""
    field = page.get_by_test_id("stSidebar").get_by_label(label)
    field.fill(value)
    field.press("Enter")
    page.get_by_text("The inputs have changed").wait_for()
    still(page)


def solved(page: Page) -> float:
    """Seconds from the click on Solve until the new plan is drawn."""
    button = page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True)
    begun = time.perf_counter()
    button.click()
    page.get_by_text("The inputs have changed").wait_for(state="hidden")
    page.get_by_text("is being made").wait_for(state="hidden")
    still(page)
    drawn(page)
    return time.perf_counter() - begun


def first_open(browser: Browser, address: str) -> float:
    """Seconds to a drawn plan, in a browser that knows nothing of the page."""
    begun = time.perf_counter()
    page = opened(browser, address)
    drawn(page)
    spent = time.perf_counter() - begun
    page.context.close()
    return spent


def upload(page: Page, scenario: Path) -> None:
    """Open your own scenario and start to solve it."""
    page.get_by_role("heading", level=1).wait_for()
    still(page)
    page.get_by_text("Open your own scenario").click()
    files = [
        path
        for path in sorted(scenario.parent.iterdir())
        if path.suffix in (".yaml", ".csv", ".parquet")
    ]
    page.locator("[data-testid=stFileUploader] input[type=file][multiple]").set_input_files(
        [str(path) for path in files]
    )
    button = page.get_by_role("button", name="Open these files")
    expect(button).to_be_enabled(timeout=PATIENCE_MS)
    button.click()
    expect(page.get_by_role("combobox", name="Scenario")).to_have_value(
        re.compile("^uploaded"), timeout=PATIENCE_MS
    )


def what_if(browser: Browser, address: str, repeat: int) -> list[float]:
    """Seconds of each re-solve of paper3x4."""
    scenario, _ = make("paper3x4", 0, 0.0, FOLDER)
    page = opened(browser, address, "inputs")
    upload(page, scenario)
    page.get_by_text("is being made").wait_for(state="hidden")
    page.get_by_test_id("stSidebarNav").get_by_text("Plan", exact=True).click()
    drawn(page)
    times = []
    for k in range(repeat):
        fill_in(page, "mean TTFT at most (ms)", f"{330 + 7 * k}")
        times.append(solved(page))
    page.context.close()
    return times


def cancel(browser: Browser, address: str, repeat: int) -> list[float]:
    """Seconds of each stop: a fleet at a rate so low that its solve takes a minute, stopped once it
    shows a bound.
    """
    scenario, _ = make("fleet12x256", 0, 0.0, FOLDER)
    page = opened(browser, address, "inputs")
    upload(page, scenario)
    page.get_by_text("is being made").wait_for(state="hidden")
    times = []
    for k in range(repeat):
        fill_in(page, "Arrival rate (req/s)", f"{1_000 + 7 * k}")
        page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True).click()
        page.get_by_text("best possible").first.wait_for()
        button = page.get_by_role("button", name="Cancel")
        begun = time.perf_counter()
        button.click()
        page.get_by_text("is being made").wait_for(state="hidden")
        still(page)
        times.append(time.perf_counter() - begun)
    page.context.close()
    return times


# ---------------------------------------------------------------- many people


def sessions(
    browser: Browser, address: str, process: psutil.Process, people: int, solves: int
) -> int:
    """Everybody solves a different rate, all at once, again and again; memory after each round.

    A hang ends in a timeout.
    """
    pages = [opened(browser, address) for _ in range(people)]
    for page in pages:
        drawn(page)
    strangers, spent, used = 0, time.perf_counter(), []
    for k in range(solves):
        rates = [f"{31 + 3 * person + 0.25 * k:g}" for person in range(people)]
        for page, rate in zip(pages, rates, strict=True):
            fill_in(page, "Arrival rate (req/s)", rate)
        for page in pages:
            page.get_by_test_id("stSidebar").get_by_role("button", name="Solve", exact=True).click()
        for page, rate in zip(pages, rates, strict=True):
            page.get_by_text(f"answer {rate} requests a second").wait_for()
            still(page)
            strangers += sum(
                page.get_by_text(f"answer {other} requests a second").count()
                for other in rates
                if other != rate
            )
        used.append(memory(process))
    spent = time.perf_counter() - spent
    print(
        f"{people} sessions x {solves} solves     {spent:.0f} s, {strangers} with another's result,"
        " none hung"
    )
    print(f"memory (MiB) after each round: {', '.join(f'{one:.0f}' for one in used)}")
    return int(strangers > 0)


if __name__ == "__main__":
    sys.exit(main())
