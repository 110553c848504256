"""Answers of the Prometheus HTTP API, as `/api/v1/query_range` and `/api/v1/query` give them.

    {"status": "success", "data": {"resultType": "matrix", "result": [
      {"metric": {"__name__": "vllm:...", "instance": "..."}, "values": [[1795500000, "12"]]}]}}

Also the list of results alone, as `promtool query range -o json` prints it. An expression has no
name: what was computed from metrics cannot be read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from profiles.io.faults import Fault, shown_in_fault
from profiles.live_metrics.record import MetricSeries

__all__ = ["is_query_answer", "series_of_query_answer"]

ASK = 'save the answer to a selector of metrics, such as {__name__=~"vllm:.+"}'


def is_query_answer(tree: Any) -> bool:
    """Whether a tree looks like an answer, also one that says what went wrong."""
    if isinstance(tree, list):
        return bool(tree) and isinstance(tree[0], Mapping) and "metric" in tree[0]
    return isinstance(tree, Mapping) and (
        tree.get("status") in ("success", "error") or "resultType" in tree
    )


def series_of_query_answer(
    tree: Any, file: str, faults: list[Fault], *, name: str | None = None
) -> list[MetricSeries]:
    """The series of one answer; faults for what is none.

    name: of all of them, where the query was an expression.
    """
    if isinstance(tree, Mapping) and tree.get("status") == "error":
        problem = "Prometheus answered with an error"
        said = shown_in_fault(tree.get("error", ""), 200)
        faults.append(Fault(file, "", said, problem, "ask again; " + ASK))
        return []
    data = tree.get("data", tree) if isinstance(tree, Mapping) else tree
    results = data.get("result") if isinstance(data, Mapping) else data
    if not isinstance(results, list):
        problem = "the answer has no list of results"
        faults.append(Fault(file, "", "", problem, ASK))
        return []
    series, nameless = [], 0
    for number, result in enumerate(results):
        one = _one_query_result(result, name)
        if one is None:
            where, problem = f"result {number}", "the result is no series of numbers over time"
            faults.append(Fault(file, where, shown_in_fault(result), problem, ASK))
            return []
        nameless += one.name == ""
        series += [one] if one.name else []
    if nameless and not series:
        problem = f"none of its {nameless:,} series has a name: they were computed"
        faults.append(Fault(file, "", "", problem, ASK))
    return series


def _one_query_result(result: Any, name: str | None) -> MetricSeries | None:
    if not isinstance(result, Mapping):
        return None
    metric = result.get("metric")
    pairs = result.get("values", [result["value"]] if "value" in result else None)
    if not isinstance(metric, Mapping) or not isinstance(pairs, list):
        return None
    numbers = _numbers_of_query(pairs)
    if numbers is None or not all(isinstance(value, str) for value in metric.values()):
        return None
    labels = {key: value for key, value in metric.items() if key != "__name__"}
    return MetricSeries(name or metric.get("__name__", ""), labels, *numbers)


def _numbers_of_query(pairs: Iterable[Any]) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and values, in the order of time; None where something is no number."""
    try:
        table = np.array([(float(time), float(value)) for time, value in pairs])
    except (TypeError, ValueError, OverflowError):
        return None
    table = table.reshape(-1, 2)
    if not np.isfinite(table[:, 0]).all():
        return None
    table = table[np.argsort(table[:, 0], kind="stable")]
    return table[:, 0], table[:, 1]
