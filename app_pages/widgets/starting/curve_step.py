"""Step 3: how fast each LLM is on each GPU type: from benchmark files, estimated, or both."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app_pages.jobs.new_curves import NewCurves
from app_pages.session import job_slots
from app_pages.session.draft import draft_files, draft_value, set_draft_value
from app_pages.session.reruns import survive_reruns
from app_pages.session.starting.draft_curves import (
    DEGREES,
    ESTIMATE,
    INSTEAD,
    RUNS,
    SHARES,
    draft_estimate,
    draft_estimate_choice,
    draft_measured_curves,
    draft_measured_errors,
    draft_measured_lengths,
    draft_tokens,
    start_draft_estimate,
)
from app_pages.session.starting.draft_pools import draft_pools_degree
from app_pages.session.starting.used_curves import used_draft_curves
from app_pages.widgets.markdown import failure_markdown_box, markdown_bullets, plain_markdown
from app_pages.widgets.starting.benchmark_files import (
    benchmark_files_faults,
    draw_benchmark_files,
)
from app_pages.widgets.starting.draft_fields import draw_draft_names, draw_draft_number
from app_pages.widgets.starting.unjudged_fields import draw_unjudged_curves, draw_unjudged_tick
from app_pages.widgets.tables import draw_shown_table
from planner.scenario.starting.curve_coverage import (
    NO_CURVES,
    covered_pairs,
    curve_coverage_faults,
    curve_coverage_table,
)
from profiles.io.faults import Fault

__all__ = ["curve_step_faults", "draw_curve_step"]

MOST_LEFT_OUT = 2
"""Options without an estimate that are named; more are folded."""
MORE_SHARES = (10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 100)


def draw_curve_step() -> None:
    """Both sources, then what they cover."""
    st.markdown(
        "How fast is each LLM on each GPU type? Load tests of yours say it best; what nobody"
        " measured can be estimated."
    )
    st.subheader("Measured: benchmark files")
    draw_benchmark_files()
    _draw_measured_strangers()
    st.subheader("Estimated")
    _draw_curve_estimate()
    st.subheader("What is known")
    table = curve_coverage_table(
        used_draft_curves(), draft_value("llms", []), draft_value("gpus", [])
    )
    if (table["Provenance"] == NO_CURVES).any():
        _draw_known_curves(table)
    else:
        with st.expander("Every LLM has curves on every GPU type"):
            _draw_known_curves(table)
    draw_unjudged_curves()


def _draw_known_curves(table: pd.DataFrame) -> None:
    draw_shown_table(table, "Curves by LLM, GPU type and provenance.", whole=True)


def _draw_measured_strangers() -> None:
    """LLMs and GPU types that were measured and not chosen."""
    pairs = covered_pairs(draft_measured_curves() if draft_files(RUNS) else None)
    llms = sorted({llm for llm, _ in pairs} - set(draft_value("llms", [])))
    gpus = sorted({gpu for _, gpu in pairs} - set(draft_value("gpus", [])))
    for key, names, words in (("llms", llms, "LLMs"), ("gpus", gpus, "GPU types")):
        if names:
            listed = plain_markdown(", ".join(names))
            st.warning(f"Measured, but not among your {words}, so not used: {listed}.")
            st.button(
                f"Add to the {words}", key=f"add-{key}", on_click=_add_strangers, args=(key, names)
            )


@survive_reruns
def _add_strangers(key: str, names: list[str]) -> None:
    known = draft_value(key, [])
    set_draft_value(key, [*known, *(name for name in names if name not in known)])


def _draw_curve_estimate() -> None:
    choice = draft_estimate_choice()
    measured = not draft_value(INSTEAD) and covered_pairs(draft_measured_curves())
    if not choice.pairs:
        st.markdown("Everything was measured.")
    else:
        st.markdown(
            f"{'Not measured, so estimated' if measured else 'Estimated'} from data sheets:"
            f" {plain_markdown(_pairs_in_words(choice.pairs, draft_value('llms', [])))}."
            " How long are your requests?"
        )
    with st.container(horizontal=True):
        draw_draft_number(
            "input tokens",
            "Tokens of a prompt (mean)",
            draft_tokens("input_tokens"),
            step=1,
            min_value=1,
        )
        draw_draft_number(
            "output tokens",
            "Tokens of an answer (mean)",
            draft_tokens("output_tokens"),
            step=1,
            min_value=1,
        )
    _draw_measured_lengths()
    with st.expander("Which options are estimated", icon=":material/tune:"):
        most = draft_pools_degree()
        offered = [degree for degree in (1, 2, 4, 8, 16) if degree <= most]
        draw_draft_names("degrees", "Tensor-parallel degrees", offered, DEGREES)
        draw_draft_names("shares", "MPS shares (% of a GPU)", MORE_SHARES, SHARES)
    draw_unjudged_tick()
    complete = choice.pairs and choice.tp_degrees and choice.shares_pct
    lengths = choice.input_tokens and choice.output_tokens
    st.button(
        "Estimate",
        key="start-estimate",
        disabled=not (complete and lengths) or job_slots.is_running(ESTIMATE),
        on_click=start_draft_estimate,
    )
    _draw_estimate_result()
    _draw_measured_errors()


def _pairs_in_words(pairs: Sequence[tuple[str, str]], llms: Sequence[str]) -> str:
    """Which LLMs on which GPU types: `all LLMs on H100; qwen on A100`."""
    of_gpu: dict[str, list[str]] = {}
    for llm, gpu in pairs:
        of_gpu.setdefault(gpu, []).append(llm)
    parts = [
        f"{'all LLMs' if len(of) == len(llms) > 1 else ', '.join(of)} on {gpu}"
        for gpu, of in of_gpu.items()
    ]
    return "; ".join(parts)


def _draw_measured_errors() -> None:
    """How far estimates would be from what was measured, for a notion of the others."""
    held = draft_measured_errors()
    if held.lines:
        others = [gpu for gpu in draft_value("gpus", []) if gpu not in held.gpus]
        unheld = f" (none on {', '.join(others)})" if others else ""
        st.markdown(plain_markdown(f"Held against your measurements{unheld}, estimates are:"))
        markdown_bullets(held.lines)


def _draw_measured_lengths() -> None:
    """Where the lengths of requests come from before somebody types others."""
    lengths = draft_measured_lengths()
    if not lengths:
        return
    mixed = len(set(lengths.values())) > 1
    each = [f"{llm} {pair}" if mixed else pair for llm, pair in lengths.items()]
    listed = "; ".join(each if mixed else each[:1])
    middle = "; above is their middle, for all estimates" if mixed else ""
    st.caption(plain_markdown(f"Taken from your files (prompt / answer: {listed}){middle}."))


def _draw_estimate_result() -> None:
    job, made = job_slots.get(ESTIMATE), draft_estimate()
    if job is None or job.outcome is None or not draft_estimate_choice().pairs:
        return
    if not job.outcome.has_result:
        failure_markdown_box(job.outcome, "Not estimated", "")
    elif made is None:
        st.warning("What is to be estimated has changed since: press **Estimate** again.")
    else:
        _draw_estimated_curves(made)


def _draw_estimated_curves(made: NewCurves) -> None:
    keys = ["llm", "gpu", "tp_degree", "mps_share_pct"]
    count = len(made.frame[keys].drop_duplicates())
    st.markdown(f"**{count} options estimated.** Estimates are marked as such in every plan.")
    if made.notices and draft_measured_errors().lines:
        with st.expander("Known errors of estimates elsewhere"):
            markdown_bullets(made.notices)
    else:
        markdown_bullets(made.notices)
    if len(made.files) > MOST_LEFT_OUT:
        with st.expander(f"{len(made.files)} left out, and why"):
            markdown_bullets(made.files)
    elif made.files:
        st.caption(plain_markdown(f"Not estimated: {'; '.join(made.files)}."))


def curve_step_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step."""
    if faults := benchmark_files_faults():
        return faults
    frames: list[pd.DataFrame] = used_draft_curves()
    return curve_coverage_faults(frames, draft_value("llms", []), draft_value("gpus", []))
