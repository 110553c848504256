"""The command `demand import`: logs of requests -> the cases of a day."""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed_command, framed_write, notify
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.demand.day import DayChoices, DemandDay, build_demand_day
from planner.demand.day_files import CASES_FILE, DEMAND_FILE, RATES_FILE, demand_day_files
from planner.demand.day_levels import BinOrder
from planner.demand.scenario_merge import merged_scenario_text, read_scenario_to_merge
from planner.errors import DataError
from planner.plans.plan_file import plan_file_text
from planner.presentation.demand.day import (
    demand_classes_table,
    demand_day_content,
    demand_day_headline,
    demand_day_lines,
    demand_day_notices,
    demand_levels_table,
)
from planner.presentation.formatting import format_number
from planner.program import PROGRAM
from profiles.io.faults import Fault, shown_in_fault
from profiles.io.output_folder import put_folder
from profiles.io.writing import check_writable, write_whole_file
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogLabel

__all__ = ["DemandImportOptions", "run_demand_import"]

SCENARIO_FILE = "scenario.yaml"
MINUTE, HOUR = 60.0, 3600.0
MOST_LEVELS, MOST_LENGTHS = 50, 20


@dataclass(frozen=True, kw_only=True)
class DemandImportOptions:
    """Options of the command. to: the folder. class_by: a LogLabel; classes: NAME or NAME=NEW;
    length_borders: numbers apart by commas. bin_min: min. by: a BinOrder. into: a scenario.
    """

    to: Path
    class_by: str = LogLabel.CLASS.value
    classes: Sequence[str] = ()
    length_classes: int = 0
    length_borders: str | None = None
    bin_min: float = 60.0
    by: str = BinOrder.TIME.value
    utc_offset_h: float = 0.0
    levels: int = 4
    quantile: float = 1.0
    scale: float = 1.0
    into: Path | None = None
    json: str | None = None
    quiet: bool = False


@framed_command
def run_demand_import(traces: Sequence[str], options: DemandImportOptions) -> int:
    """Import, write and report; return the exit code: 0, or 2 for bad input (then nothing is
    written).
    """
    choices = _day_choices(options)
    _check_outputs_of_demand_import(options)
    scenario = None if options.into is None else read_scenario_to_merge(options.into)
    imported = import_request_logs(
        [_log_source(text) for text in traces], LogLabel(options.class_by)
    )
    day = build_demand_day(imported.log, choices)
    sources = [Path(_log_source(text).path).name for text in traces]
    files = demand_day_files(day, sources)
    if scenario is not None and options.into is not None:
        files[SCENARIO_FILE] = merged_scenario_text(scenario, day, options.into, options.to)
    notify([*imported.notices, *demand_day_notices(day)], quiet=options.quiet)
    content = plan_file_text(demand_day_content(day, sources))
    path = None if options.json in (None, "-") else Path(str(options.json))
    if code := framed_write(options.to, lambda: _write_day(files, options.to, path, content)):
        return code
    if options.json == "-":
        sys.stdout.write(content)
        return 0
    console = plain_output_console()
    _print_demand_day(console, day, imported.lines, quiet=options.quiet)
    output_line(console, f"{', '.join(files)} written to {options.to}")
    if not options.quiet:
        output_line(console, _next_step(options))
    return 0


def _log_source(text: str) -> LogSource:
    """TRACE, or CLASS=TRACE where no file is called so."""
    name, sign, rest = text.partition("=")
    if not sign or not name.strip() or not rest or Path(text).exists():
        return LogSource(Path(text))
    return LogSource(Path(rest), name.strip())


def _day_choices(options: DemandImportOptions) -> DayChoices:
    """What the options mean. DataError with every fault."""
    faults: list[Fault] = []
    _check_number("--bin", options.bin_min, 0.1, 1440.0, "min", faults)
    _check_number("--utc-offset", options.utc_offset_h, -14.0, 14.0, "h", faults)
    _check_number("--quantile", options.quantile, 0.01, 1.0, "", faults)
    _check_number("--scale", options.scale, 1e-9, 1e9, "", faults)
    _check_number("--levels", options.levels, 1, MOST_LEVELS, "", faults)
    if options.length_classes:
        _check_number("--length-classes", options.length_classes, 2, MOST_LENGTHS, "", faults)
    borders = _length_borders(options.length_borders, faults)
    classes = _classes_to_import(options.classes, faults)
    if (options.length_classes or borders) and classes:
        problem = "classes are made by length, and cannot be chosen by name"
        faults.append(Fault("--class", "", "", problem, "give one of the options"))
    if options.length_classes and borders:
        problem = "the borders say how many classes there are"
        faults.append(Fault("--length-classes", "", "", problem, "give one of the options"))
    if faults:
        raise DataError(faults)
    return DayChoices(
        bin_s=MINUTE * options.bin_min,
        order=BinOrder(options.by),
        levels=options.levels,
        quantile=options.quantile,
        scale=options.scale,
        utc_offset_s=HOUR * options.utc_offset_h,
        classes=classes,
        length_classes=options.length_classes,
        length_borders=borders,
    )


