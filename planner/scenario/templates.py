"""What `init` writes: the example that new inputs start from, and a loaded scenario as the content
of an input workbook.
"""

import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.demand.requests import DemandInstance
from planner.scenario.demand.demand_sheets import demand_sheet_rows, score_sheet_titles
from planner.scenario.inputs import InputTables
from planner.scenario.load import Scenario
from planner.scenario.schema.specification import MinimizeCost, ScenarioSpec
from profiles.class_rows import CLASS
from profiles.io.faults import DataError, Fault
from profiles.io.tables import Table, number_table_column, text_table_column
from profiles.mig_columns import MIG
from profiles.score_tables.score_columns import PROVENANCE, RESERVED
from profiles.workbook_layout import PROFILES, SCORES, TABLES, UNHOLDABLE, WorkbookInputs

__all__ = [
    "MOST_PROMPTS",
    "TEMPLATE_TEXTS",
    "template_inputs",
    "template_score_frame",
    "template_workbook_inputs",
]

CELL_TEXT = 32_767
MOST_PROMPTS = 5_000
"""Scores of more prompts stay in their file, which the workbook then names."""

TEMPLATE_TEXTS = {
    "scenario.yaml": (
        """\
# A scenario. Every key, unit and default: docs/inputs.md.
version: 1
name: my-cluster
pools:                            # a pool = identical nodes
  - name: a100
    gpu: A100-PCIe-80GB           # as in profiles.csv
    nodes: 1
    gpus_per_node: 2
    price_usd_per_gpu_h: 1.80     # yours; without it the catalogue's
llms:
  - {name: small}
  - {name: large, max_replicas: 2}
profiles: profiles.csv            # latency of one replica at each rate: replace it by your own
scores: scores.csv                # how good each LLM's answer to each prompt is expected to be
arrival_rate_rps: 20              # requests per second in all
slo:
  - {metric: ttft, statistic: mean, limit_ms: 300, scope: all}  # each_llm: every LLM keeps it
objective: {maximize: quality}    # or {minimize: cost, quality_at_least: 0.7}
"""
    ),
    "profiles.csv": (
        """\
llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu,provenance,source
small,A100-PCIe-80GB,1,100,2,60,20,estimated,invented for the template
small,A100-PCIe-80GB,1,100,20,180,20,estimated,invented for the template
small,A100-PCIe-80GB,1,100,30,400,20,estimated,invented for the template
large,A100-PCIe-80GB,1,100,1,150,60,estimated,invented for the template
large,A100-PCIe-80GB,1,100,6,500,60,estimated,invented for the template
large,A100-PCIe-80GB,1,100,9,1400,60,estimated,invented for the template
"""
    ),
    "scores.csv": (
        """\
prompt_id,small,large
p1,0.81,0.84
p2,0.35,0.77
p3,0.62,0.90
p4,0.70,0.66
p5,0.48,0.71
"""
    ),
}
"""Files of a new folder; they can be planned unchanged."""


def template_inputs() -> WorkbookInputs:
    """Sheets of a new workbook: the same example as `TEMPLATE_TEXTS`."""
    profiles, scores = (
        pd.read_csv(io.StringIO(TEMPLATE_TEXTS[f"{name}.csv"])) for name in ("profiles", "scores")
    )
    pool = {
        "name": "a100",
        "gpu": "A100-PCIe-80GB",
        "nodes": 1,
        "gpus_per_node": 2,
        "price_usd_per_gpu_h": 1.80,
    }
    return WorkbookInputs(
        pools=[pool],
        llms=[{"name": "small"}, {"name": "large", "max_replicas": 2}],
        slo=[{"metric": "ttft", "statistic": "mean", "limit_ms": 300, "scope": "all"}],
        arrival_rate_rps=20,
        settings={"version": 1, "name": "my-cluster", "objective": "maximize quality"},
        profiles=profiles,
        scores=scores,
    )


def template_workbook_inputs(
    scenario: Scenario,
    tables: InputTables,
    folder: Path,
    most_prompts: int = MOST_PROMPTS,
    demand: DemandInstance | None = None,
) -> WorkbookInputs:
    """Sheets of a scenario, overrides included. tables: of the scenario, as they were read.

    Scores of more than `most_prompts` prompts stay in their file, and so do tables with text that
    no cell can hold: settings name the file relative to `folder`, where the workbook will be.
    demand: of a scenario with classes, cases, LLMs outside or a budget.
    DataError when the cells of the scores are no numbers.
    """
    spec = scenario.spec
    settings = _template_settings(spec)
    notes: list[str] = []
    place = _Place(scenario, folder, notes)
    rows = _template_profile_frame(tables)
    profiles: pd.DataFrame | None = rows
    if "profiles" not in tables.sheets and _unholdable_in_template(rows):
        profiles, settings["profiles"] = None, place.left_out(spec.profiles, PROFILES)
    # The sheet Scores has the scenario's own table, or that of the first class.
    own = spec.scores
    if tables.class_scores and own not in tables.class_scores:
        own = next(iter(tables.class_scores))
    scores, named, others = None, {own: ""}, {}
    titles = _titles_of_scores(spec, tables, own)
    for name, table in ({own: tables.scores} | dict(tables.class_scores)).items():
        frame = template_score_frame(scenario, table)
        stays = name not in tables.sheets and (name != own or "scores" not in tables.sheets)
        if stays and (_unholdable_in_template(frame) or len(frame) > most_prompts):
            file = place.left_out(name, titles.get(name, SCORES))
            if name == own:
                settings["scores"] = file
            else:
                named[name] = file
        elif name == own:
            scores = frame
        else:
            named[name] = titles[name]
            others[titles[name]] = frame
    content = spec.model_dump(mode="python")
    rate = content["arrival_rate_rps"]
    return WorkbookInputs(
        pools=[_template_pool(pool) for pool in content["pools"]],
        llms=content["llms"],
        slo=content["slo"],
        arrival_rate_rps=None if isinstance(rate, dict) else rate,
        settings=settings,
        profiles=profiles,
        scores=scores,
        notes=tuple(notes),
        class_scores=others,
        **({} if demand is None else demand_sheet_rows(spec, demand, named)),
    )


