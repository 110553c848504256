"""The end of the page New scenario: a day's log read, and the scenario written and opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from app_pages.jobs.messages import JobContext
from app_pages.jobs.new_files import refused_new_files, unpack_new_files
from planner.demand.day import DayChoices, build_demand_day
from planner.demand.day_files import DEMAND_FILE, day_keys, demand_day_files
from planner.errors import DataError
from planner.presentation.demand.day import (
    demand_classes_table,
    demand_day_headline,
    demand_day_lines,
    demand_day_notices,
    demand_levels_table,
)
from planner.scenario.assemble import assemble_instance
from planner.scenario.edits import ScenarioEdit
from planner.scenario.starting.file_kinds import FileKind
from planner.scenario.starting.new_scenario import NewTables, write_new_scenario
from planner.settings import Progress
from profiles.request_logs.pipeline import LogSource, import_request_logs
from profiles.request_logs.record import LogLabel

__all__ = ["NewDay", "new_day_page_words", "read_new_day_job", "write_new_scenario_job"]

FIELDS = {
    " (--levels)": "",
    "before --scale": "before its rates are multiplied",
    "--by hour-of-day weighs them alike": "cases that are hours of the day weigh them alike",
    "(--bin) may show": "(the command `demand import`) may show",
    "(--bin) or a lower --quantile": "or a lower quantile (the command `demand import`)",
}
"""Options of the command `demand import` -> what the page has instead."""


@dataclass(frozen=True, kw_only=True)
class NewDay:
    """keys: of a scenario, as of `day_keys`; demand: text of the table of rates; headline, lines,
    levels, classes: the day in words and tables.
    """

    keys: Mapping[str, Any]
    demand: str
    headline: str
    lines: Sequence[str]
    levels: pd.DataFrame
    classes: pd.DataFrame


def read_new_day_job(
    folder: str,
    files: Sequence[tuple[str, str]],
    label: LogLabel,
    choices: DayChoices,
    *,
    job: JobContext,
) -> NewDay:
    """Make the cases of a day of logs, put into an empty folder. DataError with every fault."""
    job.progress(Progress(0.0, "reading"))
    paths = unpack_new_files(Path(folder), files)
    try:
        imported = import_request_logs([LogSource(path) for path in paths], label)
    except DataError as error:
        raise refused_new_files(error, paths, (FileKind.LOG,)) from None
    day = build_demand_day(imported.log, choices)
    lines = [*demand_day_lines(day), *imported.lines, *imported.notices, *demand_day_notices(day)]
    return NewDay(
        keys=day_keys(day),
        demand=demand_day_files(day, [name for name, _ in files])[DEMAND_FILE],
        headline=demand_day_headline(day),
        lines=[new_day_page_words(line) for line in lines],
        levels=demand_levels_table(day),
        classes=demand_classes_table(day),
    )


def new_day_page_words(line: str) -> str:
    """A sentence on a day with fields of the page in place of options of the command."""
    for option, field in FIELDS.items():
        line = line.replace(option, field)
    return line


def write_new_scenario_job(
    folder: str, part: Mapping[str, Any], tables: NewTables, *, job: JobContext
) -> ScenarioEdit:
    """Write a scenario with its tables into an empty folder, and read all of it. DataError with
    every fault.
    """
    job.progress(Progress(0.0, "reading"))
    path = write_new_scenario(Path(folder), part, tables)
    assemble_instance(path, cells=True, sizing=True)
    return ScenarioEdit.of_file(str(path))
