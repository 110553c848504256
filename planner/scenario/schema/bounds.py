"""What the values of a scenario may be: names, numbers with their unit and bounds, counts."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = [
    "LEAST_RATE",
    "MOST",
    "MOST_LLMS",
    "MOST_POOLS",
    "MOST_SLOS",
    "Count",
    "Gibibytes",
    "Hours",
    "Milliseconds",
    "Name",
    "NodeCount",
    "PartPercent",
    "Percent",
    "Rate",
    "RequestsPerSecond",
    "Score",
    "Seconds",
    "Share",
    "SloFactor",
    "Strict",
    "Tokens",
    "Usd",
    "UsdPerHour",
    "UsdPerYear",
    "Weight",
    "Work",
]

MOST_SLOS = 30
"""SLOs of one list: every metric, statistic and scope once."""

MOST_POOLS, MOST_LLMS = 100, 500
"""Beyond these a relaxation takes minutes, and a time limit is kept late."""

MOST = 1_000_000
"""Counts above this are taken for mistakes."""

Name = Annotated[
    str,
    Field(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=200),
]

Milliseconds = Annotated[float, Field(ge=0.01, le=1e9)]
"""From ten microseconds to eleven days. Below both floors HiGHS 1.16 refuses some programs."""
LEAST_RATE = 0.001
RequestsPerSecond = Annotated[float, Field(ge=LEAST_RATE, le=1e9)]
"""From one request in 17 minutes."""


def _nothing_or_a_rate(value: float) -> float:
    if 0 < value < LEAST_RATE:
        raise PydanticCustomError("rate_too_small", "the number is too small")
    return value


Rate = Annotated[
    float,
    Field(ge=0, le=1e9, json_schema_extra={"anyOf": [{"maximum": 0}, {"minimum": LEAST_RATE}]}),
    AfterValidator(_nothing_or_a_rate),
]
"""Requests per second of a class in a case, 0 where it sends nothing."""
Gibibytes = Annotated[float, Field(ge=1e-3, le=1e6)]
Seconds = Annotated[float, Field(ge=1e-3, le=1e7)]
UsdPerHour = Annotated[float, Field(ge=0, le=1e6)]
UsdPerYear = Annotated[float, Field(ge=0, le=8.76e9)]
Usd = Annotated[float, Field(ge=0, le=1e6)]
"""Of one request, or of a million tokens."""
Score = Annotated[float, Field(ge=-1e9, le=1e9)]
"""Quality in the unit of the scores; a table of scores has the same bounds."""
Percent = Annotated[float, Field(ge=0, le=100)]
PartPercent = Annotated[float, Field(ge=0, lt=100)]
"""Of something of which a part must be left."""
Count = Annotated[int, Field(ge=1, le=MOST)]
NodeCount = Annotated[int, Field(ge=0, le=MOST)]
Share = Annotated[float, Field(gt=0, le=100)]
Hours = Annotated[float, Field(ge=0, le=1e6)]
SloFactor = Annotated[float, Field(ge=0.01, le=100)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Work = Annotated[float, Field(ge=1e-3, le=1e3)]
Tokens = Annotated[float, Field(ge=0, le=1e9)]


class Strict(BaseModel):
    """Numbers are numbers (no text, no true/false), all finite; unknown keys are refused; nothing
    can be changed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
