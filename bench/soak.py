"""A long run of one page server and of one process of the Python API: python -m bench.soak.

page solves   SOLVES solves by PEOPLE visitors, each with a scenario of their own; tabs close and
              others come; in every tenth round all solve at once. Growth of the memory of the
              server and of its workers after the warm-up
strangers     messages that name another visitor's scenario
upload        a file of 300 MB: bytes sent until it is refused, its size told first and not told;
              memory that the server took for it
closed tab    seconds that a solve goes on after its tab was closed
API solves    SOLVES plans in one process: growth of its memory after the warm-up

It talks to the server as a browser does (bench/page_session.py), without one.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.server import served
from bench.soak_api import EVERY
from bench.soak_page import TOO_LARGE, abandon, refuse, solve_many

__all__ = ["Check", "growth_pct"]

HOME = Path(__file__).resolve().parents[1]
SOLVES, PEOPLE = 2000, 15
WARM_UP = 0.2
"""Part of the solves before memory counts: pools of threads, caches and the allocator fill up."""
MOST_GROWTH_PCT = 5.0
MOST_SENT = 60_000_000
"""Of an upload whose size is not told: `server.maxUploadSize` and what is under way."""
MOST_TAKEN_MIB = 100.0
LONGEST_S = 10.0


@dataclass(frozen=True)
class Check:
    """A figure and whether it is as it should be."""

    name: str
    figure: str
    limit: str
    passed: bool


def main() -> int:
    """Run, print the table; 1 when a check fails."""
    given = _arguments()
    checks: list[Check] = []
    if "page" in given.only:
        with served() as (address, process):
            checks += _page_checks(address, process, given.solves, given.people)
            checks += _upload_checks(address, process)
            checks.append(_closed_tab_check(address, process))
    if "api" in given.only:
        checks.append(_api_check(given.solves))
    table = Table(
        title="Soak", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for head in ("", "figure", "limit", ""):
        table.add_column(head)
    for one in checks:
        table.add_row(one.name, one.figure, one.limit, "PASS" if one.passed else "FAIL")
    Console(width=130).print(table)
    return 0 if all(one.passed for one in checks) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--solves", type=int, default=SOLVES, help="on the page, and by the API")
    parser.add_argument("--people", type=int, default=PEOPLE, help="visitors at once")
    parser.add_argument("--only", nargs="+", choices=["page", "api"], default=["page", "api"])
    return parser.parse_args()


def growth_pct(samples: Sequence[float]) -> float:
    """Growth of a series after its warm-up in per cent: the median of the last quarter of what is
    left against that of the first quarter.
    """
    kept = samples[int(WARM_UP * len(samples)) :]
    quarter = max(1, len(kept) // 4)
    first, last = statistics.median(kept[:quarter]), statistics.median(kept[-quarter:])
    return 100.0 * (last / first - 1.0)


def _growth_check(name: str, samples: Sequence[float]) -> Check:
    growth = growth_pct(samples)
    kept = samples[int(WARM_UP * len(samples)) :]
    figure = f"{growth:+.1f} % ({kept[0]:.0f} to {kept[-1]:.0f} MiB, at most {max(samples):.0f})"
    return Check(name, figure, f"{MOST_GROWTH_PCT:g} %", growth <= MOST_GROWTH_PCT)


def _page_checks(address: str, process: psutil.Process, solves: int, people: int) -> list[Check]:
    begun = time.monotonic()
    rounds: list[tuple[float, float, int]] = []
    for one in solve_many(address, process, solves, people):
        rounds.append(one)
        words = "server {:.0f}, workers {:.0f} MiB, {} strangers".format(*one)
        _say(f"page: {len(rounds) * people} solves, {words}")
    server, workers, strangers = zip(*rounds, strict=True)
    done, spent = len(rounds) * people, time.monotonic() - begun
    return [
        Check(f"page solves, {people} visitors", f"{done:,} in {spent:,.0f} s", "all", True),
        _growth_check("memory of the server", server),
        _growth_check("memory of the workers", workers),
        Check("messages with another visitor's data", f"{strangers[-1]}", "0", strangers[-1] == 0),
    ]


def _upload_checks(address: str, process: psutil.Process) -> list[Check]:
    status, told, sent, taken = refuse(address, process)
    name = f"upload of {TOO_LARGE / 1e6:.0f} MB"
    return [
        Check(
            f"{name}, size told",
            f"status {status} after {told:,} bytes",
            "413 after 0",
            status == 413 and told == 0,
        ),
        Check(
            f"{name}, size not told",
            f"refused after {sent:,} bytes",
            f"{MOST_SENT:,}",
            sent <= MOST_SENT,
        ),
        Check(
            f"{name}, memory",
            f"{taken:+.0f} MiB",
            f"{MOST_TAKEN_MIB:g} MiB",
            taken <= MOST_TAKEN_MIB,
        ),
    ]


def _closed_tab_check(address: str, process: psutil.Process) -> Check:
    before, after = abandon(address, process)
    figure = f"{after:.1f} s more, after {before:.1f} s"
    return Check("closed tab's solve", figure, f"{LONGEST_S:g} s", after <= LONGEST_S)


def _api_check(solves: int) -> Check:
    command = [sys.executable, "-m", "bench.soak_api", str(solves)]
    samples: list[float] = []
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout or ():
            samples.append(float(line))
            _say(f"API: {len(samples) * EVERY} solves, {samples[-1]:.0f} MiB")
    if child.returncode:
        return Check("memory of the API process", f"ended with {child.returncode}", "0", False)
    return _growth_check(f"memory of the API process, {solves:,} solves", samples)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
