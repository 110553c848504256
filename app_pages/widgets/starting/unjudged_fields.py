"""Measured curves that the SLOs of the draft leave out, in words, and estimates in their place."""

from collections.abc import Sequence

import streamlit as st

from app_pages.session import job_slots
from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_curves import (
    ESTIMATE,
    INSTEAD,
    draft_estimate,
    draft_estimate_choice,
    draft_measured_curves,
    start_draft_estimate,
)
from app_pages.session.starting.used_curves import unjudged_draft_curves
from app_pages.widgets.markdown import failure_markdown_box, plain_markdown
from app_pages.widgets.starting.draft_fields import draw_draft_tick
from planner.scenario.starting.curve_coverage import covered_pairs
from planner.scenario.starting.unjudged_curves import UnjudgedCurve, unjudged_curve_lines
from profiles.io.faults import Fault

__all__ = ["draw_unjudged_curves", "draw_unjudged_tick", "unjudged_curve_faults"]

TICK = "Estimate what the files cannot say"


def draw_unjudged_tick() -> None:
    """Whether estimates are made of measured pairs too, where there are any."""
    if covered_pairs(draft_measured_curves()):
        draw_draft_tick(
            INSTEAD,
            TICK,
            help="Measured pairs are estimated too. An estimate, named as such in the plan, takes"
            " the place of a measured curve that lacks a statistic which an SLO limits; every other"
            " measured curve counts as before.",
        )


def draw_unjudged_curves(*, tick: bool = False) -> None:
    """Warn of measured curves that the SLOs leave out, and say which are estimated instead.

    tick: with the way to the estimates.
    """
    unjudged = unjudged_draft_curves()
    if unjudged.replaced:
        head = "Estimated, as the files lack what an SLO limits; the measured points are not used"
        st.info("\n".join(_unjudged_lines(head, unjudged.replaced)), icon=":material/calculate:")
    if unjudged.left:
        lines = _unjudged_lines("Measured curves that the SLOs leave out", unjudged.left)
        if unjudged.lost and not _lacks_unjudged_estimate():
            names = plain_markdown(", ".join(unjudged.lost))
            lines += ["", f"No other curve of {names}: no plan can use it."]
        lines += ["", _unjudged_way_out("" if tick else " (steps Curves, SLOs and objective)")]
        st.warning("\n".join(lines), icon=":material/block:")
    if tick and (unjudged.left or unjudged.replaced):
        draw_unjudged_tick()
        _draw_unjudged_estimate()


def _unjudged_way_out(where: str) -> str:
    """What helps; where: in which steps the tick is, where it is not beside."""
    if not draft_value(INSTEAD):
        return f"Use other files, change the SLO, or tick *{TICK}*{where}."
    if draft_estimate() is None:
        return f"Press Estimate{where}."
    return "There is no estimate in their place: use other files, or change the SLO."


def _unjudged_lines(head: str, curves: Sequence[UnjudgedCurve]) -> list[str]:
    lines = (f"- {plain_markdown(line)}" for line in unjudged_curve_lines(curves))
    return [f"**{head}**", "", *lines]


def _lacks_unjudged_estimate() -> bool:
    """Whether estimates are wanted and not made."""
    return bool(draft_value(INSTEAD)) and draft_estimate() is None


def _draw_unjudged_estimate() -> None:
    """The way to estimates that are wanted and not made."""
    if not _lacks_unjudged_estimate():
        return
    st.button(
        "Estimate",
        key="start-estimate",
        disabled=job_slots.is_running(ESTIMATE),
        on_click=start_draft_estimate,
    )
    done = job_slots.outcome(ESTIMATE)
    if done is not None and not done.has_result:
        failure_markdown_box(done, "Not estimated", "")


def unjudged_curve_faults() -> tuple[Fault, ...]:
    """Estimates that are wanted and not made: without them, those made before do not count."""
    unjudged = unjudged_draft_curves()
    if not unjudged.left or not _lacks_unjudged_estimate():
        return ()
    count = len(draft_estimate_choice().pairs)
    pairs = "1 pair of LLM and GPU type is" if count == 1 else f"{count} pairs are"
    problem = f"{pairs} to be estimated and {'is' if count == 1 else 'are'} not yet"
    return (Fault("curves", "", "", problem, f"press Estimate, or take the tick off {TICK}"),)
