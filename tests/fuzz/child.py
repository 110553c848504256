"""Work in a process of its own, forked where the program is imported already, and what it cost.

Forked, a case costs what the command does and no import; its peak memory counts what the parent
had, which is more than any single command imports.
"""

import atexit
import gc
import importlib
import os
import pkgutil
import resource
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.libraries import LIBRARY

__all__ = [
    "CPU_LIMIT_S",
    "PATIENCE",
    "WALL_LIMIT_S",
    "Outcome",
    "call_command",
    "import_program",
    "in_child",
]

PATIENCE = float(os.environ.get("FUZZ_PATIENCE", "1"))
"""Times the limits of time: a machine that tests by the side of others is slow, not the planner."""
WALL_LIMIT_S = 60.0 * PATIENCE
"""A process that sleeps or waits so long hangs."""
CPU_LIMIT_S = int(25 * PATIENCE)
"""A process is ended there; what is too much is less, and for `judge` to say."""
ADDRESSES = 8 << 30
FILE_SIZE = 256 << 20
LATE = (
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "jsonschema"),
    *("pyarrow.pandas_compat", "pandas.io.formats.csvs", "PIL.PngImagePlugin"),
)
"""What is imported where it is used, and takes time."""
ELSEWHERE = ("__main__", "dual_price_plugin", "cell_price_plugin", "migrations.env")
"""Modules that are not part of the command line: they run, or belong to a gateway or to Alembic."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """code: exit code, None where a signal ended the process; signal: its number, else 0; hung:
    ended by us after `WALL_LIMIT_S`; left: processes that it left behind.

    cpu_s, peak_mib: of the process and those it waited for. out, err: what it printed.
    """

    code: int | None
    signal: int
    hung: bool
    left: bool
    cpu_s: float
    wall_s: float
    peak_mib: float
    out: str
    err: str


def import_program() -> None:
    """Import all of the program but its page."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    importlib.import_module("planner.postponed_imports").postpone_imports()
    for room in ("profiles", "models", "reports", "planner"):
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not module.name.endswith(ELSEWHERE):
                importlib.import_module(module.name)
    for library in LATE:
        importlib.import_module(library)
    gc.freeze()  # the collector would copy all of it into every process


def call_command(args: Sequence[str]) -> int:
    """Run a command line as `python -m planner` does; the exit code. `app` would replace the
    process by a server: it ends where it would.
    """
    # Imported here: `import_program` sets what numpy reads first.
    from planner.cli.app import run

    os.execve = lambda *_: os._exit(0)  # type: ignore[assignment]
    sys.argv = ["planner", *args]
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def in_child(work: Callable[[], int], folder: Path, logs: Path) -> Outcome:
    """Do the work in a forked process, in a folder; `logs` takes what it prints."""
    logs.mkdir(exist_ok=True)
    sys.stdout.flush()
    start, process = time.monotonic(), os.fork()
    if process == 0:
        _be_child(work, folder, logs)
    ends = os.pidfd_open(process)
    hung = not select.select([ends], [], [], WALL_LIMIT_S)[0]
    os.close(ends)
    if hung:
        os.killpg(process, signal.SIGKILL)
    _, status, usage = os.wait4(process, 0)
    return Outcome(
        code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        hung=hung,
        left=_end_group(process),
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.monotonic() - start,
        peak_mib=usage.ru_maxrss / 1024,
        out=(logs / "out").read_text(encoding="utf-8", errors="replace"),
        err=(logs / "err").read_text(encoding="utf-8", errors="replace"),
    )


def _be_child(work: Callable[[], int], folder: Path, logs: Path) -> None:
    """What the forked process does; never returns."""
    code = 1
    try:
        os.setsid()
        _redirect(logs)
        os.chdir(folder)
        _set_environment(logs)
        _limit()
        code = work()
    except BaseException:
        traceback.print_exc()
    try:
        threading._shutdown()  # the order of the interpreter's own end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1
    os._exit(code)


def _redirect(logs: Path) -> None:
    """Standard input from nowhere, output and errors to files."""
    for number, name in ((0, os.devnull), (1, str(logs / "out")), (2, str(logs / "err"))):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(name, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)


def _set_environment(logs: Path) -> None:
    """The environment of every case: a time that stands still, temporary files beside the logs."""
    temporary = logs / "temporary"
    temporary.mkdir(exist_ok=True)
    tempfile.tempdir = None
    os.environ.update(TMPDIR=str(temporary), SOURCE_DATE_EPOCH="1", COLUMNS="100", NO_COLOR="1")
    # A library of the case's own, beside the folder that is looked at: a copy of what lies there.
    os.environ["PLANNER_LIBRARY"] = str(logs / "library")
    if Path(LIBRARY).is_file():
        (logs / "library").mkdir()
        shutil.copyfile(LIBRARY, logs / "library" / LIBRARY)


def _limit() -> None:
    """Ends of CPU, memory and file size that no sound case meets."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # One core: as many processes on every machine, and studies run in this one.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S + 5))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))


def _end_group(group: int) -> bool:
    """End what a process left behind; whether there was anything five seconds later."""
    for _ in range(50):
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    return True
