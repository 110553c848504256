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
    changes: Mapping[str, float], limits: Sequence[str], command: str, *, on_page: bool = False
) -> str:
    """Say which arguments of `plan` to try; on the page, which fields.

    changes: path -> value. limits: the present ones, in words. command: to repeat afterwards.
    """
    if on_page:
        fields = " and ".join(f"{_field_to_retry(path)} {v:.12g}" for path, v in changes.items())
        what = f"on the page Inputs set {fields}, press Solve and {command} again"
    else:
        arguments = " ".join(f"--set {path}={value:.12g}" for path, value in changes.items())
        what = f"plan with {arguments} and {command} again"
    return f"Try: {what}; compare with {', '.join(limits)}. An estimate, not a guarantee."


def _field_to_retry(path: str) -> str:
    """What the page Inputs calls a path of `changes`."""
    if path == "headroom.rate_pct":
        return "Headroom of the arrival rate (%) to"
    return f"the limit of SLO {int(path.split('.')[1]) + 1} (ms) to"
