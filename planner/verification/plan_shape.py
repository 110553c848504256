"""The shape of plan.json that the checks rely on: keys, kinds of values, strict JSON."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

__all__ = [
    "FLAG",
    "LARGEST",
    "NUMBER",
    "OPTIONAL",
    "PART_SHAPE",
    "PLAN_SHAPE",
    "POSITION",
    "TEXT",
    "WHOLE",
    "check_plan_shape",
    "check_strict_plan_json",
]


LARGEST = 1e15
"""No number of a plan is larger: beyond it the arithmetic of the checks would lose whole units or
overflow.
"""


NUMBER, WHOLE, TEXT, FLAG = "a number", "a whole number", "text", "true or false"


OPTIONAL = "a number or null"


POSITION = "a whole number or null"


PART_SHAPE: dict[str, Any] = {"mps_share_pct": OPTIONAL, "mig_profile?": TEXT}
"""What of a GPU an option runs on: a share of each, null beside the profile of a MIG instance."""


PLAN_SHAPE: dict[str, Any] = {
    "status": TEXT,
    "objective": {
        "sense": TEXT,
        "of": TEXT,
        "value": NUMBER,
        "bound": OPTIONAL,
        "rel_gap": OPTIONAL,
    },
    "quality": NUMBER,
    "cost_usd_per_h": OPTIONAL,
    "pools?": [{"pool": TEXT, "nodes": WHOLE}],
    "gpus_used": WHOLE,
    "gpus_total": WHOLE,
    "options": [
        {
            "llm": TEXT,
            "pool": TEXT,
            "gpu": TEXT,
            "tp_degree": WHOLE,
            **PART_SHAPE,
            "replicas": WHOLE,
            "rate_rps": NUMBER,
            "rate_per_replica_rps": NUMBER,
            "max_rate_per_replica_rps": NUMBER,
            "latency_ms": {"*": NUMBER},
            "memory_gib_per_gpu": NUMBER,
            "provenance": TEXT,
        }
    ],
    "routing": {"*": NUMBER},
    "dual_prices": {"*": OPTIONAL},
    "router": {
        "rule": TEXT,
        "tie_eps": NUMBER,
        "ties": [{"llms": [TEXT], "share": NUMBER, "split": [NUMBER]}],
    },
    "slo": [
        {
            "metric": TEXT,
            "statistic": TEXT,
            "scope": TEXT,
            "limit_ms": NUMBER,
            "planned_limit_ms?": NUMBER,
            "achieved_ms": OPTIONAL,
            "binding": FLAG,
        }
    ],
    "placement": [
        {
            "pool": TEXT,
            "node": WHOLE,
            "gpu": WHOLE,
            "llm": TEXT,
            "tp_degree": WHOLE,
            **PART_SHAPE,
            "mig_start?": WHOLE,
            "replica": WHOLE,
            "shard": WHOLE,
        }
    ],
}
"""What the checks need of plan.json; "*" matches any key, a key with "?" may be missing."""


PLAIN_KINDS = {str, bool, int, float, type(None)}
"""What a table of one level may hold; a subclass of them is looked at by itself."""


def check_strict_plan_json(value: Any, where: str = "plan") -> Iterator[str]:
    """Only what strict JSON can hold: no NaN, no infinity, text keys, no foreign objects."""
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            yield f"{where}: {value} is no number in strict JSON"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{where}: the key {key!r} is not text"
            yield from check_strict_plan_json(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        if not _are_strict_rows(value):
            for k, item in enumerate(value):
                yield from check_strict_plan_json(item, f"{where}.{k}")
    else:
        yield f"{where}: a {type(value).__name__} does not belong in JSON"


def check_plan_shape(value: Any, shape: Any, where: str = "plan") -> Iterator[str]:
    """Everything the checks below read is there and of its kind."""
    if isinstance(shape, Mapping):
        if not isinstance(value, Mapping):
            yield f"{where}: should be a table of names, is {value!r}"
            return
        yield from _check_plan_keys(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list | tuple):
            yield f"{where}: should be a list, is {value!r}"
            return
        if not _are_rows_of_shape(value, shape[0]):
            for k, item in enumerate(value):
                yield from check_plan_shape(item, shape[0], f"{where}.{k}")
    elif not _is_kind_in_plan_shape(value, shape):
        yield f"{where}: should be {shape}, is {value!r}"


# A placement on 100,000 GPUs holds 1.2 million names and numbers, the ties of 0/1 scores as many.
# Whether all are sound is seen column by column and of each distinct value once; only where one is
# not, it is looked for row by row, and named with its place.


def _are_strict_rows(rows: Sequence[Any]) -> bool:
    """Whether all are tables of plain values, or lists of them, that strict JSON can hold."""
    if not all(type(row) is dict for row in rows):
        return False
    keys = set(map(type, set(chain.from_iterable(rows))))
    kinds = set(map(type, chain.from_iterable(map(dict.values, rows))))
    values: Iterable[Any] = chain.from_iterable(map(dict.values, rows))
    if list in kinds:
        flat = [*chain.from_iterable(v if type(v) is list else (v,) for v in values)]
        kinds, values = set(map(type, flat)), flat
    if not (keys <= {str} and kinds <= PLAIN_KINDS):
        return False
    distinct = set(values) if float in kinds else set()
    return all(math.isfinite(value) for value in distinct if isinstance(value, float))


def _are_rows_of_shape(rows: Sequence[Any], shape: Any) -> bool:
    """Whether all are tables with the keys of a shape of one level, each of its kind or a list of
    such.
    """
    if not (isinstance(shape, Mapping) and all(type(row) is dict for row in rows)):
        return False
    for key, own in shape.items():
        name, kind = key.removesuffix("?"), own
        column = [row[name] for row in rows if name in row]
        if len(column) < len(rows) and name == key:
            return False
        if isinstance(kind, list):
            if not all(type(one) is list for one in column):
                return False
            column, kind = list(chain.from_iterable(column)), kind[0]
        types = set(map(type, column))
        if not (isinstance(kind, str) and types <= PLAIN_KINDS):
            return False
        for plain in types:  # one at a time, for True equals 1
            distinct = {value for value in column if type(value) is plain}
            if not all(_is_kind_in_plan_shape(value, kind) for value in distinct):
                return False
    return True


def _check_plan_keys(
    value: Mapping[Any, Any], shape: Mapping[str, Any], where: str
) -> Iterator[str]:
    for key, inner in shape.items():
        for name in value if key == "*" else (key.removesuffix("?"),):
            if name in value:
                item = value[name]
                yield from check_plan_shape(item, inner, f"{where}.{name}")
            elif not key.endswith("?"):
                yield f"{where}: {name} is missing"


def _is_kind_in_plan_shape(value: Any, kind: str) -> bool:
    if kind in (OPTIONAL, POSITION) and value is None:
        return True
    if kind == TEXT:
        return isinstance(value, str)
    if kind == FLAG:
        return isinstance(value, bool)
    return (
        isinstance(value, int if kind in (WHOLE, POSITION) else int | float)
        and not isinstance(value, bool)
        and abs(value) <= LARGEST
    )
