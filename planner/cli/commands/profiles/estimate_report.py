"""What `profile estimate` prints: how good each fit is, and one line per option."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.console import Console

from planner.cli.terminal.output import Column, output_line, output_table
from planner.profiling.calibrate import Calibration
from planner.profiling.estimate import COLUMNS, Estimate
from planner.profiling.simulated_load import UNCERTAIN_LOAD

__all__ = ["SHOWN", "print_calibration_report", "print_estimate_report"]

SHOWN = 20
"""Options on the terminal at most."""


def print_calibration_report(console: Console, calibrations: Sequence[Calibration]) -> None:
    """Print how good every fit is on points left out."""
    for one in calibrations:
        errors = 100 * np.abs(one.errors)
        parts = []
        for k, metric in enumerate(("TTFT", "TPOT", "E2E")):
            column = errors[~np.isnan(errors[:, k]), k]
            if column.size:
                parts.append(f"{metric} {np.median(column):.0f} / {np.quantile(column, 0.9):.0f} %")
        harness = one.fit.harness
        jitter = (
            "fixed lengths" if harness.low == 1 else f"lengths from {100 * harness.low:.0f} % up"
        )
        line = (
            f"{one.llm}: {one.fit.points} of {one.points} points; left out (median / 90th"
            f" percentile): {', '.join(parts)}"
        )
        output_line(console, f"{line}; measured like {harness.scheduler} batching, {jitter}")


def print_estimate_report(console: Console, frame: pd.DataFrame, estimate: Estimate) -> None:
    """Print one line per option: its highest certain rate, latencies there and their intervals."""
    loads = pd.DataFrame(estimate.half_widths)
    frame = frame.assign(
        load=loads["load"], ttft_width=loads["ttft_p99_ms"], tpot_width=loads["tpot_mean_ms"]
    )
    certain = frame[frame["load"] <= UNCERTAIN_LOAD + 1e-3]
    last = certain.groupby(list(COLUMNS[:4]), sort=False).tail(1)
    columns: list[Column] = [
        *(
            ("llm", "LLM", str),
            ("gpu", "GPU", str),
            ("tp_degree", "tp\n(GPUs)", str),
            ("mps_share_pct", "share\n(%)", lambda v: f"{v:g}"),
        ),
        *(
            ("rate_rps", "rate\n(req/s)", lambda v: f"{v:,.3g}"),
            ("load", "load\n(%)", lambda v: f"{100 * v:.0f}"),
        ),
        *(
            ("ttft_mean_ms", "TTFT\nmean (ms)", _ms),
            ("ttft_p99_ms", "\np99 (ms)", _ms),
            ("ttft_width", "\n+- (ms)", _ms),
        ),
        *(
            ("tpot_mean_ms", "TPOT\nmean (ms)", _ms),
            ("tpot_width", "\n+- (ms)", _ms),
            ("provenance", "curve", str),
        ),
    ]
    output_table(
        console,
        "Each option at its highest rate within 90 % of its capacity",
        last.head(SHOWN),
        columns,
    )
    if len(last) > SHOWN:
        output_line(console, f"and {len(last) - SHOWN} more options", indent=2)


def _ms(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:,.1f}"
