"""The command `sweep`: scenario and varied keys -> one plan a point -> table, file as points
finish.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import EXIT_CODES, framed, notify, warn
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import Column, plain_console, print_line, print_lines, print_table
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.scenario.assemble import LoadResult, load_instance
from planner.studies.sweep import sweep
from planner.studies.sweep_axes import Axis, grid_points, read_axis
from planner.studies.sweep_point import SweepPoint, points_table
from planner.version import VERSION
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, safe_cell, write_csv

__all__ = ["Grid", "run_sweep"]

WRITE_EVERY_S = 2.0
SCHEDULER_WAIT = "10s"
MOST_ROWS = 60
"""More points than this are counted on the terminal, not listed."""


@dataclass(frozen=True)
class Grid:
    """What is asked beside the scenario.

    out: .csv or .parquet; jobs: processes, 0 = one a core; dask: address of a scheduler.
    """

    vary: tuple[str, ...]
    out: str | None
    jobs: int
    dask: str | None
    quiet: bool


@framed
def run_sweep(scenario: Path, overrides: Sequence[str], grid: Grid, interrupt: Interrupt) -> int:
    """Sweep, print and write; return the exit code: 0 also with infeasible rows, 4 or 5 when
    stopped with or without some points.
    """
    if grid.out is not None:
        check_writable(Path(grid.out), "--csv")
    axes = _axes(grid.vary)
    points = grid_points(axes)
    loaded = load_instance(scenario, overrides)
    notify([*loaded.notices, *loaded.instance.warnings], grid.quiet)
    kept = _Kept(grid.out, _key(loaded, axes), axes)
    with _backend(grid.dask):
        found = with_progress(
            lambda progress, cancel: sweep(
                scenario,
                overrides,
                points,
                jobs=grid.jobs,
                store=kept,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not grid.quiet,
        )
    complete = len(found) == len(points)
    kept.close(found, complete)
    _print(plain_console(), loaded, axes, found, len(points), grid)
    return 0 if complete else EXIT_CODES["feasible" if found else "unknown"]


def _axes(vary: Sequence[str]) -> list[Axis]:
    """All axes, or all their faults at once."""
    axes: list[Axis] = []
    faults: list[Fault] = []
    for text in vary:
        try:
            axes.append(read_axis(text))
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(faults)
    return axes


def _key(loaded: LoadResult, axes: Sequence[Axis]) -> str:
    """What a journal must be of to be gone on with."""
    varied = json.dumps([[axis.key, axis.values] for axis in axes], default=str)
    return hashlib.sha256(
        f"{VERSION} {loaded.sha256} {varied} {loaded.scenario.spec.solver}".encode()
    ).hexdigest()


@contextmanager
def _backend(dask: str | None) -> Iterator[None]:
    """Within, joblib hands points to the Dask cluster at the address, or to processes of this
    machine.
    """
    if dask is None:
        yield
        return
    try:
        # Only for those who have a cluster: neither package is needed otherwise.
        from dask.distributed import Client
        from joblib import parallel_config
    except ImportError:
        raise DataError(
            [
                Fault(
                    "--dask",
                    "",
                    dask,
                    "dask is not installed",
                    "pip install distributed, here and on the workers",
                )
            ]
        ) from None
    try:
        client = Client(dask, timeout=SCHEDULER_WAIT)
    except (OSError, ValueError) as error:
        raise DataError(
            [
                Fault(
                    "--dask",
                    "",
                    dask,
                    f"no scheduler answers there ({error})",
                    "start one, or leave --dask out",
                )
            ]
        ) from error
    with client, parallel_config(backend="dask", wait_for_workers_timeout=30):
        yield


class _Kept:
    """The journal beside the wanted file (a line a point), and the file itself, written again as
    points finish.
    """

    def __init__(self, out: str | None, key: str, axes: Sequence[Axis]) -> None:
        self.out, self.keys = None if out is None else Path(out), [axis.key for axis in axes]
        self.journal = None if out is None else Path(f"{out}.partial")
        self.done = {} if self.journal is None else _read(self.journal, key)
        self.written = time.monotonic()
        self.points = dict(self.done)
        if self.journal is not None:
            lines = [
                json.dumps({"key": key}),
                *(json.dumps(asdict(point)) for point in self.done.values()),
            ]
            self.journal.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def keep(self, point: SweepPoint) -> None:
        """Append a point; write the file every now and then."""
        self.points[point.number] = point
        if self.journal is None:
            return
        with self.journal.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(point)) + "\n")
        if time.monotonic() - self.written > WRITE_EVERY_S:
            self._write()

    def _write(self) -> None:
        if self.out is not None:
            self.written = time.monotonic()
            write_points(
                points_table([self.points[number] for number in sorted(self.points)], self.keys),
                self.out,
            )

    def close(self, found: Sequence[SweepPoint], complete: bool) -> None:
        """Write the file a last time; the journal goes when it is not needed any more."""
        self.points = {point.number: point for point in found}
        try:
            self._write()
        except OSError as error:
            warn(
                [
                    f"{self.out}: cannot be written ({error.strerror}); what was planned is in"
                    f" {self.journal}"
                ]
            )
            return
        if complete and self.journal is not None:
            self.journal.unlink(missing_ok=True)


def write_points(frame: pd.DataFrame, path: Path) -> None:
    """Write the table as CSV, or as Parquet where the name ends so."""
    if path.suffix.lower() != ".parquet":
        write_csv(frame, path)
        return
    mixed = [
        name
        for name in frame.columns
        if frame[name].map(type).nunique() > 1 and frame[name].dtype == object
    ]
    texts = {
        name: frame[name].map(lambda value: None if value is None else str(safe_cell(value)))
        for name in mixed
        if _has_text(frame[name])
    }
    frame.assign(**texts).to_parquet(path, index=False)


def _has_text(column: pd.Series) -> bool:
    return any(isinstance(value, str | list | dict | bool) for value in column)


def _read(journal: Path, key: str) -> dict[int, SweepPoint]:
    """Points of an earlier run of this very sweep; a half-written last line is passed over."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    found: dict[int, SweepPoint] = {}
    for number, line in enumerate(lines):
        try:
            content = json.loads(line)
        except ValueError:
            break
        if number == 0:
            if content != {"key": key}:
                return {}
            continue
        found[content["number"]] = SweepPoint(**content)
    return found


