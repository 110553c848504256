"""Score tables of classes: each file is read once, whichever classes name it.

A table must have a column for every LLM that some class naming it permits. An LLM outside all their
lists may lack one: its row holds the lowest score of the table, and nothing ever reads it.
"""

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from planner.scenario.schema.specification import ScenarioSpec
from profiles.io.faults import Fault
from profiles.io.tables import Table
from profiles.records import Scores
from profiles.score_tables.scores import parse_scores, read_score_table

__all__ = ["ClassScores", "ScoreSource", "check_named_class_scores", "read_class_score_tables"]


@dataclass(frozen=True)
class ClassScores:
    """cells: the first class's table as it was read; of_class: (C,) rows in the order of served
    LLMs, one object for all classes that name the same file. tables: as they were read, by the name
    that the scenario has for each.
    """

    cells: Table
    of_class: tuple[Scores, ...]
    tables: Mapping[str, Table]


@dataclass(frozen=True, kw_only=True)
class ScoreSource:
    """Where score tables come from. folder: that file names are relative to; known: name -> table
    in memory or of a workbook's sheet, None for a faulty one; missing: error or drop.
    """

    folder: Path
    known: Mapping[str, Table | None]
    missing: str


def read_class_score_tables(
    spec: ScenarioSpec,
    source: ScoreSource,
    faults: list[Fault],
    notices: list[str],
) -> ClassScores | None:
    """Scores of every class (of the only one where none is stated); None when one is faulty."""
    served = spec.served_llms
    names = [one.scores or spec.scores for one in spec.classes or ()] or [spec.scores]
    permitted = [one.llms or served for one in spec.classes or ()] or [served]
    read: dict[str, tuple[Table, Scores] | None] = {}
    for name in names:
        key = _file_key(name)
        if key not in read:
            users = [
                llms
                for other, llms in zip(names, permitted, strict=True)
                if _file_key(other) == key
            ]
            wanted = [llm for llm in served if any(llm in llms for llms in users)]
            read[key] = _read_class_scores(name, source, (wanted, served), faults, notices)
    tables = [read[_file_key(name)] for name in names]
    sound = [one for one in tables if one is not None]
    if len(sound) < len(tables):
        return None
    return ClassScores(
        sound[0][0],
        tuple(scores for _, scores in sound),
        {name: table for name, (table, _) in zip(names, sound, strict=True)},
    )


def _file_key(name: str) -> str:
    return os.path.normpath(name)


def _read_class_scores(
    name: str,
    source: ScoreSource,
    llms: tuple[Sequence[str], Sequence[str]],
    faults: list[Fault],
    notices: list[str],
) -> tuple[Table, Scores] | None:
    """One table as it was read and as it is used. llms: those that need a score, and all served."""
    wanted, served = llms
    if name in source.known:
        table = source.known[name]
    else:
        table = read_score_table(
            source.folder / name, wanted, source.missing, faults, notices, passed_over=served
        )
    if table is None:
        return None
    scores = parse_scores(table, wanted, source.missing, faults, notices, passed_over=served)
    return None if scores is None else (table, _with_all_served(scores, served))


def _with_all_served(scores: Scores, served: Sequence[str]) -> Scores:
    """Rows for all served LLMs; those of LLMs that no class here permits hold the lowest score."""
    if scores.llms == tuple(served):
        return scores
    values = np.full((len(served), scores.values.shape[1]), scores.values.min())
    values[[served.index(name) for name in scores.llms]] = scores.values
    return Scores(
        scores.prompt_ids,
        tuple(served),
        values,
        scores.weights,
        scores.dropped,
        scores.provenance,
    )


def check_named_class_scores(
    content: Mapping[str, Any], served: Sequence[str], source: ScoreSource, faults: list[Fault]
) -> None:
    """Check the tables that classes of a faulty scenario name besides `scores`."""
    classes = content.get("classes")
    named: dict[str, set[str]] = {}
    for one in classes if isinstance(classes, list | tuple) else ():
        name = one.get("scores") if isinstance(one, Mapping) else None
        if isinstance(name, str) and name and name != content.get("scores"):
            llms = one.get("llms")
            known = [llm for llm in llms if llm in served] if isinstance(llms, list) else served
            named.setdefault(_file_key(name), set()).update(known)
    for name, wanted in named.items():
        order = [llm for llm in served if llm in wanted]
        if order:
            _read_class_scores(name, source, (order, served), faults, [])
