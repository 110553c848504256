"""Values of other tools' files, read without trust: a field that is missing or of another kind is
None, never an exception.
"""

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from profiles.records import STATISTICS, Column

__all__ = [
    "day_field",
    "field_at",
    "finite",
    "named_field",
    "number_field",
    "positive",
    "states_rate",
    "statistics_fields_ms",
    "text",
    "unit_field_ms",
    "whole",
]

ENDLESS = 1e300
"""Numbers from here on represent infinity (`stream` writes the constant Infinity so)."""

MOST = 100_000

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?\.?inf(inity)?", re.ASCII)
_DAY = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?:\D|$)")

UNITS_MS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1e3),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), 1e-3),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-6),
}
"""Milliseconds in one unit."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "mean": ("mean", "avg"),
    "p50": ("p50", "median"),
    "p90": ("p90", "p90.0"),
    "p95": ("p95", "p95.0"),
    "p99": ("p99", "p99.0"),
}
"""How tools spell our statistics; the median is the 50th percentile."""

LABELS: Mapping[str, tuple[str, ...]] = {
    "tp": (
        "tp",
        "tp_size",
        "tp_degree",
        "tensor_parallel_size",
        "tensor-parallel-size",
        "tensor_parallel",
    ),
    "pp": ("pp", "pp_size", "pipeline_parallel_size", "pipeline-parallel-size"),
    "gpu": ("gpu", "gpu_type", "gpu_name", "gpu_model", "accelerator", "hardware", "hw"),
    "share": (
        "mps_share_pct",
        "mps_share",
        "share_pct",
        "share",
        "gpu_share_pct",
        "active_thread_percentage",
    ),
    "replicas": ("replicas", "num_replicas", "n_replicas"),
    "dp": ("dp", "dp_size", "data_parallel_size", "data-parallel-size"),
    "quantization": ("quantization", "quant"),
}
"""Keys under which users and tools note what the benchmark itself does not know."""


def field_at(tree: Any, *path: str | int) -> Any:
    """Follow keys and positions into a tree; None where they lead nowhere."""
    for key in path:
        if isinstance(tree, Mapping):
            tree = tree.get(key)
        elif isinstance(tree, list) and isinstance(key, int) and -len(tree) <= key < len(tree):
            tree = tree[key]
        else:
            return None
    return tree


def number_field(value: Any) -> float | None:
    """A number, also one that is stored as text, also "inf"; None for NaN and for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if value != value:  # NaN, which is below no limit either
            return None
        parsed = float(value) if abs(value) < ENDLESS else math.copysign(math.inf, value)
    elif isinstance(value, str) and len(value) < 50 and _NUMBER.fullmatch(value.strip().casefold()):
        parsed = float(value.strip().casefold().replace(".inf", "inf"))
    else:
        return None
    return None if math.isnan(parsed) else parsed


def states_rate(tree: Mapping[str, Any]) -> bool:
    """Whether a run states its rate, or requests and seconds of which it is counted."""
    stated = {
        key: number_field(tree.get(key)) is not None
        for key in ("request_throughput", "completed", "duration")
    }
    return stated["request_throughput"] or (stated["completed"] and stated["duration"])


def finite(value: Any) -> float | None:
    """A number that is not infinite."""
    parsed = number_field(value)
    return parsed if parsed is not None and math.isfinite(parsed) else None


def positive(value: Any) -> float | None:
    """A finite number above 0."""
    parsed = finite(value)
    return parsed if parsed is not None and parsed > 0 else None


def whole(value: Any) -> int | None:
    """A whole number from 1 to MOST: larger numbers are no degrees or counts of replicas."""
    parsed = positive(value)
    return int(parsed) if parsed is not None and parsed == int(parsed) <= MOST else None


def text(value: Any) -> str:
    """Text without spaces around it, "" for anything else."""
    return value.strip() if isinstance(value, str) else ""


def day_field(value: Any) -> str:
    """The date (YYYY-MM-DD) at the beginning of a time stamp, or of seconds since 1970; "" when
    there is none.
    """
    if isinstance(value, str):
        stated = _DAY.match(value.strip())
        return "-".join(stated.groups()) if stated else ""
    seconds = finite(value)
    if seconds is None or not 1e9 < seconds < 1e10:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()


def unit_field_ms(unit: Any) -> float | None:
    """Milliseconds in one of a unit as tools write it (`ms`, `s`, `s/token`, `sec`); None for an
    unknown unit.
    """
    return UNITS_MS.get(text(unit).casefold().removesuffix("/token").strip())


def statistics_fields_ms(block: Any, metric: str, factor: float) -> Iterator[tuple[Column, float]]:
    """(column, ms) for every statistic of ours that a block `{mean: .., p99: ..}` states above 0.

    factor: ms in the block's unit.
    """
    for statistic in STATISTICS:
        for spelling in SPELLINGS[statistic]:
            value = positive(field_at(block, spelling))
            if value is None:
                value = positive(field_at(block, "percentiles", spelling))
            if value is not None:
                yield (metric, statistic), value * factor
                break


def named_field(tree: Any, what: str) -> Any:
    """The first value under one of the keys that `LABELS` lists for `what`."""
    for key in LABELS[what]:
        value = field_at(tree, key)
        if value not in (None, ""):
            return value
    return None
