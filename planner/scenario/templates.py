"""What `init` writes: the example that new inputs start from, and a loaded scenario as the content
of an input workbook.
"""

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.scenario.load import Scenario
from planner.scenario.schema import MinimizeCost, ScenarioSpec
from profiles.curves import ProfileTable, parse_profiles, read_profiles
from profiles.io.faults import DataError, Fault
from profiles.io.tables import Table, numbers, read_table, texts
from profiles.io.workbook_guard import is_workbook
from profiles.scores import RESERVED
from profiles.workbook_layout import PROFILES, SCORES, TABLES, UNHOLDABLE, WorkbookInputs

if TYPE_CHECKING:
    from planner.scenario.workbook_headers import InputBook

__all__ = ["MOST_PROMPTS", "TEMPLATE_TEXTS", "template_inputs", "workbook_inputs"]

CELL_TEXT = 32_767
MOST_PROMPTS = 5_000
"""Scores of more prompts stay in their file, which the workbook then names."""

TEMPLATE_TEXTS = {
    "scenario.yaml": (
        """\
# What is asked. Every key, unit and default: docs/inputs.md. Plan it: python -m planner plan
# scenario.yaml
version: 1
name: my-cluster
pools:                            # a pool = nodes that are all alike
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
  - {metric: ttft, statistic: mean, limit_ms: 300}
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
"""Files of a new folder; they plan as they stand."""


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


def workbook_inputs(
    scenario: Scenario, folder: Path, most_prompts: int = MOST_PROMPTS
) -> WorkbookInputs:
    """Sheets of a sound scenario (one that `load_instance` took), overrides included.

    Scores of more than `most_prompts` prompts stay in their file, and so do tables with text that
    no cell can hold: settings name the file relative to `folder`, where the workbook will stand.
    DataError when a table cannot be read (any more).
    """
    faults: list[Fault] = []
    book = _book(scenario, faults)
    settings = _settings(scenario.spec)
    notes = []
    table, scores = _profiles(scenario, book, faults), _scores(scenario, book, faults)
    if faults or table is None or scores is None:
        raise DataError(faults)
    frames: dict[str, pd.DataFrame | None] = {"profiles": _profile_frame(table), "scores": scores}
    for key, path, sheet in (
        ("profiles", scenario.profiles_path, PROFILES),
        ("scores", scenario.scores_path, SCORES),
    ):
        frame = frames[key]
        in_file = book is None or getattr(scenario.spec, key) not in book.tables
        if (
            frame is not None
            and in_file
            and (_unholdable(frame) or (key == "scores" and len(frame) > most_prompts))
        ):
            frames[key] = None
            settings[key] = Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
            notes.append(
                f"the sheet {sheet} is left out; the workbook names {settings[key]} instead"
            )
    content = scenario.spec.model_dump(mode="python")
    return WorkbookInputs(
        pools=content["pools"],
        llms=content["llms"],
        slo=content["slo"],
        arrival_rate_rps=content["arrival_rate_rps"],
        settings=settings,
        profiles=frames["profiles"],
        scores=frames["scores"],
        notes=tuple(notes),
    )


def _book(scenario: Scenario, faults: list[Fault]) -> "InputBook | None":
    """The workbook that the scenario came from; None for a YAML file."""
    if not is_workbook(scenario.path):
        return None
    # Imported here because only workbooks need openpyxl.
    from planner.scenario.workbook import read_book

    book = read_book(scenario.path, faults)
    if faults:
        raise DataError(faults)
    return book


def _settings(spec: ScenarioSpec) -> dict[str, Any]:
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
    for part in ("setups", "solver"):
        settings |= {
            f"{part}.{key}": value for key, value in getattr(spec, part).model_dump().items()
        }
    return settings


def _profiles(
    scenario: Scenario, book: "InputBook | None", faults: list[Fault]
) -> ProfileTable | None:
    table = book.tables.get(scenario.spec.profiles) if book else None
    return (
        parse_profiles(table, faults)
        if table is not None
        else read_profiles(scenario.profiles_path, faults)
    )


def _profile_frame(table: ProfileTable) -> pd.DataFrame:
    """Known columns that are not blank altogether, in the order of the sheet."""
    names = [one.key for one in TABLES[PROFILES] if one.key in table.content]
    frame = pd.DataFrame({name: table.content[name] for name in names})
    return frame[
        [name for name in names if not ((frame[name] == "").all() or frame[name].isna().all())]
    ]


def _scores(
    scenario: Scenario, book: "InputBook | None", faults: list[Fault]
) -> pd.DataFrame | None:
    """Prompts, weights where there are any, and the scores of the scenario's LLMs; all rows, also
    those that lack a score.
    """
    wanted = [*RESERVED, *(llm.name for llm in scenario.spec.llms)]
    table: Table | None = book.tables.get(scenario.spec.scores) if book else None
    table = table or read_table(scenario.scores_path, faults, only=wanted)
    if table is None:
        return None
    columns: dict[str, np.ndarray] = {"prompt_id": texts(table, "prompt_id", faults)}
    columns |= {
        name: numbers(table, name, faults, nan_is_blank=True)
        for name in wanted[1:]
        if name in table.columns
    }
    return pd.DataFrame(columns)


def _unholdable(frame: pd.DataFrame) -> bool:
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
