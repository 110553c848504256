"""The scenario's hash: SHA-256 over the canonical content, the same for the same content however it
is written down.

Content: the scenario after overrides with every default and catalogue value filled in, the profile
table sorted by option and rate, the scores sorted by prompt. File names and `solver` are left out,
so are table columns the planner ignores. Numbers count to 12 significant digits.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.demand.requests import DemandInstance
from models.instance import Instance
from planner.scenario.schema.demand_specification import CaseSpec, ClassSpec
from planner.scenario.schema.specification import ScenarioSpec
from profiles.curves import ProfileTable
from profiles.records import ScoreProvenance, Scores

__all__ = ["content_hash", "significant_for_hash", "table_hashes"]

PART = 1 << 16
"""Prompts whose names are Python's strings at once, and whose scores are split at once."""

DIGITS, YEAR = 12, "price_usd_per_gpu_year"
DEFAULTS = {"neighbours": "unknown"}
"""What a column of words holds where nothing is stated, "" for others; a column of it alone adds
nothing.
"""
_TENS = np.array([float(f"1e{power}") for power in range(-300, 301)])


def content_hash(
    spec: ScenarioSpec,
    instance: Instance,
    tables: tuple[ProfileTable, Mapping[str, ProfileTable]],
    weights_gib: Iterable[float | None],
    demand: DemandInstance | None = None,
) -> str:
    """Hex SHA-256.

    tables: the profile table, and rows of classes by name. weights_gib: (M,) of the LLMs of the
    cluster as used, with the catalogue's where the scenario states none. demand: of a scenario with
    classes, cases, LLMs outside or a budget.
    """
    content = spec.model_dump(mode="python", exclude={"profiles", "scores", "solver", "demand"})
    content["pools"] = [_pool_for_hash(entry) for entry in content["pools"]]
    # Keys added after version 0.1.0 count where they are stated: old scenarios keep their hash.
    content["headroom"] = {key: value for key, value in content["headroom"].items() if value}
    if not content["headroom"]:
        del content["headroom"]
    if content["setups"]["mig_profiles"] is None:
        del content["setups"]["mig_profiles"]
    score_tables = _demand_for_hash(content, spec, instance, demand)
    for entry, pool in zip(content["pools"], instance.pools, strict=True):
        entry.update(memory_gib=pool.memory, price_usd_per_gpu_h=pool.price)
    of_cluster = [entry for entry in content["llms"] if "api" not in entry]
    for entry, weights in zip(of_cluster, weights_gib, strict=True):
        entry["weights_gib"] = weights
    digest = hashlib.sha256(
        json.dumps(_rounded_for_hash(content), sort_keys=True, separators=(",", ":")).encode()
    )
    _add_table_to_hash(digest, tables[0].content)
    for name, rows in sorted(tables[1].items()):
        _add_text_to_hash(digest, [name])
        _add_table_to_hash(digest, rows.content)
    for scores in score_tables:
        _add_scores_to_hash(digest, scores)
    return digest.hexdigest()


def table_hashes(
    tables: tuple[ProfileTable, Mapping[str, ProfileTable]], scores: Scores
) -> dict[str, str]:
    """Hex SHA-256 of the curves and of the scores apart, by which two plans know which differ.

    Of the scores mean and mean square of every LLM to 9 digits, and how many prompts: hashing every
    score once more would take as long as all the rest of reading.
    """
    curves = hashlib.sha256()
    _add_table_to_hash(curves, tables[0].content)
    for name, rows in sorted(tables[1].items()):
        _add_text_to_hash(curves, [name])
        _add_table_to_hash(curves, rows.content)
    weights = scores.weights
    moments = [float(part @ weights) for row in scores.values for part in (row, row * row)]
    numbers = [f"{moment + 0.0:.9g}" for moment in moments]
    said = json.dumps([*scores.llms, *numbers, weights.size, scores.provenance])
    return {"curves": curves.hexdigest(), "scores": hashlib.sha256(said.encode()).hexdigest()}


def _demand_for_hash(
    content: dict[str, Any], spec: ScenarioSpec, instance: Instance, demand: DemandInstance | None
) -> list[Scores]:
    """Put classes, cases and LLMs outside into the content by what they mean, in place: rates
    wherever they are stated, score tables by number. The tables, each once.
    """
    _drop_unstated_for_hash(content)
    if demand is None:
        return [instance.scores]
    numbers: dict[str, int] = {}
    tables: list[Scores] = []
    of_class = []
    for one in demand.classes:
        digest = hashlib.sha256()
        _add_scores_to_hash(digest, one.scores)
        if numbers.setdefault(digest.hexdigest(), len(numbers)) == len(tables):
            tables.append(one.scores)
        of_class.append(numbers[digest.hexdigest()])
    for c, entry in enumerate(spec.classes or ()):
        content["classes"][c] = _stated_for_hash(entry) | {"scores": of_class[c]}
    names = [one.name for one in demand.classes]
    for t, case in enumerate(spec.cases or ()):
        rates = dict(zip(names, demand.cases[t].rates, strict=True))
        content["cases"][t] = _stated_for_hash(case) | {"arrival_rate_rps": rates}
    return tables