def _print(
    console: Console,
    loaded: LoadResult,
    axes: Sequence[Axis],
    found: Sequence[SweepPoint],
    asked: int,
    grid: Grid,
) -> None:
    """Print counts, and the table when it is not too long."""
    states = {
        status: sum(point.status == status for point in found)
        for status in dict.fromkeys(point.status for point in found)
    }
    told = ", ".join(f"{count:,} {status}" for status, count in states.items())
    print_line(
        console,
        f"{loaded.scenario.spec.name}: {len(found):,} of {asked:,} points planned: {told}",
        "bold",
    )
    if len(found) < asked and grid.out is not None:
        print_line(
            console,
            f"stopped; the same command goes on from there ({grid.out}.partial)",
            "bold yellow",
        )
    if not grid.quiet and 0 < len(found) <= MOST_ROWS:
        _print_points(console, points_table(found, [axis.key for axis in axes]), axes)
        reasons = list(dict.fromkeys(point.reason for point in found if point.reason))
        if reasons:
            print_lines(console, "Points without a plan", reasons)
    if grid.out is not None:
        print_line(console, f"{len(found):,} points written to {grid.out}")


def _print_points(console: Console, frame: pd.DataFrame, axes: Sequence[Axis]) -> None:
    columns: list[Column] = [(axis.key, axis.key.replace(".", ".\n"), str) for axis in axes]
    columns.append(("Status", "status", str))
    for header in [h for h in frame.columns if h.startswith(("Found", "Best possible"))]:
        columns.append(
            (header, header.replace(" (", "\n(", 1).lower(), _number(2 if "USD" in header else 5))
        )
    columns.append(("GPUs used", "GPUs", _number(0)))
    frame = frame if "GPUs used" in frame.columns else frame.assign(**{"GPUs used": None})
    print_table(console, "Points", frame, columns)


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: "-" if value is None or pd.isna(value) else f"{value:,.{digits}f}"
