"""A first scenario made of answers, step by step: the faults of a part of it, and its files.

A step of the page New scenario holds some keys of a scenario (pools; LLMs; rates; SLOs and the
objective). They are checked as a whole scenario is, with sound values for the keys of other steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import DataError
from planner.scenario.archive import archived_scenario_text
from planner.scenario.assemble import assemble_pools
from planner.scenario.inputs import InputFindings
from planner.scenario.load import load_parsed_scenario
from profiles.curves import ProfileTable, read_profiles
from profiles.io.faults import Fault
from profiles.io.writing import write_csv
from profiles.merging import MergedProfiles, Preference, merge_profile_tables

__all__ = [
    "NewTables",
    "merge_new_curves",
    "new_scenario_content",
    "new_scenario_faults",
    "write_new_scenario",
]

SCENARIO, PROFILES, SCORES, DEMAND = "scenario.yaml", "profiles.csv", "scores.csv", "demand.csv"
SOUND: Mapping[str, Any] = {
    "version": 1,
    "name": "new",
    "pools": [{"name": "a100", "gpu": "A100-SXM-80GB", "nodes": 1, "gpus_per_node": 1}],
    "llms": [{"name": "llm"}],
    "profiles": PROFILES,
    "scores": SCORES,
    "arrival_rate_rps": 1,
    "slo": [],
    "objective": {"maximize": "quality"},
}
"""What other steps are taken to say while one is checked."""


@dataclass(frozen=True)
class NewTables:
    """curves: profile tables, put together option by option; scores: path of a score table whose
    columns are called like the LLMs; demand: text of a table of rates, "" for none.
    """

    curves: Sequence[pd.DataFrame]
    scores: Path
    demand: str = ""


def new_scenario_content(part: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a scenario. part: the keys that were answered; rates of cases are in the table
    `demand` where it is among them.
    """
    content = {**SOUND, **part}
    if "cases" in part:
        del content["arrival_rate_rps"]
    return content


def new_scenario_faults(part: Mapping[str, Any], step: str) -> tuple[Fault, ...]:
    """Faults of some keys of a scenario, a blank field in the words of a page. step: what they are
    reported at.
    """
    try:
        scenario = load_parsed_scenario(new_scenario_content(part), Path(step))
    except DataError as error:
        blank = {"value": "", "problem": "this field is blank", "fix": "fill it in"}
        return tuple(
            replace(fault, **blank) if fault.value == "null" else fault for fault in error.faults
        )
    findings = InputFindings()
    assemble_pools(scenario, findings)
    return tuple(findings.scenario)


def merge_new_curves(frames: Sequence[pd.DataFrame], folder: Path) -> MergedProfiles:
    """One profile table of several, every option's curve from the one with the strongest
    provenance: measured before estimated. DataError with every fault.

    folder: for files on the way.
    """
    faults: list[Fault] = []
    tables: list[ProfileTable] = []
    for k, frame in enumerate(frames):
        path = folder / f"curves-{k}.csv"
        write_csv(frame, path)
        table = read_profiles(path, faults)
        path.unlink()
        tables += [] if table is None else [table]
    if not frames:
        problem, fix = "there are no curves", "upload benchmark files, or estimate curves"
        faults.append(Fault("curves", "", "", problem, fix))
    if faults:
        raise DataError(faults)
    return merge_profile_tables(tables, Preference.MEASURED)


def write_new_scenario(folder: Path, part: Mapping[str, Any], tables: NewTables) -> Path:
    """Write scenario and tables into an empty folder; the scenario's file. DataError with every
    fault of the curves.
    """
    merged = merge_new_curves(tables.curves, folder)
    write_csv(merged.frame, folder / PROFILES)
    (folder / SCORES).write_bytes(tables.scores.read_bytes())
    if tables.demand:
        (folder / DEMAND).write_text(tables.demand, encoding="utf-8", newline="")
    path = folder / SCENARIO
    path.write_text(archived_scenario_text(new_scenario_content(part)), encoding="utf-8")
    return path