def _check_number(
    option: str, value: float, low: float, high: float, unit: str, faults: list[Fault]
) -> None:
    """A fault unless low <= value <= high. The command line's own ranges let NaN pass."""
    if not low <= value <= high:
        problem = f"this must be from {low:g} to {high:g}{' ' if unit else ''}{unit}"
        faults.append(Fault(option, "", shown_in_fault(value), problem, "give another number"))


def _length_borders(text: str | None, faults: list[Fault]) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        borders = tuple(float(part) for part in text.split(","))
    except ValueError:
        borders = ()
    rising = all(low < high for low, high in pairwise(borders))
    known = all(math.isfinite(one) and one > 0 for one in borders)
    if not borders or len(borders) >= MOST_LENGTHS or not rising or not known:
        problem = f"these are no rising token counts, at most {MOST_LENGTHS - 1}"
        fix = "write them as 500,2000"
        faults.append(Fault("--length-borders", "", repr(text[:60]), problem, fix))
        return ()
    return borders


def _classes_to_import(texts: Sequence[str], faults: list[Fault]) -> dict[str, str]:
    """Read --class: name in the log -> class."""
    names: dict[str, str] = {}
    for text in texts:
        name, sign, new = text.partition("=")
        if name in names:
            problem, fix = "this class is named twice", "name it once"
            faults.append(Fault("--class", "", repr(name), problem, fix))
        names[name] = (new if sign else name).strip()
    return names


def _check_outputs_of_demand_import(options: DemandImportOptions) -> None:
    """DataError where something could not be written: nothing is overwritten."""
    folder, faults = options.to, []
    if options.json is not None and options.json != "-":
        check_writable(Path(options.json), "--json")
    if folder.exists() and not folder.is_dir():
        problem = "this is a file, not a folder"
        faults.append(Fault(str(folder), "", "", problem, "name a folder"))
    else:
        names = [CASES_FILE, DEMAND_FILE, RATES_FILE]
        names += [] if options.into is None else [SCENARIO_FILE]
        problem = "the file exists already, and nothing is overwritten"
        faults += [
            Fault(str(folder / name), "", "", problem, "name another folder")
            for name in names
            if os.path.lexists(folder / name)
        ]
    if faults:
        raise DataError(faults)


def _write_day(files: dict[str, str], folder: Path, json: Path | None, content: str) -> None:
    """Write the folder and the JSON file; neither is there where one cannot be written."""
    with put_folder(folder) as place:
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8", newline="")
        if json is not None:
            write_whole_file(json, lambda stream: stream.write(content))


def _next_step(options: DemandImportOptions) -> str:
    if options.into is None:
        return f"Next: paste {options.to / CASES_FILE} into a scenario, {DEMAND_FILE} beside it"
    return f"Next: {PROGRAM} plan {options.to / SCENARIO_FILE}"


def _print_demand_day(
    console: Console, day: DemandDay, lines: Sequence[str], *, quiet: bool
) -> None:
    output_line(console, demand_day_headline(day), "bold")
    if quiet:
        return
    output_table(console, "Cases", demand_levels_table(day), LEVELS)
    classes = demand_classes_table(day)
    shown = [one for one in CLASSES if one[2] is str or classes[one[0]].notna().any()]
    output_table(console, "Classes", classes, shown)
    output_lines(console, "What this means", [*demand_day_lines(day), *lines])
    console.print()


def _number(value: Any) -> str:
    return "" if pd.isna(value) else format_number(float(value))


def _hours(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"


def _bins(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:.0f}"


def _ratio(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.2f}"


LEVELS: list[Column] = [
    ("Case", "case", str),
    ("Hours (h)", "hours", _hours),
    ("Bins", "bins", _bins),
    ("Class", "class", str),
    ("Planned (req/s)", "planned\nreq/s", _number),
    ("Mean (req/s)", "mean\nreq/s", _number),
]
CLASSES: list[Column] = [
    ("Class", "class", str),
    ("Mean (req/s)", "mean\nreq/s", _number),
    ("Input tokens", "input\ntokens", _number),
    ("Output tokens", "output\ntokens", _number),
    ("CV of gaps", "CV of\ngaps", _ratio),
    ("Dispersion", "disper-\nsion", _ratio),
]
