"""Hygiene of a profile table: everything that is doubtful about a curve by itself.

Read leniently: what `profiles.curves` refuses in a sound cell (repeats, gaps, disorder of
percentiles) is a finding here, so that one run lists everything. Only a table whose cells cannot be
read is a fault.

    refused   values, repeats, gaps (`profiles.hygiene.values`)
    wrong     Little's law, E2E = TTFT + (output tokens - 1) * TPOT, compute above 75 % of the
              peak, a token faster than the weights are read (`profiles.hygiene.values`)
    odd       latency falls with the rate, spikes, gaps (`profiles.hygiene.shape`), more compute
              that is slower (`profiles.hygiene.neighbours`)
    note      few points, a flat beginning, not convex (`profiles.hygiene.shape`)
"""

import numpy as np

from profiles.hygiene.curve_rows import CurveRows, Finding
from profiles.hygiene.shape import check_shape, check_shape_span, check_shape_spikes
from profiles.hygiene.values import (
    check_compute_values,
    check_mixed_values,
    check_refused_values,
    check_repeated_values,
    check_speed_values,
    check_value_arithmetic,
)

__all__ = ["run_curve_checks"]


def run_curve_checks(curve: CurveRows) -> list[Finding]:
    """Everything that is unusual about one curve by itself."""
    checks = (
        check_refused_values,
        check_repeated_values,
        check_value_arithmetic,
        check_compute_values,
        check_speed_values,
        check_shape,
        check_shape_spikes,
        check_shape_span,
        check_mixed_values,
    )
    # Ratios of 0 and of numbers at both ends of what a cell may hold: infinite is what they are,
    # or nothing that any comparison finds.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return [finding for check in checks for finding in check(curve)]
