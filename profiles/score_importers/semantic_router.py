"""Benchmark rows of the vLLM semantic router (benchmark_training_data.jsonl): one for each query
and model, with `query`, `model_name` and `performance`.

    prompt id    the first 16 hex digits of the query's SHA-256: rows have no id
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from profiles.io.faults import Fault
from profiles.io.json_lines import read_json_lines
from profiles.score_importers.grades import Grade, NoGradeError, grade_of_value

__all__ = ["is_semantic_router_row", "read_semantic_router"]

KEYS = ("query", "model_name", "performance")


def is_semantic_router_row(row: Mapping[str, Any]) -> bool:
    """Whether a row is of this format."""
    return all(key in row for key in KEYS)


def read_semantic_router(path: Path) -> Iterator[Grade | Fault]:
    """Grades of one file."""
    for item in read_json_lines(path):
        yield item if isinstance(item, Fault) else _grade_of_query(path, *item)


def _grade_of_query(path: Path, place: str, row: Mapping[str, Any]) -> Grade | Fault:
    query, model = row.get("query"), row.get("model_name")
    if not isinstance(query, str) or not query or not isinstance(model, str) or not model:
        problem = "the row has no query or no model_name"
        return Fault(str(path), place, "", problem, f"give every row {', '.join(KEYS)}")
    try:
        value = grade_of_value(row.get("performance"))
    except NoGradeError as error:
        where, fix = f"{place}, key performance", "write a number"
        return Fault(str(path), where, str(error), "this is no grade", fix)
    mark = hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Grade(model, mark, value, place)
