"""lm-evaluation-harness, `--log_samples`: `<model>/samples_<task>_<date>.jsonl`, also packed.

A row is one prompt of one task: `doc_id`, `resps`, `filtered_resps`, one key for each metric, and
in newer versions `metrics` (their names), `filter` (how the answer was read; a prompt has a row for
each) and `doc_hash`. The model is the folder's name, its slashes written as two underscores.

    prompt id    task/doc_id           fingerprint    doc_hash
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from profiles.io.faults import Fault, shown_in_fault
from profiles.io.json_lines import read_json_lines
from profiles.score_importers.grades import Grade, NoGradeError, grade_of_value

__all__ = ["is_lm_eval_row", "lm_eval_run", "read_lm_eval"]

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl(\.gz)?")
BOOKKEEPING = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash", "input", "task_name", "schema_version"),
    )
)
"""Keys of a row that are no metric, where it does not name its metrics."""


def is_lm_eval_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is of this format."""
    return "doc_id" in row and ("filtered_resps" in row or "resps" in row)


def lm_eval_run(path: Path) -> tuple[tuple[str, str], str]:
    """((task, model), date) of a file by its name."""
    name = _NAME.fullmatch(path.name)
    task = name["task"] if name else path.name.partition(".jsonl")[0].removeprefix("samples_")
    model = path.resolve().parent.name.replace("__", "/")
    return (task, model), name["date"] if name else ""


def read_lm_eval(
    path: Path, metrics: Sequence[str], answer_filter: str | None
) -> Iterator[Grade | Fault]:
    """Grades of one file.

    metrics: the first of these that a row has is its grade; none: rows must have one metric alone.
    answer_filter: of rows that name theirs only these; None: rows must name one alone.
    """
    (task, model), _ = lm_eval_run(path)
    first_filter: Any = None
    for item in read_json_lines(path):
        if isinstance(item, Fault):
            yield item
            continue
        place, row = item
        named = row.get("filter")
        if answer_filter is not None and named is not None and named != answer_filter:
            continue
        if answer_filter is None and named is not None:
            first_filter = named if first_filter is None else first_filter
            if named != first_filter:
                problem = f"prompts have grades of several filters ({first_filter}, {named})"
                yield Fault(str(path), place, "", problem, "choose one by --filter")
                return
        found = _metric_of_row(row, metrics)
        if isinstance(found, str):
            yield _metric_fault(path, place, row, found)
            return
        yield _grade_of_row(path, place, row, found[0], f"{task}/{row['doc_id']}", model)


def _metric_of_row(row: Mapping[str, Any], metrics: Sequence[str]) -> tuple[str] | str:
    """(name of the metric,), or why there is none."""
    if not isinstance(row.get("doc_id"), int | str):
        return "the row has no doc_id"
    names = _metrics_of_row(row)
    wanted = [name for name in metrics if name in names]
    if wanted or (not metrics and len(names) == 1):
        return ((wanted or names)[0],)
    if metrics:
        return f"the row has none of the metrics {', '.join(metrics)}"
    return "rows have several metrics" if names else "the row has no metric"


def _metrics_of_row(row: Mapping[str, Any]) -> list[str]:
    """Names of what a row holds a number (or null) of, as a metric."""
    stated = row.get("metrics")
    names = (
        [name for name in stated if isinstance(name, str)]
        if isinstance(stated, list)
        else [name for name in row if name not in BOOKKEEPING]
    )
    return [name for name in names if isinstance(row.get(name), bool | int | float)]


def _metric_fault(path: Path, place: str, row: Mapping[str, Any], problem: str) -> Fault:
    names = ", ".join(_metrics_of_row(row)[:10])
    fix = f"choose by --metric: {names}" if names else "log the samples with a metric by sample"
    if "doc_id" not in row:
        fix = "name files that lm-evaluation-harness wrote with --log_samples"
    return Fault(str(path), place, "", problem, fix)


def _grade_of_row(
    path: Path, place: str, row: Mapping[str, Any], metric: str, prompt: str, model: str
) -> Grade | Fault:
    try:
        value = grade_of_value(row[metric])
    except NoGradeError as error:
        return Fault(
            str(path), f"{place}, key {metric}", str(error), "this is no grade", "check the metric"
        )
    stated = row.get("doc_hash")
    return Grade(model, prompt, value, place, shown_in_fault(stated) if stated else "")
