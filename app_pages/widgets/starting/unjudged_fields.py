"""Measured curves that the SLOs of the draft leave out, in words, and estimates in their place."""

from collections.abc import Sequence

import streamlit as st

from app_pages.session import job_slots
from app_pages.session.draft import draft_value, set_draft_value
from app_pages.session.reruns import survive_reruns
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
from planner.scenario.starting.curve_coverage import curve_coverage_gaps
from planner.scenario.starting.unjudged_curves import UnjudgedCurve, unjudged_curve_lines
from profiles.io.faults import Fault

__all__ = ["draw_unjudged_curves", "draw_unjudged_tick", "unjudged_curve_faults"]

TICK = "Also estimate measured pairs whose files lack a statistic"
ESTIMATE_LABEL = "Estimate them"


def draw_unjudged_tick() -> None:
    """Whether estimates are made of measured pairs too, where their files lack anything."""
    measured = draft_measured_curves()
    if measured is not None and (draft_value(INSTEAD) or curve_coverage_gaps(measured)):
        draw_draft_tick(
            INSTEAD,
            TICK,
            help="An estimate, named as such in the plan, takes the place of a measured curve that"
            " lacks a statistic which an SLO limits; every other measured curve counts as before.",
        )


def draw_unjudged_curves(*, offer: bool = False) -> None:
    """Warn of measured curves that the SLOs leave out, and say which are estimated instead.

    offer: with a button that estimates them.
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
        lines += ["", _unjudged_way_out(offer=offer)]
        st.warning("\n".join(lines), icon=":material/block:")
        if offer and _may_estimate_unjudged():
            _draw_unjudged_estimate()


def _unjudged_way_out(*, offer: bool) -> str:
    """What helps; offer: whether the button that estimates is below."""
    if not _may_estimate_unjudged():
        return "There is no estimate in their place: use other files, or change the SLO."
    if offer:
        return f"Use other files, change the SLO, or press *{ESTIMATE_LABEL}*."
    if not draft_value(INSTEAD):
        return f"Use other files, change the SLO, or tick *{TICK}* (step Curves)."
    return "Press *Estimate* (step Curves)."


def _unjudged_lines(head: str, curves: Sequence[UnjudgedCurve]) -> list[str]:
    lines = (f"- {plain_markdown(line)}" for line in unjudged_curve_lines(curves))
    return [f"**{head}**", "", *lines]


def _lacks_unjudged_estimate() -> bool:
    """Whether estimates are wanted and not made."""
    return bool(draft_value(INSTEAD)) and draft_estimate() is None


def _may_estimate_unjudged() -> bool:
    """Whether estimates in place of measured curves are not made, wanted or not."""
    return not draft_value(INSTEAD) or draft_estimate() is None


def _draw_unjudged_estimate() -> None:
    """The way to estimates that are not made."""
    st.button(
        ESTIMATE_LABEL,
        key="start-estimate",
        disabled=job_slots.is_running(ESTIMATE),
        on_click=_estimate_unjudged,
    )
    done = job_slots.outcome(ESTIMATE)
    if done is not None and not done.has_result:
        failure_markdown_box(done, "Not estimated", "")


@survive_reruns
def _estimate_unjudged() -> None:
    """Set the tick and estimate, in one click."""
    set_draft_value(INSTEAD, value=True)
    start_draft_estimate()


def unjudged_curve_faults() -> tuple[Fault, ...]:
    """Estimates that are wanted and not made: without them, those made before do not count."""
    unjudged = unjudged_draft_curves()
    if not unjudged.left or not _lacks_unjudged_estimate():
        return ()
    count = len(draft_estimate_choice().pairs)
    pairs = "1 pair of LLM and GPU type is" if count == 1 else f"{count} pairs are"
    fix = f"press {ESTIMATE_LABEL}, or take the tick off {TICK} (step Curves)"
    problem = f"{pairs} to be estimated and {'is' if count == 1 else 'are'} not yet"
    return (Fault("curves", "", "", problem, fix),)
