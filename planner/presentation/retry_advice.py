"""What to try where limits may be missed: a tighter limit to plan with."""

import math
from collections.abc import Mapping, Sequence

__all__ = ["retry_line", "tightened_limit_to_retry"]

DIGITS = 3


def tightened_limit_to_retry(limit: float, planned: float | None, upper: float) -> float:
    """Return the limit to plan with so that `upper` comes down to `limit`; unit of the three.

    planned: the plan's value, None where it is not known. upper: upper end of the interval
    that was observed. Rounded down to three digits.
    """
    aim = limit / upper * (limit if planned is None else min(planned, limit))
    unit = 10.0 ** (math.floor(math.log10(aim)) - DIGITS + 1)
    return float(f"{math.floor(aim / unit + 1e-9) * unit:.{DIGITS}g}")


def retry_line(
    changes: Mapping[str, float],
    limits: Sequence[str],
    command: str,
    fields: Mapping[str, str] | None = None,
) -> str:
    """Say which arguments of `plan` to try; on the page, which fields.

    changes: path -> value. limits: the present ones, in words. command: to repeat afterwards.
    fields: on the page, path -> what it is called there.
    """
    if fields is not None:
        named = " and ".join(f"{fields[path]} to {value:.12g}" for path, value in changes.items())
        what = f"on the page Inputs set {named}, press Solve and {command} again"
    else:
        arguments = " ".join(f"--set {path}={value:.12g}" for path, value in changes.items())
        what = f"plan with {arguments} and {command} again"
    return f"Try: {what}; compare with {', '.join(limits)}. An estimate, not a guarantee."
