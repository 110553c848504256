"""Strange numbers and texts, and strange versions of sound ones."""

import math
import sys
from random import Random
from typing import Any

__all__ = ["NESTED", "strange_number", "strange_text", "strange_value", "twisted"]

NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 7, 100, 101, 1000, 1001, 1_000_000, 1_000_001, 2**31, 2**53 + 1, 2**63),
    *(10**30, 10**400, -(10**400), -0.0, 0.1, 0.5, 1e-3, 0.01, 1e-9, 1e-308, 5e-324, 1e9, 1e16),
    *(1e300, 1.7976931348623157e308, -1e308, math.nan, math.inf, -math.inf, 0.30000000000000004),
)
TEXTS = (
    *("", " ", "x", "0", "-", "--", "1e9", "inf", "NaN", "null", "~", "true", "NO", "y", "1_000"),
    *("12:30", "0x1F", "9" * 40, "9" * 5000, "1,5", "50 %", "3 ms", "2026-11-26", "=1+1", "@x"),
    *("a\x00b", "\x00", "a\tb", "a\nb", "a\rb", "\x1b[31mred", "\ufeffx", "\u202egnp", "\u2028"),
    *("é", "e\u0301", "\N{GRINNING FACE}", "\ud800", "日本語", "\N{ZERO WIDTH SPACE}"),
    *("../x", "/proc/x", ".", "a/b", "alpha", "beta", "GPU-X", "all", "mean", "ttft"),
    *("x" * 300, "x" * 70_000, "{}", "[]", "*a", "&a", "!!python/object:os.system", "<<", "%YAML"),
)
NESTED = "\x01nest:"
"""Before a depth: written as so many lists within each other."""


def strange_number(rng: Random) -> Any:
    return rng.choice(NUMBERS)


def strange_text(rng: Random) -> str:
    return rng.choice(TEXTS)


def strange_value(rng: Random) -> Any:
    """Of any kind; most are scalars."""
    kind = rng.randrange(10)
    if kind < 4:
        return strange_number(rng)
    if kind < 7:
        return strange_text(rng)
    if kind == 7:
        return rng.choice((None, True, False))
    if kind == 8:
        return f"{NESTED}{rng.choice((2, 29, 31, 200, 20_000))}"
    small = strange_number(rng)
    return rng.choice(([], {}, [small], {"a": small}, [[small]], [None], {"": small}, [small] * 3))


def twisted(value: Any, rng: Random) -> Any:
    """A value near this one that is likely to be wrong: other unit, sign or type."""
    if isinstance(value, bool) or value is None:
        return strange_value(rng)
    if isinstance(value, int | float):
        factor = rng.choice((1000, 1e-3, -1, 0, 10, 100, 0.01, 1e6, 1e-6, 1.0000001, 0.5, 2))
        # Whole numbers of hundreds of digits are none of float's.
        near = value * factor if abs(value) <= sys.float_info.max else factor
        return rng.choice((near, near, str(value), f"{value} ms", [value], float(near)))
    if isinstance(value, str):
        return rng.choice((
            *(value.upper(), value + " ", " " + value, value[:-1], value * 2, value + "\x00"),
            *(value.replace("-", "_"), value + "é", value[::-1], [value], {value: value}, value),
        ))  # fmt: skip
    return strange_value(rng)
