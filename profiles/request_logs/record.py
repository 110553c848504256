"""What a log of requests says, as records. Units: s, req/s, tokens. Texts of messages have no
place here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from profiles.io.faults import Fault

__all__ = [
    "LogClock",
    "LogFormat",
    "LogLabel",
    "LogRow",
    "LoggedRequest",
    "RateWindows",
    "RequestLog",
    "SkippedRow",
]


class LogFormat(StrEnum):
    """Formats that are read."""

    AZURE = "Azure CSV"
    BURST_GPT = "BurstGPT CSV"
    MOONCAKE = "Mooncake JSON lines"
    OTEL = "OpenTelemetry GenAI spans"
    PLAIN = "plain CSV"
    RATES = "table of rates"
    SEMANTIC_ROUTER = "semantic-router JSON lines"


class LogLabel(StrEnum):
    """Which field of a log tells classes apart."""

    CLASS = "class"
    """The field that names a class: `class`, `category`."""
    MODEL = "model"
    """The model that was called."""
    NONE = "none"
    """None: all requests are alike."""


class LogClock(StrEnum):
    """What times are counted from."""

    UNIX = "unix"
    """From 1970, UTC: hours of the day are known."""
    RELATIVE = "relative"
    """From a moment that the log does not name, mostly its first request."""


class LoggedRequest(NamedTuple):
    """One request. time: s; label: None where the log has none; tokens: NaN where unknown.

    span, parent: numbers of 64 bits that tell it and the request around it apart, 0 for none.
    """

    time: float
    label: str | None
    input_tokens: float
    output_tokens: float
    span: int = 0
    parent: int = 0


class SkippedRow(NamedTuple):
    """A row that is no request, or cannot be used as one."""

    reason: str


LogRow = LoggedRequest | SkippedRow | Fault
"""What a reader yields for a row; a fault is a row that must be put right."""


@dataclass(frozen=True, kw_only=True)
class RequestLog:
    """Requests in the order of time.

    times: (N,) s, ascending. labels: (N,) positions in `names`. input_tokens, output_tokens: (N,),
    NaN where unknown.
    """

    times: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    input_tokens: np.ndarray
    output_tokens: np.ndarray
    clock: LogClock


@dataclass(frozen=True, kw_only=True)
class RateWindows:
    """Mean rates in windows of equal length; a window of a class that is not there is unknown.

    starts: (W,) s. labels: (W,) positions in `names`. rates: (W,) req/s. input_tokens,
    output_tokens: (W,) means, NaN where unknown. width: s.
    """

    starts: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    rates: np.ndarray
    input_tokens: np.ndarray
    output_tokens: np.ndarray
    width: float
    clock: LogClock
