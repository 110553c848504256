"""Hygiene of a profile table: everything that is doubtful about a curve by itself.

Read leniently: what `profiles.curves` refuses in a sound cell (repeats, gaps, disorder of
percentiles) is a finding here, so that one run lists everything. Only a table whose cells cannot be
read is a fault.

    refused   values, repeats, gaps (`profiles.hygiene.values`)
    wrong     Little's law, E2E = TTFT + (output tokens - 1) * TPOT, compute above 75 % of the peak
              (`profiles.hygiene.values`)
    odd       latency falls with the rate, spikes, gaps (`profiles.hygiene.shape`), more compute
              that is slower (`profiles.hygiene.neighbours`)
    note      few points, a flat beginning, not convex (`profiles.hygiene.shape`)
"""

from profiles.hygiene.curve_rows import CurveRows, Finding
from profiles.hygiene.shape import check_shape, check_span, check_spikes
from profiles.hygiene.values import (
    check_arithmetic,
    check_compute,
    check_mixture,
    check_refused,
    check_repeated,
)

__all__ = ["check_curve"]


def check_curve(curve: CurveRows) -> list[Finding]:
    """Everything that is odd about one curve by itself."""
    checks = (
        check_refused,
        check_repeated,
        check_arithmetic,
        check_compute,
        check_shape,
        check_spikes,
        check_span,
        check_mixture,
    )
    return [finding for check in checks for finding in check(curve)]
