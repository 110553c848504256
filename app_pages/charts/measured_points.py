"""Points of benchmark files before they are used: one latency over the rate, a line an option."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from app_pages.charts.style import DescribedChart, dash_style_by, llm_colour_style

__all__ = ["build_measured_points_chart"]

MEANS: Mapping[str, str] = {
    "ttft_mean_ms": "TTFT mean (ms)",
    "tpot_mean_ms": "TPOT mean (ms)",
    "e2e_mean_ms": "E2E mean (ms)",
}
"""Columns of a profile table in the order of choice -> what the axis says."""
KEYS = ["llm", "gpu", "tp_degree", "mps_share_pct"]
SETUP = "Setup"
"""What tells the lines of one LLM apart."""
WORDS: Mapping[str, str] = {"gpu": "{}", "tp_degree": "TP {:g}", "mps_share_pct": "{:g} %"}


def build_measured_points_chart(frame: pd.DataFrame) -> DescribedChart | None:
    """The first mean latency that the table has; None where it has none.

    frame: a profile table.
    """
    column = next((name for name in MEANS if name in frame and frame[name].notna().any()), None)
    if column is None:
        return None
    names = [_measured_option_name(*row) for row in frame[KEYS].itertuples(index=False, name=None)]
    rows = pd.DataFrame(
        {
            "LLM": frame["llm"],
            SETUP: _measured_setup_names(frame),
            "Option": names,
            "Rate": frame["rate_rps"],
            "Latency": frame[column],
        }
    )
    setups = sorted(set(rows[SETUP]))
    several = len(setups) > 1
    legend = alt.Legend(title=SETUP, orient="bottom", columns=2) if several else None
    base = alt.Chart(rows).encode(
        x=alt.X("Rate:Q", title="Rate of one replica (req/s)"),
        y=alt.Y("Latency:Q", title=MEANS[column]),
        color=llm_colour_style({llm: "" for llm in sorted(set(rows["LLM"]))}),
        detail=alt.Detail("Option:N"),
        tooltip=[
            alt.Tooltip("Option:N"),
            alt.Tooltip("Rate:Q", title="Rate (req/s)", format=",.4g"),
            alt.Tooltip("Latency:Q", title=MEANS[column], format=",.4g"),
        ],
    )
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dash_style_by(SETUP, setups, legend))
    points = base.mark_point(size=50, filled=True, opacity=1)
    chart = alt.layer(lines, points).properties(height=320)
    return chart, _measured_points_text(rows, MEANS[column])


def _measured_setup_names(frame: pd.DataFrame) -> list[str]:
    """GPU type, degree and share of each row, without what is the same on all of them."""
    columns = [column for column in WORDS if frame[column].nunique() > 1]
    return [
        ", ".join(WORDS[column].format(value) for column, value in zip(columns, row, strict=True))
        for row in frame[columns].itertuples(index=False, name=None)
    ] or [""] * len(frame)


def _measured_option_name(llm: str, gpu: str, degree: float, share: float) -> str:
    return f"{llm} on {gpu}, TP {degree:g}, {share:g} %"


def _measured_points_text(rows: pd.DataFrame, measure: str) -> str:
    """The ends of every curve."""
    parts = []
    for name, of_option in rows.sort_values("Rate").groupby("Option", sort=True):
        first, last = of_option.iloc[0], of_option.iloc[-1]
        parts.append(
            f"{name}: {first['Latency']:.4g} at {first['Rate']:.4g} req/s to"
            f" {last['Latency']:.4g} at {last['Rate']:.4g} req/s"
        )
    return f"{measure} over the rate. {'; '.join(parts)}."
