"""The page in a real browser: a separate server, Debian's Chromium, and what every journey must
not leave behind.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as LateError

from tests.support.outside import need
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

ARGUMENTS = (
    *(
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ),
    *("--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 180_000
expect.set_options(timeout=PATIENCE_MS)
PROBES = ("/_stcore/host-config", "/_stcore/health")
"""Streamlit looks for itself below every page's own address first; the answer 404 is part of that.
"""


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a running page."""
    need("chromium")
    with page_server() as address:
        yield address


@contextlib.contextmanager
def page_server() -> Iterator[str]:
    """A page served on a free port; its address."""
    with page_process(free_port()) as (_, address):
        yield address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def page_process(port: int, *options: str) -> "Iterator[tuple[subprocess.Popen[bytes], str]]":
    """A page served on a port, with options of Streamlit; its process, which may be killed, and
    its address.
    """
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, *options],
        cwd=HOME,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield process, address
    finally:
        with contextlib.suppress(ProcessLookupError):  # it was killed
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(UNHURRIED_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=UNHURRIED_S):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the page's server did not start")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with chromium_of_tests() as browser:
        yield browser


@contextlib.contextmanager
def chromium_of_tests() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Visitor:
    """One person's browser: pages, and what went wrong in them."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.server = server
        self.troubles: list[str] = []

    def open(self, path: str = "") -> Page:
        """Open an address and wait for the page's title."""
        page = self.context.new_page()
        page.on(
            "console",
            lambda message: self._hear(message.type, message.text, message.location.get("url", "")),
        )
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.goto(f"{self.server}/{path}")
        page.locator("h1, [data-testid=stException]").first.wait_for()
        settled(page)
        return page

    def _hear(self, kind: str, text: str, url: str) -> None:
        if kind in ("error", "warning") and not url.endswith(PROBES):
            self.troubles.append(f"{kind}: {text} ({url})")


RESTS = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const rests = app?.dataset.testScriptState === 'notRunning'
        && !document.querySelector('[data-stale=true]');
    window.restingSince = rests ? (window.restingSince ?? performance.now()) : undefined;
    return rests && performance.now() - window.restingSince > 300;
}"""
"""No script runs and nothing of an earlier one is shown. One script is often followed by another
at once (a saved plan, a new address), so this must hold for a while; a click between the two would
meet elements that are about to be replaced.
"""


def settled(page: Page) -> None:
    """Wait until the page rests and shows no exception."""
    page.evaluate("window.restingSince = undefined")
    page.wait_for_function(RESTS)
    assert page.locator("[data-testid=stException]").count() == 0


def goto(page: Page, title: str) -> None:
    """Open another page by its name in the sidebar; a click that met a sidebar which was just drawn
    anew is made again, as a person would.
    """
    name = page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True)
    heading = page.get_by_role("heading", level=1, name=title)
    name.click()
    with contextlib.suppress(LateError):
        heading.wait_for(timeout=PATIENCE_MS / 4)
    if not heading.is_visible():
        name.click()
    heading.wait_for()
    settled(page)


@pytest.fixture
def visitors(server: str, chromium: Browser) -> Iterator[list[Visitor]]:
    """Two people; at the end neither has seen an error in the console."""
    people = [Visitor(chromium, server) for _ in range(2)]
    yield people
    for person in people:
        person.context.close()
        assert person.troubles == []


@pytest.fixture
def visitor(visitors: list[Visitor]) -> Visitor:
    return visitors[0]