@dataclass(frozen=True)
class _Place:
    """Where a workbook will be, and the sentences on tables that stay in their files."""

    scenario: Scenario
    folder: Path
    notes: list[str]

    def left_out(self, name: str, sheet: str) -> str:
        """A table's file relative to the workbook, with a sentence that its sheet is left out."""
        path = os.path.realpath(self.scenario.path.parent / name)
        file = Path(os.path.relpath(path, os.path.realpath(self.folder))).as_posix()
        self.notes.append(f"the sheet {sheet} is left out; the workbook names {file} instead")
        return file


def _titles_of_scores(spec: ScenarioSpec, tables: InputTables, own: str) -> dict[str, str]:
    """Sheets of the score tables of classes, but for the one that goes to the sheet Scores."""
    first: dict[str, str] = {}
    for one in spec.classes or ():
        first.setdefault(one.scores or spec.scores, one.name)
    return score_sheet_titles({name: first[name] for name in tables.class_scores if name != own})


def _template_pool(pool: Mapping[str, Any]) -> dict[str, Any]:
    """A pool by the dotted keys of its sheet."""
    row = {key: value for key, value in pool.items() if not isinstance(value, dict)}
    for key in ("nodes", "reserved"):
        if isinstance(pool[key], dict):
            row |= {f"{key}.{inner}": value for inner, value in pool[key].items()}
    return {**row, "owned": "yes" if pool["owned"] else None}


def _template_settings(spec: ScenarioSpec) -> dict[str, Any]:
    """Values by the dotted keys of Settings; tables are taken as sheets."""
    objective = spec.objective
    settings: dict[str, Any] = {
        "version": spec.version,
        "name": spec.name,
        "scores_missing": spec.scores_missing,
    }
    settings["objective"] = (
        "minimize cost" if isinstance(objective, MinimizeCost) else "maximize quality"
    )
    if isinstance(objective, MinimizeCost):
        settings["objective.quality_at_least"] = objective.quality_at_least
    else:
        settings["objective.cost_at_most_usd_per_h"] = objective.cost_at_most_usd_per_h
    for part in ("fleet", "setups", "headroom", "solver"):
        settings |= {
            f"{part}.{key}": value for key, value in getattr(spec, part).model_dump().items()
        }
    return settings


def _template_profile_frame(tables: InputTables) -> pd.DataFrame:
    """Known columns that are not blank altogether, in the order of the sheet; rows of classes below
    those of all.
    """
    parts = [pd.DataFrame(dict(tables.profiles.content))]
    parts += [
        pd.DataFrame({CLASS: name, **table.content}) for name, table in tables.of_classes.items()
    ]
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    if CLASS in frame:
        frame[CLASS] = frame[CLASS].fillna("")
    # A MIG instance has no share; the column stays where all are instances, since tables need it.
    frame.loc[frame[MIG] != "", "mps_share_pct"] = np.nan
    names = [one.key for one in TABLES[PROFILES] if one.key in frame]
    blank = {name for name in names if (frame[name] == "").all() or frame[name].isna().all()}
    return frame[[name for name in names if name not in blank or name == "mps_share_pct"]]


def template_score_frame(scenario: Scenario, table: Table) -> pd.DataFrame:
    """Prompts, weights where there are any, and the scores of the scenario's LLMs; all rows, also
    those that lack a score.
    """
    faults: list[Fault] = []
    columns: dict[str, np.ndarray] = {"prompt_id": text_table_column(table, "prompt_id", faults)}
    llms = [llm.name for llm in scenario.spec.llms]
    if PROVENANCE in table.columns and PROVENANCE not in llms:
        columns[PROVENANCE] = text_table_column(table, PROVENANCE, faults, blank="")
    for name in (*RESERVED[1:], *llms):
        if name in table.columns:
            columns[name] = number_table_column(table, name, faults, nan_is_blank=True)
    if faults:
        raise DataError(faults)
    return pd.DataFrame(columns)


def _unholdable_in_template(frame: pd.DataFrame) -> bool:
    """Whether a text of the table is longer than a cell, or has characters that workbooks cannot
    give back.
    """
    for name in frame.columns:
        column = frame[name]
        if not pd.api.types.is_numeric_dtype(column):
            cells = column.astype(str)
            if (cells.str.len() * 2 > CELL_TEXT).any() or any(
                map(re.compile(UNHOLDABLE).search, cells)
            ):
                return True
    return False
