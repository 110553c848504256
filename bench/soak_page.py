"""Visitors of one page server for a long time, for `python -m bench.soak`."""

import http.client
import itertools
import select
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.instances import make
from bench.page_session import PageSession
from bench.server import memories
from planner.scenario.templates import TEMPLATE_TEXTS

__all__ = ["TOO_LARGE", "abandon", "refuse", "send_too_large", "solve_many"]

FOLDER = Path(__file__).resolve().parents[1] / "out" / "bench"
PAGES = ("", "inputs", "setups", "compare", "export")
"""Visitors spread over these pages; only the first says which rate its plan is of."""
STAY = 25
"""Solves until a visitor closes the tab and another comes."""
ALL_AT_ONCE = 10
"""In every so many rounds all visitors solve at the same time, else two do."""
WORKERS = 3
"""Two for what visitors wait for, one for what nobody does."""
TOO_LARGE, CHUNK = 300_000_000, 1 << 20
FILE_HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="scenario.yaml"\r\n\r\n'
QUIET_S, PATIENCE_S = 2.0, 60.0


class Visitor:
    """A person with a scenario of their own, whose plans are of rates that nobody else has."""

    def __init__(self, address: str, number: int) -> None:
        self.number = number
        self.page = PageSession(address, f"visitor-{number % 10_000:04d}")
        self.upload(
            {
                name: text.replace("my-cluster", self.page.name).encode()
                for name, text in TEMPLATE_TEXTS.items()
            }
        )
        self.page.wait_until(self._is_solved)
        self.place = PAGES[number % len(PAGES)]
        self.page.go_to(self.place)

    def upload(self, files: dict[str, bytes]) -> None:
        """Open a scenario and start to solve it."""
        self.page.go_to("inputs")
        self.page.upload("scenario-files", files)
        self.page.click("open-files")
        self.page.wait_until(lambda: not self.page.shows("Reading the uploaded files"))

    def solve(self, k: int) -> None:
        """Solve another rate, of this visitor and this round alone; RuntimeError for a plan of
        another rate.
        """
        rate = round(10 + 0.5 * (self.number % 15) + 0.001 * (k % 400), 3)
        knob = self.page.widget("knob-arrival_rate_rps")
        self.page.run(
            WidgetState(id=knob, double_value=rate),
            WidgetState(id=self.page.widget("solve"), trigger_value=True),
        )
        self.page.wait_until(self._is_solved)
        if self.place == "" and not self.page.shows(f"answer {rate:.12g} requests a second"):
            raise RuntimeError(f"no plan of {rate} req/s: {self.page.words}")

    def _is_solved(self) -> bool:
        """Nothing runs, and the plan is of the inputs."""
        return not any(map(self.page.shows, ("Solving", "The inputs have changed")))


def solve_many(
    address: str, process: psutil.Process, solves: int, people: int
) -> Iterator[tuple[float, float, int]]:
    """Memory of the server and of its workers (MiB) and strangers seen so far, after each round in
    which everybody has solved once.
    """
    numbers = itertools.count()
    seen = 0
    with ThreadPoolExecutor(people) as all_at_once, ThreadPoolExecutor(2) as two:
        visitors = [Visitor(address, next(numbers)) for _ in range(people)]
        # Its process for automatic jobs starts with the first of them, whenever that is, and would
        # count as growth.
        visitors[0].page.go_to("")
        visitors[0].page.wait_until(lambda: len(process.children()) >= WORKERS)
        visitors[0].page.go_to(visitors[0].place)
        for k in range(-(-solves // people)):
            threads = all_at_once if k % ALL_AT_ONCE == 0 else two
            list(threads.map(lambda visitor: visitor.solve(k), visitors))  # noqa: B023 - ends here
            yield *memories(process), seen + sum(one.page.strangers for one in visitors)
            for place in range(people):
                # One after the other, so that each round has somebody new.
                if (k + place) % STAY == STAY - 1:
                    visitors[place].page.close()
                    seen += visitors[place].page.strangers
                    visitors[place] = Visitor(address, next(numbers))
        for one in visitors:
            one.page.close()


# ---------------------------------------------------------------- uploads that are too large


def refuse(address: str, process: psutil.Process) -> tuple[int, int, int, float]:
    """A file of 300 MB is sent, its size told first and then not told.

    Status when it was told, and bytes sent by then; bytes that the server took when it was not;
    memory (MiB) that the server took for it.
    """
    page = PageSession(address, "visitor-0000")
    (place,) = page.upload_urls(["scenario.yaml"])
    before, _ = memories(process)
    status, taken = [send_too_large(page, place.upload_url, told=told) for told in (True, False)]
    page.close()
    return status[0], status[1], taken[1], memories(process)[0] - before


def send_too_large(page: PageSession, path: str, *, told: bool) -> tuple[int, int]:
    """Send a file that is too large until there is an answer.

    told: its size is in the request's head; then nothing else is sent, as the head is enough to
    refuse it.

    The answer's status (0 for a closed connection), and bytes sent.
    """
    connection = http.client.HTTPConnection(urlsplit(page.address).netloc, timeout=60)
    connection.putrequest("PUT", path)
    for name, value in page.upload_headers("x").items():
        connection.putheader(name, value)
    size = ("Content-Length", str(TOO_LARGE)) if told else ("Transfer-Encoding", "chunked")
    connection.putheader(*size)
    connection.endheaders()
    sent, block = 0, FILE_HEAD.ljust(CHUNK)
    try:
        while not told and sent < TOO_LARGE and not select.select([connection.sock], [], [], 0)[0]:
            connection.send(b"%x\r\n%b\r\n" % (CHUNK, block))
            sent, block = sent + CHUNK, bytes(CHUNK)
        return connection.getresponse().status, sent
    except (OSError, http.client.HTTPException):
        return 0, sent
    finally:
        connection.close()


# ---------------------------------------------------------------- a closed tab


def abandon(address: str, process: psutil.Process) -> tuple[float, float]:
    """Start a solve that takes minutes and close the tab.

    Seconds that it computed before and after.
    """
    scenario, _ = make("fleet12x256", 0, 0.0, FOLDER)
    visitor = Visitor(address, 0)
    files = [
        one for one in scenario.parent.iterdir() if one.suffix in (".yaml", ".csv", ".parquet")
    ]
    visitor.upload({one.name: one.read_bytes() for one in files})
    visitor.page.wait_until(visitor._is_solved)
    knob = visitor.page.widget("knob-arrival_rate_rps")
    visitor.page.run(WidgetState(id=knob, double_value=1_000.0))
    begun = time.monotonic()
    visitor.page.click("solve")
    visitor.page.wait_until(lambda: visitor.page.shows("best possible"))
    # A worker that takes the place of one that was ended computes too, so only these count.
    workers = process.children(recursive=True)
    closed = last = time.monotonic()
    visitor.page.close()
    spent = _seconds_of(workers)
    while time.monotonic() - last < QUIET_S and time.monotonic() - closed < PATIENCE_S:
        time.sleep(0.1)
        if (now := _seconds_of(workers)) > spent + 0.02:
            last = time.monotonic()
        spent = now
    return closed - begun, last - closed


def _seconds_of(workers: Iterable[psutil.Process]) -> float:
    """Processor time that those of the workers have used that are still there."""
    seconds = 0.0
    for one in workers:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            seconds += times.user + times.system
    return seconds
