"""Points that benchmark files measured, in step 3: chart, table, what became of every file."""

from collections import Counter

import pandas as pd
import streamlit as st

from app_pages.charts.measured_points import build_measured_points_chart
from app_pages.charts.style import show_styled_chart
from app_pages.jobs.new_curves import NewCurves
from app_pages.session.starting.draft_outside import draft_llms_part
from app_pages.session.starting.draft_pools import draft_pools_part
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.scenario.starting.curve_memory import curve_memory_lines

__all__ = ["draw_benchmark_points"]

POINTS = {
    "llm": "LLM",
    "gpu": "GPU type",
    "tp_degree": "TP",
    "mps_share_pct": "MPS share (%)",
    "rate_rps": "Rate (req/s)",
    "ttft_mean_ms": "TTFT mean (ms)",
    "ttft_p95_ms": "TTFT p95 (ms)",
    "tpot_mean_ms": "TPOT mean (ms)",
    "tpot_p95_ms": "TPOT p95 (ms)",
    "e2e_mean_ms": "E2E mean (ms)",
    "source": "Source",
}
"""Column of a profile table -> header of the preview."""
WHOLE_GPU_PCT = 100
MOST_NOTED = 3
"""Files with a notice whose line is in sight; all lines are folded."""
MOST_PAIRS = 6
"""Pairs of LLM and GPU type whose options are listed."""


def draw_benchmark_points(made: NewCurves, folder: str) -> None:
    """Points, options that cannot hold their LLM, and what became of every file."""
    _draw_misfit_points(made)
    frame = made.frame
    st.markdown(_points_in_words(frame))
    if (chart := build_measured_points_chart(frame)) is not None:
        show_styled_chart(chart, "measured-points")
    else:
        st.text("No chart: the files have no mean latency.")
    present = {column: head for column, head in POINTS.items() if column in frame}
    with st.expander("The points as a table"):
        draw_shown_table(frame[list(present)].rename(columns=present), "Measured points.")
    markdown_bullets(line.replace(folder, "").strip() for line in made.noted[:MOST_NOTED])
    files = f"{len(made.files)} file{'s' * (len(made.files) != 1)}"
    noted = f"{len(made.noted)} with notices" if made.noted else "no notices"
    with st.expander(f"What became of each file ({files}, {noted})"):
        st.markdown(plain_markdown(f"{files} read; {made.summary}"))
        markdown_bullets(line.replace(folder, "").strip() for line in (*made.files, *made.notices))


def _points_in_words(frame: pd.DataFrame) -> str:
    """How many points each option has: `**6 points of 2 options:** a on B, TP 1 (5), TP 2 (1)`."""
    counts: Counter[tuple[str, str, int, float]] = Counter(
        frame[["llm", "gpu", "tp_degree", "mps_share_pct"]].itertuples(index=False, name=None)
    )
    options: dict[tuple[str, str], list[str]] = {}
    for (llm, gpu, degree, share), count in counts.items():
        part = "" if share == WHOLE_GPU_PCT else f" {share:g} %"
        options.setdefault((llm, gpu), []).append(f"TP {degree}{part} ({count})")
    each = [f"{llm} on {gpu}, {', '.join(of)}" for (llm, gpu), of in options.items()]
    more = f" and of {len(each) - MOST_PAIRS} more pairs" if len(each) > MOST_PAIRS else ""
    points = f"{len(frame)} point{'s' * (len(frame) > 1)}"
    head = f"**{points} of {len(counts)} option{'s' * (len(counts) > 1)}:**"
    return f"{head} {plain_markdown('; '.join(each[:MOST_PAIRS]))}{more}."


def _draw_misfit_points(made: NewCurves) -> None:
    """Warn of options whose LLM does not fit: their degree is then not the stated one."""
    llms, pools = draft_llms_part()["llms"], draft_pools_part()["pools"]
    if lines := curve_memory_lines(made.frame, llms, pools):
        said = [f"- {plain_markdown(line)}" for line in lines]
        head = "**These LLMs do not fit on the GPUs that are stated. Check the column TP above.**"
        st.warning("\n".join([head, "", *said]), icon=":material/memory_alt:")
