"""Which column of a score table is which LLM's: by name, by size where the scores are a stand-in,
and the table with its columns called like the LLMs.

A stand-in is the score table of an example. It says nothing about the LLMs of a scenario; a plan
made with it shows how planning goes, and its quality means nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from planner.packed_files import packed_example_path
from profiles.catalogue import load_catalogue_llms
from profiles.importers.formats.names import llm_name_of_model
from profiles.io.faults import Fault, ScoresError
from profiles.io.table_files import read_table_file
from profiles.records import ScoreProvenance, Scores
from profiles.score_tables.score_columns import PROVENANCE, RESERVED, score_columns
from profiles.score_tables.score_writing import scores_frame, write_scores_frame
from profiles.score_tables.scores import parse_scores, read_scores, scored_llms
from profiles.summary import summarise_scores

__all__ = [
    "STAND_IN_NAME",
    "NamedScores",
    "name_score_columns",
    "read_matched_scores",
    "read_score_columns",
    "stand_in_score_columns",
    "stand_in_scores_path",
    "suggest_score_columns",
]

STAND_IN_NAME = "stand-in scores"
"""What the name of a scenario says whose scores are an example's."""
EXAMPLE = "two-gpu-types"
"""Of the examples that are packed, the one with scores of most LLMs."""
UNKNOWN = 1e3
"""Distance of an LLM of unknown size from every other: more than any two known sizes have."""


@dataclass(frozen=True)
class NamedScores:
    """summary: a row an LLM; prompts: how many; lowest, highest: mean score of the worst LLM alone,
    and of the best LLM for every prompt; notices: sentences.
    """

    summary: pd.DataFrame
    prompts: int
    lowest: float
    highest: float
    notices: tuple[str, ...]


def stand_in_scores_path() -> Path:
    """The score table of an example."""
    return packed_example_path(EXAMPLE).parent / "scores.csv"


def read_score_columns(path: Path) -> list[str]:
    """Columns that may be scores of an LLM. ScoresError where the file is no score table."""
    faults: list[Fault] = []
    table = read_table_file(path, faults)
    if table is not None and RESERVED[0] not in table.columns:
        problem = f"this is no score table: it has no column {RESERVED[0]}"
        fix = "one row a prompt: prompt_id, then a column for each LLM"
        faults.append(Fault(str(path), "", "", problem, fix))
    columns = [] if table is None else [c for c in scored_llms(table) if c != PROVENANCE]
    if not faults and not columns:
        fix = "one row a prompt: prompt_id, then a column for each LLM"
        faults.append(Fault(str(path), "", "", "no column holds a score", fix))
    if faults:
        raise ScoresError(faults)
    return columns


def suggest_score_columns(llms: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """LLM -> column of its name, or of its name at the publisher; LLMs without one are left out."""
    names: dict[str, str] = {}
    for column in columns:
        names.setdefault(llm_name_of_model(column)[0].casefold(), column)
    names |= {column.casefold(): column for column in columns}
    return {llm: names[llm.casefold()] for llm in llms if llm.casefold() in names}


def read_matched_scores(
    path: Path, llms: Sequence[str], missing: str, faults: list[Fault], notices: list[str]
) -> Scores | None:
    """`read_scores` of a table that may call the LLMs as `suggest_score_columns` knows them, such
    as `Qwen3-8B` or `Qwen/Qwen3-8B`; a notice says which column was taken for which LLM.
    """
    before = len(faults)
    table = read_table_file(path, faults, only=score_columns(llms))
    if table is None:
        return None
    columns = [*table.columns, *table.others]
    found = suggest_score_columns(llms, columns)
    if set(llms) <= set(columns) or len({*found.values()}) < len(llms):
        return parse_scores(table, llms, missing, faults, notices)
    taken = [found[llm] for llm in llms]
    pairs = ", ".join(f"{found[llm]} is {llm}" for llm in llms if found[llm] != llm)
    notices.append(f"{path}: {pairs}")
    del faults[before:]  # the second reading says them again
    scores = read_scores(path, taken, missing, faults, notices)
    return None if scores is None else replace(scores, llms=tuple(llms))


def stand_in_score_columns(llms: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """LLM -> column of an example, by size alone: a larger LLM never has a smaller one's column, so
    that it is never made to look worse. Of all ways to deal the columns (each once, or as often as
    more LLMs than columns need) that with sizes nearest together; an LLM of unknown size takes what
    is left.
    """
    # The distance is convex in the difference of two logarithms, so the nearest deal is in order.
    dealt = list(columns) * -(-len(llms) // len(columns))
    sizes = [[_size_distance(llm, column) for column in dealt] for llm in llms]
    rows, chosen = linear_sum_assignment(np.array(sizes).reshape(len(llms), len(dealt)))
    return {llms[row]: dealt[column] for row, column in zip(rows, chosen, strict=True)}


def _size_distance(llm: str, column: str) -> float:
    """Of two LLMs: factor between their parameters, as ln squared, so that sizes in order are
    nearest together; UNKNOWN where a size is not known.
    """
    known = load_catalogue_llms()
    if llm not in known or column not in known:
        return UNKNOWN
    sizes = [known[name].parameters_total_b for name in (llm, column)]
    return math.log(sizes[0] / sizes[1]) ** 2


def name_score_columns(
    path: Path, columns: Mapping[str, str], out: Path, missing: str = "error"
) -> NamedScores:
    """Write a score table with a column for each LLM. ScoresError with every fault.

    columns: LLM -> column of the table at `path`, which may be several LLMs'. missing: error, or
    drop for leaving out prompts that lack a score. What is written of the stand-in calls itself
    placeholders: it says nothing about these LLMs.
    """
    faults: list[Fault] = []
    notices: list[str] = []
    wanted = list(dict.fromkeys(columns.values()))
    table = read_table_file(path, faults, only=score_columns(wanted))
    others = () if table is None else table.others
    scores = (
        None
        if table is None
        else parse_scores(table, wanted, missing, faults, notices, passed_over=others)
    )
    if scores is None or faults:
        raise ScoresError(faults, notices)
    frame = scores_frame(scores)
    head = frame[[name for name in frame.columns if name not in scores.llms]]
    values = np.array([scores.values[wanted.index(column)] for column in columns.values()])
    named = Scores(
        scores.prompt_ids, tuple(columns), values, scores.weights, scores.dropped, scores.provenance
    )
    if path == stand_in_scores_path() and PROVENANCE not in columns:
        head = head.assign(**{PROVENANCE: ScoreProvenance.PLACEHOLDER.value})
    own = pd.DataFrame(dict(zip(named.llms, values, strict=True)), index=head.index)
    notices += write_scores_frame(pd.concat([head, own], axis=1), str(out))
    means = values @ scores.weights
    return NamedScores(
        summarise_scores(named),
        int(scores.weights.size),
        float(means.min()),
        float(scores.weights @ values.max(axis=0)),
        tuple(notices),
    )
