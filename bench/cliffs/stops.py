"""Ctrl-C at random moments of `plan` on hard instances: how long until the command has ended.

    python -m bench.cliffs.stops                        three moments of each of CASES
    python -m bench.cliffs.stops --tries 10 inf-minrep  ten of one case

Counted from the signal to the end of the process, output included: seconds of the processor, which
other work on the machine changes least, and of the clock. An end is as it should be with exit code
4 (a plan was kept) or 5 (there was none), standard output that says so, and no traceback.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from bench.case_process import HOME
from bench.cliffs.instances import CASES, make_cliff

FOLDER = HOME / "out" / "bench"

EARLIEST_S, LATEST_S = 0.3, 14.0
"""Moments, seconds of the processor after the start. Before, Python is starting and nobody listens
yet; most cases take about as long as the latest.
"""

LOST_S = 60.0
"""After these the process counts as lost."""


@dataclass(frozen=True)
class StoppedRun:
    """After how many seconds of the processor Ctrl-C came; seconds from there to the end, of the
    processor and of the clock; the exit code; and what is wrong with it.
    """

    at_s: float
    cpu_s: float
    wall_s: float
    code: int
    fault: str = ""


def main() -> int:
    """Measure and print; 1 where an end was not as it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.cliffs.stops",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tries", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for k, column in enumerate(("case", "stopped", "CPU s", "wall s", "at s", "codes", "faults")):
        table.add_column(column, justify="right" if 0 < k < 5 else "left", no_wrap=True)
    faults = 0
    for name in arguments.names or CASES:
        scenario, _ = make_cliff(name, arguments.seed, FOLDER)
        moments = rng.uniform(EARLIEST_S, LATEST_S, arguments.tries)
        runs = [one for at in moments if (one := stopped_run(scenario, float(at))) is not None]
        told = sorted({one.fault for one in runs if one.fault})
        faults += len(told)
        if not runs:
            table.add_row(name, "0", "", "", "", "", "ended before")
            continue
        worst = max(runs, key=lambda one: one.cpu_s)
        codes = " ".join(str(one.code) for one in runs)
        figures = (f"{worst.cpu_s:.1f}", f"{worst.wall_s:.1f}", f"{worst.at_s:.1f}")
        table.add_row(name, str(len(runs)), *figures, codes, "; ".join(told))
        print(f"{name}: {worst.cpu_s:.1f} s", file=sys.stderr)
    Console(width=120).print(table)
    return 1 if faults else 0


def stopped_run(scenario: Path, at_s: float) -> StoppedRun | None:
    """One run of `plan` that Ctrl-C stops after some seconds of the processor; None where it has
    ended before.
    """
    command = [sys.executable, "-m", "planner", "plan", str(scenario)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=HOME, stdout=said, stderr=subprocess.STDOUT)
        before = 0.0
        while before < at_s:
            time.sleep(0.01)
            if process.poll() is not None:
                return None
            before = sum(psutil.Process(process.pid).cpu_times()[:2])
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        code, cpu = _end_of_stopped(process)
        wall = time.monotonic() - began
        said.seek(0)
        text = said.read()
    fault = "lost" if code is None else "traceback" if "Traceback" in text else ""
    if not fault and code not in (0, 3, 4, 5):  # 0 and 3: it was done as the signal came
        fault = f"exit code {code}"
    elif not fault and code in (4, 5) and "stopped" not in text.lower():
        fault = "does not say that it was stopped"
    return StoppedRun(at_s, cpu - before, wall, -1 if code is None else code, fault)


def _end_of_stopped(process: "subprocess.Popen[bytes]") -> tuple[int | None, float]:
    """Exit code, None where it had to be killed, and seconds of the processor in all."""
    late = time.monotonic() + LOST_S
    killed = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return None if killed else process.returncode, usage.ru_utime + usage.ru_stime
        if time.monotonic() > late and not killed:
            process.kill()
            killed = True
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