def _drop_unstated_for_hash(content: dict[str, Any]) -> None:
    """Delete what a scenario of version 0.1.0 does not have and this one does not state."""
    for entry in (*content["llms"], content["objective"]):
        for key in ("api", "cost_at_most_usd_per_h"):
            if entry.get(key, "") is None:
                del entry[key]
    for entry in content["llms"]:
        if "api" in entry:
            entry["api"] = {key: one for key, one in entry["api"].items() if one is not None}
    # What a start costs counts where something starts.
    if content["fleet"]["mode"] == "fixed":
        del content["fleet"]
    for key in ("classes", "cases"):
        content[key] = list(content[key] or ())
        if not content[key]:
            del content[key]


def _pool_for_hash(entry: dict[str, Any]) -> dict[str, Any]:
    """A pool without what is not stated; a price by the year is there by the hour."""
    later = {"owned": False, "reserved": None, "price_usd_per_gpu_year": entry[YEAR]}
    return {key: value for key, value in entry.items() if key not in later or value != later[key]}


def _stated_for_hash(part: ClassSpec | CaseSpec) -> dict[str, Any]:
    """Keys of a class or a case that are not as they are by default."""
    defaults = type(part).model_fields
    return {
        key: value
        for key, value in part.model_dump(mode="python").items()
        if value != defaults[key].default
    }


def significant_for_hash(values: np.ndarray) -> np.ndarray:
    """Split finite numbers into (2, ...) int64, mantissa and decimal exponent: the same integers
    when equal to `DIGITS` digits.

    NaN (a blank cell) gives the exponent 999; below 1e-280 a number counts as 0.
    """
    values = np.asarray(values, dtype=float)
    size = np.abs(values)
    counts = size >= 1e-280
    exponent = np.floor(np.log10(np.where(counts, size, 1.0))).astype(np.int64)
    mantissa = np.rint(np.where(counts, values, 0.0) * _TENS[DIGITS - 1 - exponent + 300])
    carried = np.abs(mantissa) >= 10.0**DIGITS
    if carried.any():
        exponent[carried] += 1
        mantissa[carried] = np.rint(values[carried] * _TENS[DIGITS - 1 - exponent[carried] + 300])
    exponent[np.isnan(values)] = 999
    return np.stack([mantissa.astype(np.int64), exponent])


def _rounded_for_hash(content: Any) -> Any:
    """Copy content, its floats as text of `DIGITS` significant digits and its tuples as lists."""
    if isinstance(content, dict):
        return {key: _rounded_for_hash(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded_for_hash(value) for value in content]
    return f"{content + 0.0:.{DIGITS}g}" if isinstance(content, float) else content


def _add_table_to_hash(digest: Any, content: Mapping[str, np.ndarray]) -> None:
    for name in sorted(content):
        column = content[name]
        default = DEFAULTS.get(name, "")
        left_out = column == default if column.dtype == object else np.isnan(column)
        if left_out.all():
            continue
        _add_text_to_hash(digest, [name])
        if column.dtype == object:
            _add_text_to_hash(digest, column)
        else:
            digest.update(significant_for_hash(column).tobytes())


def _add_scores_to_hash(digest: Any, scores: Scores) -> None:
    order = _add_prompts_to_hash(digest, scores.prompt_ids)
    numbers = np.empty((2, order.size), dtype=np.int64)
    for row in (scores.weights, *scores.values):
        for at in range(0, order.size, PART):
            part = slice(at, at + PART)
            numbers[:, part] = significant_for_hash(row[order[part]])
        digest.update(numbers)
    digest.update(f"dropped {scores.dropped}".encode())
    # What a table does not say adds nothing, so that plans of older tables keep their hash.
    if scores.provenance != ScoreProvenance.PREDICTED:
        digest.update(f"provenance {scores.provenance}".encode())


def _add_prompts_to_hash(digest: Any, ids: np.ndarray) -> np.ndarray:
    """Add the names of all prompts (N,), sorted, as `_add_text_to_hash` does; returns their order.

    Part by part: as Python's strings all of them together take as much memory as the scores.
    """
    parts = [slice(at, at + PART) for at in range(0, ids.size, PART)]
    texts = pa.chunked_array(
        [pa.array(ids[part].tolist(), pa.large_string()) for part in parts], pa.large_string()
    )
    order = pc.sort_indices(texts).to_numpy()
    digest.update(f"{ids.size}:".encode())
    digest.update(pc.binary_length(texts).to_numpy().astype(np.int64)[order].tobytes())
    for part in parts:
        digest.update("".join(ids[order[part]].tolist()).encode())
    del texts
    # Arrow keeps the memory of arrays that are gone.
    pa.default_memory_pool().release_unused()
    return np.asarray(order)


def _add_text_to_hash(digest: Any, texts: Iterable[str]) -> None:
    """Every text prefixed by its length, so that different lists differ."""
    raw = pa.array(texts, pa.large_string())
    digest.update(f"{len(raw)}:".encode())
    digest.update(pc.binary_length(raw).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
    digest.update("".join(texts).encode())
